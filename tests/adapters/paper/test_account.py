from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.broker import RefusalCode, Refused
from algorithms.domain import OrderType, Side
from tests.support.paper_engine import BUY, NOON, SELL, SOXL, TQQQ, make_engine, place, request

LIMIT = OrderType.LIMIT


def test_a_buy_sets_its_cash_aside_with_commission() -> None:
    engine = make_engine(cash="10025")
    place(engine, request("a", BUY, 60, LIMIT, limit="90"))  # 5,400 and 13.50
    assert engine.account.free_cash == Decimal("4611.50")
    refused = engine.place(request("b", BUY, 46, LIMIT, limit="100.01"), NOON)
    assert refused == Refused(RefusalCode.INSUFFICIENT_FUNDS, "4611.96115 USD needed, 4611.5 free")
    place(engine, request("c", BUY, 46, LIMIT, limit="100"))  # to the last cent
    assert engine.account.free_cash == 0


def test_a_better_fill_frees_what_it_did_not_need() -> None:
    engine = make_engine()
    place(engine, request("a", BUY, 10, LIMIT, limit="150"))  # fills at 100
    assert engine.account.cash == engine.account.free_cash == Decimal("8997.50")


def test_a_cancelled_order_frees_what_it_had_set_aside() -> None:
    engine = make_engine(positions={TQQQ: 10})
    buy = place(engine, request("a", BUY, 10, LIMIT, limit="90"))
    sell = place(engine, request("b", SELL, 10, LIMIT, limit="110"))
    assert engine.account.asked(TQQQ, SELL) == 10
    engine.cancel(buy)
    engine.cancel(sell)
    assert engine.account.free_cash == 10_000
    assert engine.account.asked(TQQQ, SELL) == 0


def test_units_in_open_sells_are_not_sold_again() -> None:
    engine = make_engine(positions={TQQQ: 10})
    place(engine, request("a", SELL, 7, LIMIT, limit="110"))
    refused = engine.place(request("b", SELL, 4), NOON)
    assert refused == Refused(RefusalCode.INSUFFICIENT_HOLDINGS, "4 TQQQ to sell, 3 free")
    place(engine, request("c", SELL, 3))


def test_a_cash_account_sells_nothing_it_has_not() -> None:
    refused = make_engine().place(request("a", SELL, 1, symbol=SOXL), NOON)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.INSUFFICIENT_HOLDINGS


def test_a_futures_account_may_be_short() -> None:
    engine = make_engine(leverage=2)
    place(engine, request("a", SELL, 100))
    assert engine.account.position(TQQQ) == -100
    assert engine.account.cash == 10_000 + 10_000 - 25


@pytest.mark.parametrize("side", Side)
def test_a_futures_account_is_bounded_by_its_leverage(side: Side) -> None:
    engine = make_engine(leverage=2)
    place(engine, request("a", side, 150))
    refused = engine.place(request("b", side, 51), NOON)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.INSUFFICIENT_FUNDS
    assert "an exposure of" in refused.message


def test_open_orders_count_at_their_worst() -> None:
    engine = make_engine(leverage=2)
    place(engine, request("a", BUY, 150, LIMIT, limit="50"))
    place(engine, request("b", SELL, 150, LIMIT, limit="150"))  # the other way: no worse
    refused = engine.place(request("c", BUY, 60, LIMIT, limit="50"), NOON)
    assert isinstance(refused, Refused)


def test_a_position_may_always_be_reduced() -> None:
    engine = make_engine(leverage=2)
    place(engine, request("a", SELL, 150))
    engine.set_price(TQQQ, Decimal(1_000), NOON)  # ruined: equity is below zero
    refused = engine.place(request("b", SELL, 1), NOON)
    assert isinstance(refused, Refused)
    place(engine, request("c", BUY, 150))
    assert engine.account.position(TQQQ) == 0
