"""Korea Investment & Securities (KIS): Korean and US stocks over its Open API.

It has no client order ids, so an order whose answer was lost is found by what it looks like.
"""
