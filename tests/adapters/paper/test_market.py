from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.paper.market import Market, Price
from adapters.paper.matching import Touch
from adapters.paper.prices import FixedPrices, PricePath, RandomWalk, RecordedPrices
from adapters.sessions import AlwaysOpen
from algorithms.domain import Symbol
from algorithms.instruments import default_instrument

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENING = NOON.replace(hour=23)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
TQQQ = Symbol("TQQQ")
INSTRUMENTS = {TQQQ: default_instrument(TQQQ, "XNYS", "USD")}


def walk() -> RandomWalk:
    return RandomWalk({TQQQ: Decimal(100)}, INSTRUMENTS, walk_percent=Decimal(1), seed=3)


def market(
    path: PricePath,
    *stored: Price,
    spread: str = "0",
    opened_at: datetime = NOON,
) -> Market:
    return Market(
        path, INSTRUMENTS, AlwaysOpen(), Decimal(spread), opened_at=opened_at, stored=stored
    )


def last(of: Market, at: datetime) -> Decimal:
    of.move(TQQQ, at)
    return of.touch(TQQQ).last


@pytest.mark.parametrize(
    ("price", "spread", "bid", "ask"),
    [
        ("100", "0", "100", "100"),
        ("100", "0.01", "99.99", "100.01"),  # half a cent each way, rounded outward
        ("100", "1", "99.5", "100.5"),
        ("1", "1", "0.995", "1.01"),  # below a dollar the tick is finer
        ("0.0001", "1", "0.0001", "0.0002"),  # a bid is never zero
    ],
)
def test_bid_and_ask_stand_around_the_last_price_on_the_tick(
    price: str, spread: str, bid: str, ask: str
) -> None:
    path = FixedPrices({TQQQ: Decimal(price)})
    touch = market(path, spread=spread).touch(TQQQ)
    assert touch == Touch(Decimal(price), Decimal(bid), Decimal(ask))


def test_the_previous_close_is_the_price_at_the_last_midnight() -> None:
    recording = {
        TQQQ: [
            (NOON, Decimal(100)),
            (MIDNIGHT - timedelta(minutes=1), Decimal(105)),
            (MIDNIGHT + timedelta(minutes=1), Decimal(110)),
        ]
    }
    prices = market(RecordedPrices(recording))
    assert last(prices, NOON) == prices.previous_close(TQQQ) == 100
    assert last(prices, MIDNIGHT - timedelta(seconds=1)) == 105
    assert prices.previous_close(TQQQ) == 100
    assert last(prices, MIDNIGHT + timedelta(hours=1)) == 110
    assert prices.previous_close(TQQQ) == 105


def test_every_close_is_remembered_for_two_months() -> None:
    prices = market(FixedPrices({TQQQ: Decimal(100)}))
    assert prices.close_of(TQQQ, NOON.date()) is None
    last(prices, MIDNIGHT)
    prices.set_price(TQQQ, Decimal(105))
    last(prices, MIDNIGHT + timedelta(days=1))
    assert prices.close_of(TQQQ, NOON.date()) == 100
    assert prices.close_of(TQQQ, MIDNIGHT.date()) == 105
    passed = prices.take_closes()
    assert [close.price for close in passed] == [100, 105]
    assert prices.take_closes() == ()
    again = Market(
        FixedPrices({TQQQ: Decimal(100)}),
        INSTRUMENTS,
        AlwaysOpen(),
        Decimal(0),
        opened_at=MIDNIGHT + timedelta(days=1),
        closes=passed,
    )
    assert again.close_of(TQQQ, NOON.date()) == 100
    for day in range(2, 62):
        last(again, MIDNIGHT + timedelta(days=day))
    assert again.close_of(TQQQ, NOON.date()) is None


@given(stops=st.lists(st.integers(0, 200), max_size=8))
def test_a_walk_arrives_at_the_same_price_however_often_it_was_looked_at(
    stops: list[int],
) -> None:
    end = EVENING + timedelta(minutes=200)
    watched = market(walk(), opened_at=EVENING)
    unwatched = market(walk(), opened_at=EVENING)
    for stop in sorted(stops):
        watched.move(TQQQ, EVENING + timedelta(minutes=stop))
    assert last(watched, end) == last(unwatched, end)
    assert watched.previous_close(TQQQ) == unwatched.previous_close(TQQQ)


@given(stop=st.integers(0, 200))
def test_a_stored_market_goes_on_as_if_it_had_never_stopped(stop: int) -> None:
    end = EVENING + timedelta(minutes=200)
    running = market(walk(), opened_at=EVENING)
    running.move(TQQQ, EVENING + timedelta(minutes=stop))
    stored = running.take_unsaved()
    reopened = market(walk(), *stored, opened_at=end)
    assert last(reopened, end) == last(running, end)


def test_a_market_left_alone_for_long_leaves_out_what_is_older_than_a_week() -> None:
    years_later = NOON + timedelta(days=1000)
    prices = market(walk())
    assert last(prices, years_later) != 100
    from_a_week_ago = Price(
        symbol=TQQQ,
        base=Decimal(100),
        last=Decimal(100),
        previous_close=Decimal(100),
        moved_to=years_later - timedelta(days=7),
    )
    assert last(prices, years_later) == last(market(walk(), from_a_week_ago), years_later)


def test_a_changed_price_in_the_settings_begins_anew() -> None:
    stored = market(FixedPrices({TQQQ: Decimal(100)}))
    stored.set_price(TQQQ, Decimal(120))
    (price,) = stored.take_unsaved()
    assert last(market(FixedPrices({TQQQ: Decimal(100)}), price), NOON) == 120
    assert last(market(FixedPrices({TQQQ: Decimal(90)}), price), NOON) == 90


def test_time_never_goes_back() -> None:
    prices = market(walk())
    then = last(prices, NOON + timedelta(hours=1))
    assert not prices.move(TQQQ, NOON)
    assert prices.touch(TQQQ).last == then


def test_beginnings_and_set_prices_are_news_and_moves_are_not() -> None:
    prices = market(walk())
    news = [prices.has_news]
    prices.take_unsaved()
    prices.move(TQQQ, NOON + timedelta(minutes=10))
    news.append(prices.has_news)
    prices.set_price(TQQQ, Decimal(50))
    news.append(prices.has_news)
    assert news == [True, False, True]
    assert [price.last for price in prices.take_unsaved()] == [50]
    assert prices.take_unsaved() == ()
