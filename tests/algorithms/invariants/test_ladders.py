from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from algorithms.domain import Side
from algorithms.invariants import AtClose
from tests.algorithms.invariants.day import DAY, LADDER, Spoiled, found_in

D = Decimal


def spoiled(**changes: object) -> Spoiled:
    return found_in(replace(DAY, ladders=(replace(LADDER, **changes),)))  # type: ignore[arg-type]


def test_a_ladder_comes_to_the_same_as_its_orders_at_every_price() -> None:
    assert spoiled().numbers == set()
    missing = spoiled(rungs=LADDER.rungs[1:])
    assert missing.numbers == {7}
    assert missing.says("comes to 0 at a close of 101, its orders to -3")


def test_a_ladder_that_is_being_replaced_may_lack_orders_but_not_meet_itself() -> None:
    assert spoiled(rungs=LADDER.rungs[1:], is_whole=False).numbers == set()
    crossing = (AtClose(Side.SELL, D(98), D(3)), AtClose(Side.BUY, D(98), D(1)))
    assert spoiled(rungs=crossing, is_whole=False).says("a buy that reaches a sell")
    at_any_price = (AtClose(Side.SELL, None, D(3)), AtClose(Side.BUY, D(98), D(1)))
    assert spoiled(rungs=at_any_price, is_whole=False).says("a buy that reaches a sell")


def test_what_a_settled_ladder_got_is_with_its_books() -> None:
    assert spoiled(is_settled=True, from_broker=D(2), handed_on=D(2)).numbers == set()
    assert spoiled(is_settled=True, from_broker=D(2), handed_on=D(1)).says("handed on 1")
