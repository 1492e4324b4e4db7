"""The database: schema, named queries, one writer, readers beside it."""
