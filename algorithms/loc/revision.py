"""What changes when an account's ladder is replaced by another one: as little as possible.

An order that both ladders have stays at the broker, with its place in the queue. The others are
withdrawn first: an order of the old ladder and one of the new might meet each other.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from algorithms.loc.ladder import Rung


class Revision(NamedTuple):
    """``surplus``: places of the standing orders to withdraw. ``missing``: what to send then."""

    surplus: tuple[int, ...]
    missing: tuple[Rung, ...]


def revise(standing: Sequence[Rung], wanted: Sequence[Rung]) -> Revision:
    """Say how to come from orders that stand to those that are wanted."""
    missing = Counter(wanted)
    surplus: list[int] = []
    for place, rung in enumerate(standing):
        if missing[rung]:
            missing[rung] -= 1
        else:
            surplus.append(place)
    # Equal orders are the same order: which of them is missing makes no difference.
    return Revision(tuple(surplus), tuple(missing.elements()))
