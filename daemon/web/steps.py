"""The step chart of an order book: units against the closing price, as points of SVG polylines.

Three lines: what the account buys and what it sells if every order is sent by itself, and what is
left of both when they are netted.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import ONE, ZERO, add, divide, multiply, subtract, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from algorithms.loc.curve import Range

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 12, 28
PLACES = 1
PAD = Decimal("0.12")
"""Room beside the outermost prices, as a part of the distance between them."""
ALONE = Decimal("0.02")
"""The same where there is one price only, as a part of it."""
APART = 24
"""Between the middles of two numbers beside the chart, which are large on a phone."""
ROOM = 70
"""Between the middles of two prices below the chart: six digits, as they are on a phone."""


class Label(NamedTuple):
    """A number beside an axis, at a place along it."""

    at: str
    text: str


class Spot(NamedTuple):
    """A number on a line; ``is_low``: it stands below the line."""

    x: str
    y: str
    text: str
    is_low: bool


@dataclass(frozen=True, slots=True)
class Steps:
    """The lines; ``low`` and ``high`` are the prices at the ends, ``marker`` stands at a close.

    ``nets``: the net of each step that is wide enough; ``met``: the net at the marker.
    """

    net: str
    bought: str
    sold: str
    zero: str
    marker: str | None
    met: Spot | None
    nets: tuple[Spot, ...]
    prices: tuple[Label, ...]
    units: tuple[Label, ...]
    low: Decimal
    high: Decimal


def span(ranges: Sequence[Range]) -> tuple[Decimal, Decimal] | None:
    """Return the prices between which a chart is drawn; None if no order has a price."""
    prices = [each.high for each in ranges if each.high is not None]
    if not prices:
        return None
    low, high = min(prices), max(prices)
    pad = multiply(subtract(high, low), PAD) if low < high else multiply(high, ALONE)
    return max(subtract(low, pad), ZERO), add(high, pad)


def steps(ranges: Sequence[Range], close: Decimal | None) -> Steps | None:
    """Draw a curve; None if no order has a price."""
    ends = span(ranges)
    if ends is None:
        return None
    low, high = ends
    top = max(ONE, *(each.bought for each in ranges))
    bottom = max(ONE, *(each.sold for each in ranges)).copy_negate()

    def x(price: Decimal) -> str:
        share = divide(subtract(price, low), subtract(high, low), 6)
        return _place(LEFT, WIDTH - RIGHT, share)

    def y(units: Decimal) -> str:
        share = divide(subtract(top, units), subtract(top, bottom), 6)
        return _place(TOP, HEIGHT - BOTTOM, share)

    def line(units: Callable[[Range], Decimal]) -> str:
        points: list[str] = []
        for each in ranges:
            level = y(units(each))
            begins = low if each.low is None else each.low
            ends = high if each.high is None else each.high
            points += (f"{x(begins)},{level}", f"{x(ends)},{level}")
        return " ".join(points)

    def spot(of: Range, begins: Decimal, ends: Decimal) -> Spot:
        middle = divide(add(begins, ends), Decimal(2), 9)
        sign = "+" if of.net > ZERO else ""
        return Spot(x(middle), y(of.net), f"{sign}{to_text(of.net)}", of.net < ZERO)

    met = None
    if close is not None and low <= close <= high:
        met = spot(next(each for each in ranges if each.holds(close)), close, close)
    stretched = [
        (each, low if each.low is None else each.low, high if each.high is None else each.high)
        for each in ranges
    ]
    wide = multiply(subtract(high, low), Decimal(ROOM) / WIDTH)
    prices = sorted({each.high for each in ranges if each.high is not None})
    return Steps(
        net=line(lambda each: each.net),
        bought=line(lambda each: each.bought),
        sold=line(lambda each: each.sold.copy_negate()),
        zero=y(ZERO),
        marker=None if met is None else met.x,
        met=met,
        nets=tuple(spot(*each) for each in stretched if each[2] - each[1] >= wide),
        prices=_apart(Label(x(price), to_text(price)) for price in prices),
        units=_beside(Label(y(units), to_text(units)) for units in (ZERO, top, bottom)),
        low=low,
        high=high,
    )


def _apart(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Leave out labels that would stand on the one before."""
    kept: list[Label] = []
    for label in labels:
        if not kept or Decimal(label.at) - Decimal(kept[-1].at) >= ROOM:
            kept.append(label)
    return tuple(kept)


def _beside(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Leave out labels that would stand on one before, which matters more."""
    kept: list[Label] = []
    for label in labels:
        if all(abs(Decimal(label.at) - Decimal(each.at)) >= APART for each in kept):
            kept.append(label)
    return tuple(kept)


def _place(begins: int, ends: int, share: Decimal) -> str:
    room = Decimal(ends - begins)
    return to_text(divide(add(multiply(share, room), Decimal(begins)), ONE, PLACES))
