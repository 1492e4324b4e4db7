"""Rebalancing a book to a model portfolio: drift, target quantities, orders, what is expected."""
