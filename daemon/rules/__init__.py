"""Rules: where a book's own orders come from."""
