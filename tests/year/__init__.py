"""A simulated year of trading days for ten bots in Seoul and New York."""
