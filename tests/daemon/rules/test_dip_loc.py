from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from algorithms.domain import Kind, OrderType, Symbol
from algorithms.instruments import default_instrument
from algorithms.loc.lots import Lot
from daemon.rules.dip_loc import DipLocOptions, DipLocRule
from daemon.rules.rule import Wish
from tests.daemon.rules.days import FRIDAY, book_day, symbol_day

if TYPE_CHECKING:
    from daemon.rules.rule import Decision, SymbolDay

TERMS = {"budget": 2000, "buy_percent": -1, "tp_percent": 5, "max_days": 10, "sl_percent": 20}
US = default_instrument(Symbol("TQQQ"), "XNYS", "USD")


def rule(**more: object) -> DipLocRule:
    return DipLocRule(DipLocOptions.model_validate(TERMS | more))


def before(close: str, *lots: tuple[int, str, int]) -> SymbolDay:
    """A symbol whose lots were bought so many days ago, at a price, so many units."""
    held = tuple(
        Lot(FRIDAY - timedelta(days=days), Decimal(entry), Decimal(units))
        for days, entry, units in lots
    )
    return replace(symbol_day(closes=("100", close)), instrument=US, lots=held)


async def decided(symbol: SymbolDay, *, sends: bool = True) -> Decision:
    (decision,) = await rule().decide(replace(book_day(symbol), sends_at_close=sends))
    return decision


def loc(kind: Kind, quantity: int, price: str) -> Wish:
    return Wish(
        kind=kind,
        quantity=Decimal(quantity),
        order_type=OrderType.LOC,
        limit_price=Decimal(price),
    )


async def test_it_buys_the_dip_and_sells_every_lot() -> None:
    decision = await decided(before("98", (12, "100", 3), (2, "96", 5)))
    assert decision.wishes == (
        loc(Kind.SELL, 3, "98"),
        loc(Kind.SELL, 5, "100.80"),
        loc(Kind.BUY, 20, "97.02"),
    )
    assert decision.reason == (
        "buy 20 at 97.02; sell 3 at 98 (EXP, bought at 100 on 2026-11-08); "
        "sell 5 at 100.8 (TP, bought at 96 on 2026-11-18); previous close 98"
    )


async def test_a_lot_that_reached_its_stop_is_sold_at_any_price() -> None:
    decision = await decided(before("79", (2, "100", 3)))
    sell = Wish(kind=Kind.SELL, quantity=Decimal(3), order_type=OrderType.MOC)
    assert decision.wishes[0] == sell
    assert "sell 3 at any price (SL, bought at 100" in decision.reason


async def test_where_sheets_are_only_shown_it_orders_nothing() -> None:
    decision = await decided(before("98"), sends=False)
    assert decision.wishes == ()
    assert decision.reason.startswith('only shown, loc.mode is "sheet"; buy 20 at 97.02')


async def test_without_a_previous_close_there_is_nothing_to_reckon_from() -> None:
    decision = await decided(replace(symbol_day(), instrument=US))
    assert (decision.wishes, decision.reason) == ((), "no order: the last close is not known")


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget": 0},
        {"tp_percent": 0},
        {"buy_percent": -100},
        {"max_days": 0},
        {"sl_percent": 101},
        {"spread": {"step": 1}},
        {"spread": {"step": 0, "floor_percent": 10}},
        {"budgets": 1},
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        rule(**wrong)
