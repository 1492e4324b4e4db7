"""Invariant 5: a netting pair exists wholly or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.decimals import total
from algorithms.domain import FillSource, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from algorithms.invariants.findings import Check
    from algorithms.invariants.snapshot import Crossing, Fill

SIDES = 2


def check_crossings(crossings: Iterable[Crossing], check: Check) -> None:
    """Every pair: one row, one event, one fill on each side, all saying the same."""
    for crossing in crossings:
        check.checked += 1
        for what in crossing_faults(crossing):
            check.broken(f"pair {crossing.pair_id}", what)


def crossing_faults(crossing: Crossing) -> Iterator[str]:
    """What is wrong with one pair."""
    pair = crossing.pair
    if crossing.events != 1:
        yield f"has {crossing.events} events in the ledger"
    if pair is None:
        yield f"has {len(crossing.fills)} fills and no row"
        return
    parents = {Side.BUY: pair.buy_parent, Side.SELL: pair.sell_parent}
    if len(crossing.fills) != SIDES or {fill.side for fill in crossing.fills} != set(Side):
        sides = ", ".join(fill.side.value for fill in crossing.fills) or "none"
        yield f"has not one fill on each side but: {sides}"
    if len({fill.book for fill in crossing.fills}) != len(crossing.fills):
        yield "crosses a book with itself"
    for fill in crossing.fills:
        if (fill.quantity, fill.price) != (pair.quantity, pair.price):
            yield f"its {fill.side.value} is at another price or quantity"
        if (fill.account, fill.symbol) != (pair.account, pair.symbol):
            yield f"its {fill.side.value} is in another account or symbol"
        if fill.parent_id != parents[fill.side]:
            yield f"its {fill.side.value} belongs to {fill.parent_id}"
    yield from _source_faults(crossing.fills)


def _source_faults(fills: tuple[Fill, ...]) -> Iterator[str]:
    """What is wrong with where the fills of a pair came from, and with their fees.

    Netting is free. What an account's ladder hands on carries the broker's fee: one side pays
    back what the other has paid.
    """
    if any(fill.source is FillSource.BROKER for fill in fills):
        yield "has a side that came from a broker"
    elif len({fill.source for fill in fills}) > 1:
        yield "is netting on one side only"
    if any(fill.fee and fill.source is FillSource.NETTING for fill in fills):
        yield "has a side that paid a fee"
    if total(fill.fee for fill in fills):
        yield "has sides that do not agree on a fee"
