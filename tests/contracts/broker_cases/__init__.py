"""The cases of the broker contract, by theme; each has a number that stays with it."""
