from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerOrderState
from adapters.paper.order_book import OrderBook
from algorithms.domain import ChildId, OrderType
from tests.support.paper_engine import BUY, NOON, SELL, SOXL, TQQQ, make_engine, place, request

if TYPE_CHECKING:
    from adapters.paper.orders import PaperOrder

LATER = NOON + timedelta(seconds=5)


def resting(client_id: str = "a", *, limit: str = "50") -> PaperOrder:
    return place(make_engine(), request(client_id, BUY, 1, OrderType.LIMIT, limit=limit))


def ended(order: PaperOrder) -> PaperOrder:
    return replace(order, state=BrokerOrderState.CANCELLED)


def test_an_order_is_found_by_all_its_names() -> None:
    order = resting()
    book = OrderBook([order])
    assert book.get(order.sequence) == order
    assert book.of_client(ChildId("a")) == order
    assert book.numbered("1", NOON.date()) == order
    assert book.numbered("1", NOON.date() + timedelta(days=1)) is None
    assert book.trading(TQQQ) == (order,)


def test_an_ended_order_is_forgotten_under_all_its_names() -> None:
    order = resting()
    book = OrderBook([order])
    book.keep(ended(order))
    assert len(book) == 0
    assert list(book) == []
    assert book.of_client(ChildId("a")) is None
    assert book.numbered("1", NOON.date()) is None
    assert book.trading_symbols() == []
    assert book.next_due() is None
    book.keep(ended(order))


def test_orders_for_the_close_are_not_matched_as_prices_move() -> None:
    engine = make_engine(positions={SOXL: 5})
    place(engine, request("a", BUY, 1, OrderType.LOC, limit="100"))
    place(engine, request("b", SELL, 1, OrderType.LIMIT, symbol=SOXL, limit="30"))
    assert engine.book.trading_symbols() == [SOXL]
    assert len(engine.book) == 2


def test_an_order_is_due_once_at_each_of_its_times() -> None:
    order = replace(resting(), fills_from=LATER)
    book = OrderBook([order])
    assert book.next_due() == LATER
    assert book.pop_due(NOON) == []
    assert book.pop_due(LATER) == [order]
    assert book.pop_due(LATER) == []
    assert book.next_due() == order.ends_at


def test_a_time_that_no_longer_holds_is_passed_over() -> None:
    order = replace(resting(), fills_from=LATER)
    book = OrderBook([order])
    even_later = replace(order, fills_from=LATER + timedelta(seconds=5))
    book.keep(even_later)
    assert book.pop_due(LATER) == []
    assert book.next_due() == even_later.fills_from
    book.keep(ended(even_later))
    assert book.next_due() is None


def test_without_client_ids_two_orders_may_carry_the_same_one() -> None:
    first = resting()
    second = replace(first, sequence=2, number="2")
    book = OrderBook([first, second])
    book.keep(ended(first))
    assert book.of_client(ChildId("a")) == second
    book.keep(ended(second))
    assert len(book) == 0
