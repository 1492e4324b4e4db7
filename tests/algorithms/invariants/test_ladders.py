from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import Side
from algorithms.invariants import AtClose
from algorithms.invariants.ladders import nets
from tests.algorithms.invariants.day import DAY, LADDER, Spoiled, found_in

D = Decimal


def spoiled(**changes: object) -> Spoiled:
    return found_in(replace(DAY, ladders=(replace(LADDER, **changes),)))  # type: ignore[arg-type]


def test_a_ladder_comes_to_the_same_as_its_orders_at_every_price() -> None:
    assert spoiled().numbers == set()
    missing = spoiled(rungs=LADDER.rungs[1:])
    assert missing.numbers == {7}
    assert missing.says("comes to 0 at a close of 101, its orders to -3")


@given(st.lists(st.tuples(st.sampled_from(Side), st.integers(0, 4), st.integers(1, 9))))
def test_the_net_at_each_close_is_what_every_order_by_itself_comes_to(
    drawn: list[tuple[Side, int, int]],
) -> None:
    orders = [AtClose(side, D(price) or None, D(units)) for side, price, units in drawn]
    closes = [D(number) / 2 for number in range(1, 11)]
    for close, net in zip(closes, nets(orders, closes), strict=True):
        bought = [o for o in orders if o.side is Side.BUY and (o.price or close) >= close]
        sold = [o for o in orders if o.side is Side.SELL and (o.price or close) <= close]
        assert net == sum(o.quantity for o in bought) - sum(o.quantity for o in sold)


def test_a_ladder_that_is_being_replaced_may_lack_orders_but_not_meet_itself() -> None:
    assert spoiled(rungs=LADDER.rungs[1:], is_whole=False).numbers == set()
    crossing = (AtClose(Side.SELL, D(98), D(3)), AtClose(Side.BUY, D(98), D(1)))
    assert spoiled(rungs=crossing, is_whole=False).says("a buy that reaches a sell")
    at_any_price = (AtClose(Side.SELL, None, D(3)), AtClose(Side.BUY, D(98), D(1)))
    assert spoiled(rungs=at_any_price, is_whole=False).says("a buy that reaches a sell")


def test_what_a_settled_ladder_got_is_with_its_books() -> None:
    assert spoiled(is_settled=True, from_broker=D(2), handed_on=D(2)).numbers == set()
    assert spoiled(is_settled=True, from_broker=D(2), handed_on=D(1)).says("handed on 1")
