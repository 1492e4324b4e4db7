from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import Side
from algorithms.loc.curve import LocOrder, curve
from daemon.web import steps
from tests.algorithms.loc.books import books

D = Decimal
CASE = curve(
    [
        LocOrder("b", Side.BUY, D(100), D(500)),
        LocOrder("s", Side.SELL, D(98), D(300)),
    ]
)


def test_a_curve_is_drawn_from_the_left_edge_to_the_right_one() -> None:
    drawn = steps.steps(CASE, D(99))
    assert drawn is not None
    assert (drawn.low, drawn.high) == (D("97.76"), D("100.24"))
    first, *_, last = drawn.net.split()
    assert first == "52,12"
    assert last.startswith("630,")
    assert [label.text for label in drawn.prices] == ["98", "100"]
    assert [label.text for label in drawn.units] == ["0", "500", "-300"]
    assert drawn.marker == "341"
    assert drawn.met is not None
    assert (drawn.met.text, drawn.met.is_low) == ("+200", False)
    # What is left below 98 and above 100 has too little room for its number.
    assert [spot.text for spot in drawn.nets] == ["+200"]
    # Below 98 the net is what is bought; above 100 what is sold.
    assert drawn.net.split()[0] == drawn.bought.split()[0]
    assert drawn.net.split()[-1] == drawn.sold.split()[-1]


def test_without_prices_there_is_nothing_to_draw() -> None:
    assert steps.steps(curve([]), None) is None
    assert steps.steps(curve([LocOrder("m", Side.BUY, None, D(5))]), D(100)) is None


def test_a_marker_beside_the_picture_is_left_out() -> None:
    drawn = steps.steps(CASE, D(50))
    assert drawn is not None
    assert drawn.marker is None


@given(books(), st.decimals(1, 200, places=2))
def test_no_point_lies_outside(orders: list[LocOrder], close: Decimal) -> None:
    drawn = steps.steps(curve(orders), close)
    if drawn is None:
        return
    lines = (drawn.net, drawn.bought, drawn.sold)
    points = [tuple(point.split(",")) for line in lines for point in line.split()]
    points += [(spot.x, spot.y) for spot in drawn.nets]
    points += [(drawn.met.x, drawn.met.y)] if drawn.met else []
    for x, y in points:
        assert steps.LEFT <= D(x) <= steps.WIDTH - steps.RIGHT
        assert steps.TOP <= D(y) <= steps.HEIGHT - steps.BOTTOM
    places = [D(label.at) for label in drawn.prices]
    assert all(later - earlier >= steps.ROOM for earlier, later in pairwise(places))
