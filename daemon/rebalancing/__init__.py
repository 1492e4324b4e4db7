"""Rebalancing at work: targets as stored, plans of live books, runs from state to state."""
