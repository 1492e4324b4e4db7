from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.sessions import AlwaysOpen, ListedSessions, Session
from algorithms.domain import AccountName
from daemon.config.market import Market
from daemon.execution.ladder.closing import Closings, next_closing

NEW_YORK = ZoneInfo("America/New_York")
HALF_DAY = date(2026, 11, 27)
MAIN = AccountName("main")


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def thanksgiving() -> ListedSessions:
    """Wednesday, then the half day on Friday; on Thursday nobody trades."""
    wednesday = HALF_DAY - timedelta(days=2)
    return ListedSessions(
        [
            Session(wednesday, at(wednesday, 9, 30), at(wednesday, 16)),
            Session(HALF_DAY, at(HALF_DAY, 9, 30), at(HALF_DAY, 13)),
        ],
        NEW_YORK,
    )


def test_the_cut_off_follows_the_close_of_a_half_day() -> None:
    noon = at(HALF_DAY, 12)
    closing = next_closing(thanksgiving(), Market.XNYS, noon)
    assert closing is not None
    assert closing.closes_at == at(HALF_DAY, 13)
    assert closing.send_until == at(HALF_DAY, 12, 50)
    assert closing.change_until == at(HALF_DAY, 12, 49)


def test_after_the_close_orders_are_for_the_next_trading_day() -> None:
    evening = at(HALF_DAY - timedelta(days=2), 20)
    closing = next_closing(thanksgiving(), Market.XNYS, evening)
    assert closing is not None
    assert (closing.day, closing.opens_at) == (HALF_DAY, at(HALF_DAY, 9, 30))
    assert next_closing(thanksgiving(), Market.XNYS, at(HALF_DAY, 14)) is None


def test_a_market_that_never_sleeps_closes_at_midnight() -> None:
    closing = next_closing(AlwaysOpen(), Market.ALWAYS_OPEN, datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert closing is not None
    assert closing.closes_at == datetime(2026, 11, 21, tzinfo=UTC)
    assert closing.change_until == datetime(2026, 11, 20, 23, 58, tzinfo=UTC)


def test_what_was_made_for_a_close_is_over_at_its_cut_off() -> None:
    closings = Closings(lambda _: thanksgiving(), lambda _: Market.XNYS)
    made = at(HALF_DAY, 10)
    assert not closings.is_over(MAIN, made, at(HALF_DAY, 12, 49))
    assert closings.is_over(MAIN, made, at(HALF_DAY, 12, 50))
    assert Closings(lambda _: None, lambda _: Market.XNYS).is_over(MAIN, made, made)
