"""The way of an order: intake, netting, slicing, sending, fills; and what repairs it."""
