"""SQLite as the project uses it: one connection a thread, many writes a transaction."""
