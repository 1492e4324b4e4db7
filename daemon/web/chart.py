"""Lines for small pictures: figures over time as points of an SVG polyline."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, divide, multiply, subtract, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 240, 48
PLACES = 1
MARGIN = 2
"""Half a stroke must fit above and below."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line in a field of ``WIDTH`` x ``HEIGHT``. ``zero``: where nothing was won or lost."""

    points: str
    zero: str


def line(values: Sequence[Decimal]) -> Line | None:
    """Draw values at equal distances, beginning with zero; None if there are none."""
    if not values:
        return None
    drawn = [ZERO, *values]
    low, high = min(drawn), max(drawn)

    def height(value: Decimal) -> str:
        if low == high:
            return to_text(Decimal(HEIGHT) / 2)
        room = Decimal(HEIGHT - 2 * MARGIN)
        share = divide(multiply(subtract(high, value), room), subtract(high, low), PLACES)
        return to_text(share + MARGIN)

    places = (
        to_text(divide(Decimal(WIDTH * number), Decimal(len(values)), PLACES))
        for number in range(len(drawn))
    )
    points = " ".join(
        f"{place},{height(value)}" for place, value in zip(places, drawn, strict=True)
    )
    return Line(points, height(ZERO))
