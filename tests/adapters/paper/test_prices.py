from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from adapters.paper.prices import (
    LONGEST_CATCH_UP,
    FixedPrices,
    PricePath,
    RandomWalk,
    RecordedPrices,
    lowest_price,
)
from adapters.sessions import ListedSessions, Session
from algorithms.domain import Symbol
from algorithms.instruments import default_instrument

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TQQQ, SAMSUNG = Symbol("TQQQ"), Symbol("005930")
INSTRUMENTS = {
    TQQQ: default_instrument(TQQQ, "XNYS", "USD"),
    SAMSUNG: default_instrument(SAMSUNG, "XKRX", "KRW"),
}


def walk(
    symbol: Symbol = TQQQ, start: str = "100", *, percent: str = "0.5", seed: int = 7
) -> RandomWalk:
    starts = {symbol: Decimal(start)}
    return RandomWalk(starts, INSTRUMENTS, walk_percent=Decimal(percent), seed=seed)


def prices(path: RandomWalk, symbol: Symbol, minutes: int) -> list[Decimal]:
    at, last = path.begin(symbol, NOON)
    seen = []
    for _ in range(minutes):
        after = path.next_step(symbol, at)
        assert after == at + MINUTE
        last, at = path.step(symbol, after, last), after
        seen.append(last)
    return seen


def test_fixed_prices_never_step() -> None:
    path: PricePath = FixedPrices({TQQQ: Decimal(100)})
    assert path.begin(TQQQ, NOON) == (NOON, Decimal(100))
    assert path.next_step(TQQQ, NOON) is None


def test_a_walk_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert prices(walk(), TQQQ, 200) == prices(walk(), TQQQ, 200)
    assert prices(walk(), TQQQ, 200) != prices(walk(seed=8), TQQQ, 200)


def test_a_walk_moves_each_minute_by_no_more_than_its_percentage() -> None:
    tick = Decimal("0.01")
    seen = [Decimal(100), *prices(walk(), TQQQ, 500)]
    for before, after in pairwise(seen):
        assert abs(after - before) <= before * Decimal("0.005") + tick
        assert INSTRUMENTS[TQQQ].is_on_tick(after)
    assert len(set(seen)) > 100


def test_a_walk_gets_off_a_coarse_tick() -> None:
    """0.05 percent of 70,000 won is 35 won, a third of the tick: the price moves all the same."""
    seen = prices(walk(SAMSUNG, "70000", percent="0.05"), SAMSUNG, 300)
    assert len(set(seen)) > 3
    assert all(INSTRUMENTS[SAMSUNG].is_on_tick(price) for price in seen)
    assert 65_000 < min(seen) < max(seen) < 75_000


def test_a_walk_stays_above_one_tick() -> None:
    instrument = INSTRUMENTS[TQQQ]
    seen = prices(walk(start="0.0002", percent="90"), TQQQ, 2000)
    assert min(seen) == lowest_price(instrument) == Decimal("0.0002")
    assert instrument.next_tick_down(min(seen)) > 0


def test_a_walk_that_keeps_hours_rests_at_night() -> None:
    zone = ZoneInfo("UTC")
    sessions = ListedSessions(
        [
            Session(date(2026, 11, 20), NOON, NOON + 2 * MINUTE),
            Session(date(2026, 11, 23), NOON + timedelta(days=3, seconds=30), NOON.replace(day=24)),
        ],
        zone,
    )
    path = RandomWalk(
        {TQQQ: Decimal(100)}, INSTRUMENTS, walk_percent=Decimal(1), seed=1, sessions=sessions
    )
    assert path.next_step(TQQQ, NOON) == NOON + MINUTE
    first_whole_minute_on_monday = NOON + timedelta(days=3, minutes=1)
    assert path.next_step(TQQQ, NOON + MINUTE) == first_whole_minute_on_monday
    assert path.next_step(TQQQ, NOON.replace(day=24)) is None


ROWS = {TQQQ: [(NOON, Decimal(100)), (NOON + 5 * MINUTE, Decimal(101))]}


def test_a_recording_steps_at_its_rows_and_then_stays() -> None:
    path = RecordedPrices(ROWS)
    assert path.starts == {TQQQ: Decimal(100)}
    assert path.next_step(TQQQ, NOON - MINUTE) == NOON
    assert path.next_step(TQQQ, NOON) == NOON + 5 * MINUTE
    assert path.step(TQQQ, NOON + 5 * MINUTE, Decimal(100)) == 101
    assert path.next_step(TQQQ, NOON + 5 * MINUTE) is None


@pytest.mark.parametrize(
    ("opened", "price"), [(NOON - timedelta(days=99), 100), (NOON + timedelta(days=99), 101)]
)
def test_a_recording_begins_a_week_before_it_is_opened(opened: datetime, price: int) -> None:
    since, first = RecordedPrices(ROWS).begin(TQQQ, opened)
    assert since == opened - LONGEST_CATCH_UP
    assert first == price


def test_the_lowest_price_is_two_ticks() -> None:
    assert lowest_price(INSTRUMENTS[SAMSUNG]) == 2
