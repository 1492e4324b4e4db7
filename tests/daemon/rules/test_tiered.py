from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from algorithms.domain import Kind
from daemon.rules.rule import Sale, Wish
from daemon.rules.tiered import TieredOptions, TieredRule
from tests.daemon.rules.days import THURSDAY, book_day, symbol_day

if TYPE_CHECKING:
    from daemon.rules.rule import Decision, SymbolDay

TIERS = {"seed": 1000, "max_tiers": 40, "profit_percent": 10, "point_percent": 12}
FALLS = {"drop_percent": 5, "factor": Decimal("1.5"), "max": 2000}


def rule(**more: object) -> TieredRule:
    return TieredRule(TieredOptions.model_validate(TIERS | more))


async def decided(of: TieredRule, symbol: SymbolDay) -> Decision:
    (decision,) = await of.decide(book_day(symbol))
    return decision


async def test_it_says_what_it_does_and_the_numbers_that_decided() -> None:
    decision = await decided(rule(), symbol_day("99", "100"))
    assert decision.wishes == (Wish(kind=Kind.BUY, cash=Decimal(1000)),)
    assert decision.reason == (
        "BUY for 1000, conditions to buy are met: price 99, average 100, take-profit 110, "
        "point price 106 (6 %), T 10 of 40, invested 10000, seed 1000, 2 of 2 conditions"
    )


async def test_a_quiet_day_is_explained_too() -> None:
    decision = await decided(rule(), symbol_day("106", "100"))
    assert decision.wishes == ()
    assert decision.reason.startswith("no order, no condition to buy is met: price 106")


async def test_a_high_price_sells_units() -> None:
    decision = await decided(rule(), symbol_day("120", "100"))
    assert decision.wishes == (Wish(kind=Kind.SELL, quantity=Decimal(100)),)


async def test_profit_of_partial_sales_is_carried_from_day_to_day() -> None:
    sale = Sale(day=THURSDAY, profit=Decimal(50), is_full=False)
    first = await decided(rule(), symbol_day("99", "100", sales=(sale,)))
    assert first.wishes[0].cash == 1005
    second = await decided(rule(), symbol_day("99", "100", state=first.state))
    assert second.wishes[0].cash == 1005


async def test_a_book_that_sold_everything_begins_anew() -> None:
    full = Sale(day=THURSDAY, profit=Decimal(50), is_full=True)
    decision = await decided(rule(), symbol_day(sales=(full,), state={"added_seed": "70"}))
    assert decision.state is not None
    assert decision.state["added_seed"] == "0"
    assert decision.wishes[0].cash == 1000


async def test_units_that_left_otherwise_than_by_a_sale_end_the_cycle_too() -> None:
    decision = await decided(rule(), symbol_day(state={"added_seed": "70"}))
    assert decision.state is not None
    assert decision.state["added_seed"] == "0"


async def test_no_sell_follows_a_sale_for_some_days() -> None:
    cool = rule(sell_cooldown_days=3)
    sale = Sale(day=THURSDAY, profit=Decimal(-1), is_full=False)
    first = await decided(cool, symbol_day("120", "100", sales=(sale,)))
    assert first.wishes == ()
    (later,) = await cool.decide(
        book_day(symbol_day("120", "100", state=first.state), day=date(2026, 11, 23))
    )
    assert later.wishes == (Wish(kind=Kind.SELL, quantity=Decimal(100)),)


async def test_the_seed_grows_after_a_fall_and_stays_grown() -> None:
    growing = rule(dynamic_seed=FALLS)
    fallen = await decided(growing, symbol_day(closes=("100", "95")))
    assert fallen.wishes[0].cash == 1500
    assert fallen.reason.endswith("; seed 1000 -> 1500 after the close fell from 100 to 95")
    quiet = await decided(growing, symbol_day(closes=("95", "96"), state=fallen.state))
    assert quiet.wishes[0].cash == 1500
    again = await decided(growing, symbol_day(closes=("96", "80"), state=quiet.state))
    assert again.wishes[0].cash == 2000


async def test_another_seed_in_the_configuration_forgets_what_grew() -> None:
    grown = {"seed": "1500", "of_seed": "900", "added_seed": "0"}
    decision = await decided(rule(dynamic_seed=FALLS), symbol_day(state=grown))
    assert decision.wishes[0].cash == 1000


async def test_without_known_closes_nothing_grows() -> None:
    decision = await decided(rule(dynamic_seed=FALLS), symbol_day())
    assert decision.wishes[0].cash == 1000


@pytest.mark.parametrize("part", [1, "1", "1/2", "2/3"])
def test_the_zero_is_at_one_of_three_parts(part: object) -> None:
    assert rule(zero_at=part).options.zero_at <= 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("zero_at", "3/4"),
        ("zero_at", True),
        ("seed", 0),
        ("max_tiers", 0),
        ("sell_cooldown_days", 61),
    ],
)
def test_what_cannot_be_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        TieredOptions.model_validate(TIERS | {key: value})
