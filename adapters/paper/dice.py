"""Chance that can be repeated: every roll is a function of a seed and of what it is rolled for.

A stream of random numbers would tie each outcome to how many were drawn before it; here the same
seed gives the same market after a restart, and whatever else was asked meanwhile.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b

from algorithms.decimals import multiply

FACES = 1 << 64
_MILLION = 1_000_000


def roll(seed: int, *about: object) -> int:
    """Return a whole number from 0 to FACES - 1, each as likely as the next."""
    text = "\x1f".join(str(part) for part in (seed, *about))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def happens(probability: Decimal, seed: int, *about: object) -> bool:
    """Tell whether something of the given probability (0 to 1) comes to pass."""
    return roll(seed, *about) < multiply(probability, Decimal(FACES))


def swing(seed: int, *about: object) -> Decimal:
    """Return a number from -1 to 1, in steps of one millionth."""
    return Decimal(roll(seed, *about) % (2 * _MILLION + 1) - _MILLION).scaleb(-6)


def pick(count: int, seed: int, *about: object) -> int:
    """Return a whole number from 0 to ``count`` - 1."""
    return roll(seed, *about) % count
