"""Spot accounts at exchanges that have no adapter of their own, through the ccxt library."""
