from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from algorithms.domain import Kind
from daemon.rules.rule import Wish
from daemon.rules.schedule import ScheduleOptions, ScheduleRule
from tests.daemon.rules.days import FRIDAY, THURSDAY, book_day, symbol_day

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


async def wishes(
    options: dict[str, object],
    day: date = FRIDAY,
    previous: date | None = THURSDAY,
    lot: str = "1",
) -> tuple[Wish, ...]:
    rule = ScheduleRule(ScheduleOptions.model_validate(options))
    (decision,) = await rule.decide(book_day(symbol_day(lot=lot), day=day, previous=previous))
    return decision.wishes


async def test_without_chosen_days_every_trading_day_buys() -> None:
    assert await wishes({"cash": 500}) == (Wish(kind=Kind.BUY, cash=Decimal(500)),)


async def test_only_chosen_weekdays_trade() -> None:
    assert await wishes({"cash": 500, "weekdays": ["fri", "mon"]})
    assert not await wishes({"cash": 500, "weekdays": ["thu"]})


async def test_a_chosen_day_without_trading_is_made_up_for_once() -> None:
    weekly: dict[str, object] = {"cash": 500, "weekdays": ["mon"]}
    assert await wishes(weekly, TUESDAY, FRIDAY)
    assert not await wishes(weekly, TUESDAY, MONDAY)
    first: dict[str, object] = {"cash": 500, "days_of_month": [21, 22]}
    assert await wishes(first, MONDAY, FRIDAY)
    assert not await wishes(first, TUESDAY, MONDAY)


async def test_a_day_the_month_lacks_is_its_last() -> None:
    end: dict[str, object] = {"cash": 500, "days_of_month": [31]}
    assert await wishes(end, date(2026, 2, 27), date(2026, 2, 26)) == ()
    assert await wishes(end, date(2026, 3, 2), date(2026, 2, 27))
    assert await wishes(end, date(2026, 11, 30), date(2026, 11, 27))


async def test_at_the_calendars_beginning_only_the_day_itself_counts() -> None:
    assert not await wishes({"cash": 500, "weekdays": ["thu"]}, previous=None)
    assert await wishes({"cash": 500, "weekdays": ["fri"]}, previous=None)


async def test_a_quantity_is_cut_to_whole_lots() -> None:
    assert await wishes({"quantity": 25}, lot="10") == (Wish(kind=Kind.BUY, quantity=Decimal(20)),)
    assert not await wishes({"quantity": 5}, lot="10")


async def test_it_may_sell() -> None:
    assert await wishes({"side": "sell", "quantity": 2}) == (
        Wish(kind=Kind.SELL, quantity=Decimal(2)),
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cash": 1, "quantity": 1},
        {"cash": 1, "side": "sell"},
        {"cash": 1, "weekdays": ["monday"]},
        {"cash": 1, "days_of_month": [0]},
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ScheduleOptions.model_validate(options)
