"""One book before a close: its buy, a sell for each lot, its stops, and what a fall would buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import Symbol
from algorithms.instruments import default_instrument
from algorithms.loc.dips import DipBuy, DipPlan, DipTerms, HeldLot, Spread, Why, plan_dips
from algorithms.loc.lots import Lot

D = Decimal
US = default_instrument(Symbol("TQQQ"), "XNYS", "USD")
KRX = default_instrument(Symbol("005930"), "XKRX", "KRW")
TERMS = DipTerms(budget=D(2000), buy_percent=D(-1), tp_percent=D(5), max_days=10, sl_percent=D(20))


def held(entry: str, units: int = 10, days: int = 1) -> HeldLot:
    return HeldLot(Lot(date(2026, 11, 19), D(entry), D(units)), days)


def plan(close: str, *lots: HeldLot, terms: DipTerms = TERMS, sends: bool = True) -> DipPlan:
    return plan_dips(terms, D(close), lots, US, sends=sends)


def sells(of: DipPlan) -> list[tuple[str | None, str]]:
    return [(None if s.price is None else str(s.price), s.why.value) for s in of.sells]


def test_the_base_buy_stands_at_its_distance_from_the_close_for_what_the_budget_buys() -> None:
    assert plan("65.77").buy == DipBuy(D("65.11"), D(30), D("-1"))
    above = replace(TERMS, buy_percent=D(15))
    assert plan("100", terms=above).buy == DipBuy(D(115), D(17), D(15))


def test_prices_are_on_the_tick_of_their_market() -> None:
    cheap = plan("0.5", terms=replace(TERMS, buy_percent=D("-0.11"))).buy
    assert cheap is not None
    assert cheap.price == D("0.4995")
    korean = plan_dips(replace(TERMS, budget=D(10**6)), D(71_000), [], KRX, sends=True).buy
    assert korean is not None
    assert korean.price == 70_300


def test_a_budget_below_one_lot_buys_nothing() -> None:
    assert plan("100", terms=replace(TERMS, budget=D(50))).buy is None


@pytest.mark.parametrize(
    ("entry", "days", "sell"),
    [
        ("100", 1, ("105.00", "TP")),
        ("99.99", 1, ("104.99", "TP")),  # 104.9895, up to the tick
        ("100", 10, ("98.00", "EXP")),  # held for long: at the previous close
        ("90", 10, ("94.50", "TP")),  # the profit is lower than the close
    ],
)
def test_each_lot_has_one_sell_the_lower_of_profit_and_expiry(
    entry: str, days: int, sell: tuple[str, str]
) -> None:
    ((price, why),) = sells(plan("98", held(entry, days=days)))
    assert price is not None
    assert (D(price), why) == (D(sell[0]), sell[1])


def test_a_lot_whose_stop_was_hit_is_sold_at_any_price_where_orders_are_sent() -> None:
    """100 less 20 %: a close of 80 is at the stop, one of 80.01 is not."""
    assert sells(plan("80", held("100"))) == [(None, "SL")]
    assert sells(plan("80.01", held("100"))) == [("105.00", "TP")]
    shown = plan("80", held("100"), sends=False)
    assert sells(shown) == [("105.00", "TP")]
    ((_, price, hit),) = shown.stops
    assert price == 80
    assert hit


def test_without_a_stop_or_an_expiry_there_is_none() -> None:
    bare = replace(TERMS, max_days=None, sl_percent=None)
    lonely = plan("50", held("100", days=500), terms=bare)
    assert (lonely.stops, [sell.why for sell in lonely.sells]) == ((), [Why.TAKE_PROFIT])


def test_spread_buys_stand_where_the_budget_buys_one_step_more_down_to_the_floor() -> None:
    """The example of the specification: 100 dollars, ten units, steps of one."""
    spread = Spread(step=D(1), floor_percent=D(20), reference=D(10))
    terms = DipTerms(budget=D(100), buy_percent=D(0), tp_percent=D(5), spread=spread)
    found = plan("10", terms=terms).spread
    assert found == (DipBuy(D("9.09"), D(1), D("-9.1")), DipBuy(D("8.33"), D(1), D("-16.7")))


def test_spread_levels_that_the_base_buy_reaches_are_left_out() -> None:
    spread = Spread(step=D(5), floor_percent=D(60), reference=D(5))
    terms = DipTerms(budget=D(100), buy_percent=D(0), tp_percent=D(5), spread=spread)
    prices = [each.price for each in plan("10", terms=terms).spread]
    assert prices == [D("6.66"), D(5), D(4)]


@given(
    st.decimals(1, 1000, places=2),
    st.lists(st.tuples(st.decimals(1, 1000, places=4), st.integers(1, 50), st.integers(0, 30))),
)
def test_every_lot_has_one_sell_on_the_tick_and_no_stop_above_its_entry(
    close: Decimal, lots: list[tuple[Decimal, int, int]]
) -> None:
    all_held = [held(str(entry), units, days) for entry, units, days in lots]
    found = plan_dips(TERMS, close, all_held, US, sends=True)
    assert [sell.held for sell in found.sells] == all_held
    for sell in found.sells:
        assert sell.price is None or US.is_on_tick(sell.price)
    for stop in found.stops:
        assert US.is_on_tick(stop.price)
        assert stop.price < stop.held.lot.entry
        assert stop.hit == (close <= stop.held.lot.entry * D("0.8"))
