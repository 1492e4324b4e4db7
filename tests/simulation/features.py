"""What a simulated day holds beside webhooks, halts and kills.

A seed decides which of them a day has. A day can be played with fewer: a story with only what it
takes to go wrong is a short one.
"""

from __future__ import annotations

import random
from enum import StrEnum


class Feature(StrEnum):
    """One thing that some days have."""

    CLOSE = "close"
    """It begins before a market's close: orders for the auction, ladders, a night, the morning."""
    RULES = "rules"
    """Books whose rules make orders at set times, and jobs."""
    PORTFOLIO = "portfolio"
    """A book that is rebalanced, while others trade in its account."""
    BINANCE = "binance"
    """An account at the simulated Binance."""
    KIS = "kis"
    """An account at the simulated KIS, for American stocks."""
    SEOUL = "seoul"
    """Both halves of an account at KIS: an opening or a close in Seoul, then New York's morning."""
    SUMMER = "summer"
    """Summer time begins or ends while the daemon runs."""
    AGAINST = "against"
    """Strategies trade against each other, so that their orders cross."""
    TROUBLE = "trouble"
    """Full disks, brokers that are away, kills at any step of the loop, larger reloads."""


OFTEN = {
    Feature.CLOSE: 0.3,
    Feature.RULES: 0.3,
    Feature.PORTFOLIO: 0.25,
    Feature.BINANCE: 0.1,
    Feature.KIS: 0.05,
    Feature.TROUBLE: 0.6,
    Feature.SEOUL: 0.025,
    Feature.SUMMER: 0.06,
    Feature.AGAINST: 0.3,
}


AT_KIS = frozenset({Feature.KIS, Feature.SEOUL})


def features_of(seed: int) -> frozenset[Feature]:
    """Draw what the day of a seed holds."""
    chance = random.Random(f"features of {seed}")
    return frozenset(each for each, often in OFTEN.items() if chance.random() < often)
