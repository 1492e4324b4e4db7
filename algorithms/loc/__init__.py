"""Limit-on-close orders: what opposes at one closing price, as a sheet, a ladder, a settlement."""
