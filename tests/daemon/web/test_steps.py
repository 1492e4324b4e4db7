from __future__ import annotations

from decimal import Decimal

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
    assert [label.text for label in drawn.units] == ["500", "0", "-300"]
    assert drawn.marker == "341"
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
    for line in (drawn.net, drawn.bought, drawn.sold):
        for point in line.split():
            x, y = map(Decimal, point.split(","))
            assert steps.LEFT <= x <= steps.WIDTH - steps.RIGHT
            assert steps.TOP <= y <= steps.HEIGHT - steps.BOTTOM
    assert len(drawn.prices) <= steps.MOST_LABELS
