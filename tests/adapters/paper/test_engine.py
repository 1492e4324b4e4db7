from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from adapters.broker import BrokerOrderState, RefusalCode, Refused
from adapters.paper.engine import PIECE_INTERVAL, Engine
from adapters.paper.orders import PaperFill, PaperOrder
from adapters.paper.prices import FixedPrices, RandomWalk, RecordedPrices
from adapters.sessions import ListedSessions, Session
from algorithms.domain import OrderType, TimeInForce
from tests.support.paper_engine import (
    BUY,
    INSTRUMENTS,
    NOON,
    PRICES,
    SELL,
    SOXL,
    TQQQ,
    latest,
    make_engine,
    place,
    request,
)

LIMIT, LOC, MOC = OrderType.LIMIT, OrderType.LOC, OrderType.MOC
OPEN, FILLED, EXPIRED = BrokerOrderState.OPEN, BrokerOrderState.FILLED, BrokerOrderState.EXPIRED
MINUTE = timedelta(minutes=1)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)

FRIDAY = Session(date(2026, 11, 20), NOON - MINUTE, NOON + 60 * MINUTE)
MONDAY = Session(date(2026, 11, 23), NOON + timedelta(days=3), NOON + timedelta(days=3, hours=1))
WEEK = ListedSessions([FRIDAY, MONDAY], ZoneInfo("UTC"))


def recorded(*rows: tuple[datetime, int]) -> RecordedPrices:
    return RecordedPrices(
        {
            TQQQ: [(NOON - MINUTE, Decimal(100)), *((at, Decimal(price)) for at, price in rows)],
            SOXL: [(NOON - MINUTE, Decimal(20))],
        }
    )


def fills(engine: Engine) -> list[tuple[str, Decimal | int, Decimal | int]]:
    return [(fill.order.client_id, fill.quantity, fill.price) for fill in engine.changes.fills]


def test_with_fixed_prices_and_nothing_due_there_is_nothing_to_wake_for() -> None:
    engine = make_engine()
    assert engine.next_event() is None
    place(engine, request("a", BUY, 1, LIMIT, limit="50", good_for=TimeInForce.GTC))
    assert engine.next_event() is None
    place(engine, request("b", BUY, 1, LIMIT, limit="50"))
    assert engine.next_event() == MIDNIGHT


def test_a_walk_wakes_each_minute_only_while_an_order_rests() -> None:
    path = RandomWalk(PRICES, INSTRUMENTS, walk_percent=Decimal(1), seed=1)
    engine = make_engine(path=path)
    assert engine.next_event() is None
    order = place(engine, request("a", BUY, 1, LIMIT, limit="10", good_for=TimeInForce.GTC))
    assert engine.next_event() == NOON + MINUTE
    engine.cancel(order)
    assert engine.next_event() is None
    place(engine, request("b", BUY, 1, LOC, limit="10"))
    assert engine.next_event() == MIDNIGHT


def test_time_passed_in_one_leap_gives_the_same_trades_as_in_steps() -> None:
    def played(steps: int) -> list[PaperOrder | PaperFill]:
        path = RandomWalk(PRICES, INSTRUMENTS, walk_percent=Decimal(1), seed=5)
        engine = make_engine(path=path, cash=10**6, positions={TQQQ: 100, SOXL: 100})
        for number in range(20):
            place(engine, request(f"b{number}", BUY, 2, LIMIT, limit=str(90 + number)))
            place(engine, request(f"s{number}", SELL, 2, LIMIT, limit=str(100 + number)))
            place(engine, request(f"x{number}", SELL, 1, LIMIT, symbol=SOXL, limit="20.5"))
        for step in range(1, steps + 1):
            engine.advance(NOON + timedelta(hours=24) * step / steps)
        return engine.changes.reports

    assert played(1) == played(7) == played(500)


def test_a_missed_price_still_fills_at_its_own_time() -> None:
    engine = make_engine(path=recorded((NOON + 5 * MINUTE, 90), (NOON + 6 * MINUTE, 110)))
    place(engine, request("a", BUY, 1, LIMIT, limit="95"))
    engine.advance(NOON + 10 * MINUTE)
    (fill,) = engine.changes.fills
    assert fill.at == NOON + 5 * MINUTE
    assert fill.price == 95


def test_a_stop_set_off_in_a_jump_takes_the_touch_and_a_resting_limit_its_limit() -> None:
    engine = make_engine(positions={TQQQ: 10})
    place(engine, request("stop", SELL, 1, OrderType.STOP_MARKET, stop="95"))
    place(engine, request("limit", BUY, 1, LIMIT, limit="95"))
    engine.set_price(TQQQ, Decimal(80), NOON)
    assert fills(engine) == [("stop", 1, 80), ("limit", 1, 95)]


def test_a_stop_limit_taken_out_by_a_jump_rests_at_its_limit() -> None:
    engine = make_engine()
    order = place(engine, request("a", BUY, 1, OrderType.STOP_LIMIT, stop="105", limit="106"))
    engine.set_price(TQQQ, Decimal(110), NOON)
    assert latest(engine, order).triggered
    assert fills(engine) == []
    engine.set_price(TQQQ, Decimal(100), NOON)
    assert fills(engine) == [("a", 1, 106)]


def test_the_spread_is_paid_both_ways() -> None:
    engine = make_engine(spread="1")
    place(engine, request("a", BUY, 1))
    place(engine, request("b", SELL, 1))
    assert fills(engine) == [("a", 1, Decimal("100.5")), ("b", 1, Decimal("99.5"))]


def test_at_the_close_all_executable_orders_get_one_price() -> None:
    engine = make_engine(path=recorded((NOON + MINUTE, 90), (MIDNIGHT, 97)), positions={TQQQ: 10})
    place(engine, request("market buy", BUY, 1, MOC))
    place(engine, request("limit buy", BUY, 2, LOC, limit="97"))
    place(engine, request("too low", BUY, 3, LOC, limit="96.99"))
    place(engine, request("limit sell", SELL, 4, LOC, limit="95"))
    too_high = place(engine, request("too high", SELL, 5, LOC, limit="97.01"))
    engine.advance(MIDNIGHT)
    assert fills(engine) == [
        ("market buy", 1, 97),
        ("limit buy", 2, 97),
        ("limit sell", 4, 97),
    ]
    assert latest(engine, too_high).state is EXPIRED
    assert latest(engine, too_high).reason == "not filled in the closing auction"
    assert len(engine.book) == 0


def test_day_orders_end_with_the_day_and_gtc_orders_live_on() -> None:
    engine = make_engine()
    day = place(engine, request("a", BUY, 1, LIMIT, limit="50"))
    gtc = place(engine, request("b", BUY, 1, LIMIT, limit="50", good_for=TimeInForce.GTC))
    engine.advance(MIDNIGHT - MINUTE)
    assert latest(engine, day).state is OPEN
    engine.advance(MIDNIGHT)
    assert latest(engine, day).state is EXPIRED
    assert latest(engine, day).reason == "the market day ended"
    assert list(engine.book) == [latest(engine, gtc)]


def test_a_market_with_hours_takes_orders_in_its_sessions_only() -> None:
    engine = make_engine(sessions=WEEK, keeps_hours=True)
    place(engine, request("a"))
    refused = engine.place(request("b"), FRIDAY.close)
    assert refused == Refused(RefusalCode.MARKET_CLOSED, "the market is closed")
    place(engine, request("c"), MONDAY.open)


def test_what_rests_over_the_weekend_gets_the_opening_price() -> None:
    """The price falls while the market is closed: no fill then, the better price on Monday."""
    engine = make_engine(
        path=recorded((FRIDAY.close + MINUTE, 90)), sessions=WEEK, keeps_hours=True
    )
    place(engine, request("a", BUY, 1, LIMIT, limit="95", good_for=TimeInForce.GTC))
    assert engine.next_event() == FRIDAY.close + MINUTE
    engine.advance(MONDAY.open - MINUTE)
    assert fills(engine) == []
    assert engine.next_event() == MONDAY.open
    engine.advance(MONDAY.open)
    assert fills(engine) == [("a", 1, 90)]


def test_with_hours_that_do_not_bind_only_the_auction_follows_the_calendar() -> None:
    engine = make_engine(sessions=WEEK)
    saturday = NOON + timedelta(days=1)
    place(engine, request("a"), saturday)
    closing = place(engine, request("b", BUY, 1, MOC), saturday)
    assert closing.ends_at == MONDAY.close
    day = place(engine, request("c", BUY, 1, LIMIT, limit="50"), saturday)
    assert day.market_day == date(2026, 11, 21)
    assert day.ends_at == MONDAY.close


def test_without_a_close_in_sight_there_are_no_closing_orders() -> None:
    engine = make_engine(sessions=WEEK)
    after_all = MONDAY.close + MINUTE
    refused = engine.place(request("a", BUY, 1, MOC), after_all)
    assert refused == Refused(RefusalCode.MARKET_CLOSED, "no closing auction is known")
    assert place(engine, request("b", BUY, 1, LIMIT, limit="1"), after_all).ends_at is None


def test_numbers_count_on_or_restart_each_day() -> None:
    tomorrow = NOON + timedelta(days=1)
    for daily, numbers in ((False, ["1", "2", "3"]), (True, ["1", "2", "1"])):
        engine = make_engine(daily_numbers=daily)
        placed = [
            place(engine, request(name), at)
            for name, at in (("a", NOON), ("b", NOON), ("c", tomorrow))
        ]
        assert [order.number for order in placed] == numbers
        assert [order.sequence for order in placed] == [1, 2, 3]


def test_an_id_is_taken_again_only_after_its_order_has_ended() -> None:
    engine = make_engine()
    order = place(engine, request("a", BUY, 1, LIMIT, limit="50"))
    refused = engine.place(request("a"), NOON)
    assert refused == Refused(RefusalCode.DUPLICATE, "a is open already")
    engine.cancel(order)
    place(engine, request("a"))


def test_in_pieces_an_order_fills_over_time_while_the_price_allows() -> None:
    engine = make_engine(cuts_fills=True)
    order = place(engine, request("a", BUY, 40, LIMIT, limit="100"))
    assert 0 < order.filled < 40
    assert engine.next_event() == NOON + PIECE_INTERVAL
    engine.set_price(TQQQ, Decimal(105), NOON)
    engine.advance(NOON + 10 * PIECE_INTERVAL)
    assert latest(engine, order).filled == order.filled
    engine.set_price(TQQQ, Decimal(100), engine.now)
    engine.advance(NOON + 20 * PIECE_INTERVAL)
    assert latest(engine, order).state is FILLED
    assert {price for _, _, price in fills(engine)} == {Decimal(100)}


def test_a_market_order_in_pieces_ends_when_the_cash_does() -> None:
    engine = make_engine(cuts_fills=True, cash="4010")
    order = place(engine, request("a", BUY, 40))
    engine.set_price(TQQQ, Decimal(150), NOON)
    engine.advance(NOON + MINUTE)
    after = latest(engine, order)
    assert after.state is EXPIRED
    assert after.reason == "the cash ran out"
    assert order.filled < after.filled < 40
    assert 0 <= engine.account.cash < Decimal("150.375")
    assert engine.account.free_cash == engine.account.cash


def test_a_market_on_close_order_never_overdraws_the_account() -> None:
    engine = make_engine(cash="1002.50")
    order = place(engine, request("a", BUY, 10, MOC))
    engine.set_price(TQQQ, Decimal(2000), NOON)
    engine.advance(MIDNIGHT)
    assert latest(engine, order).reason == "the cash ran out"
    assert engine.account.cash == Decimal("1002.50")
    assert fills(engine) == []


def test_a_loc_exactly_at_the_close_may_be_cut() -> None:
    cut = set()
    for number in range(12):
        engine = make_engine(cuts_fills=True)
        for _ in range(number):
            engine.cancel(place(engine, request("x", BUY, 1, LIMIT, limit="1")))
        at_limit = place(engine, request("a", BUY, 30, LOC, limit="100"))
        above = place(engine, request("b", BUY, 30, LOC, limit="101"))
        engine.advance(MIDNIGHT)
        assert latest(engine, above).filled == 30
        cut.add(latest(engine, at_limit).filled)
    assert len(cut) > 3
    assert all(0 <= filled <= 30 for filled in cut)


def test_a_clock_set_back_changes_nothing() -> None:
    engine = make_engine()
    engine.advance(NOON + 5 * MINUTE)
    order = place(engine, request("a"), NOON)
    assert order.placed_at == engine.now == NOON + 5 * MINUTE


def test_after_a_restart_with_the_clock_set_back_nothing_is_due_for_ever() -> None:
    """The rest of an order waits for a better price; its next piece was due before the restart."""
    engine = make_engine(cuts_fills=True)
    order = place(engine, request("a", BUY, 40, LIMIT, limit="100", good_for=TimeInForce.GTC))
    dearer = FixedPrices({TQQQ: Decimal(105), SOXL: Decimal(20)})
    again = make_engine(cuts_fills=True, path=dearer, now=NOON + MINUTE)
    again.book.keep(order)
    assert again.next_event() == NOON + PIECE_INTERVAL
    again.advance(NOON)
    assert again.next_event() is None
    assert again.now == NOON + MINUTE


def test_after_months_away_day_orders_have_ended_on_their_day() -> None:
    path = RandomWalk(PRICES, INSTRUMENTS, walk_percent=Decimal("0.01"), seed=1)
    engine = make_engine(path=path)
    day = place(engine, request("a", BUY, 1, LIMIT, limit="1"))
    gtc = place(engine, request("b", BUY, 1, LIMIT, limit="1", good_for=TimeInForce.GTC))
    engine.advance(NOON + timedelta(days=90))
    assert latest(engine, day).state is EXPIRED
    assert latest(engine, gtc).state is OPEN


def test_reports_tell_what_happened_in_its_order() -> None:
    engine = make_engine()
    place(engine, request("a", BUY, 2))
    kinds = [
        report.state if isinstance(report, PaperOrder) else report.quantity
        for report in engine.changes.reports
    ]
    assert kinds == [OPEN, 2, FILLED]
    assert engine.has_changes
    engine.take_changes()
    engine.market.take_unsaved()
    assert not engine.has_changes
