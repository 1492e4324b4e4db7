"""The arithmetic of trading: pure functions over frozen values.

No clock, I/O, await, float, randomness or logging: the same input gives the same output, always.
Imports neither `adapters` nor `daemon`; both may import this package.
"""
