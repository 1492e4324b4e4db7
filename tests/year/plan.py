"""What a year brings: sessions, prices, down-times; and when each job must run in it.

Worked out from the exchanges' sessions with a few lines of its own, so that the daemon's
timetable is held against something else.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from daemon.calendars import ZONES
from daemon.config.market import Market

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.sessions import Session

CATCH_UP = timedelta(minutes=30)
ACCOUNTS = {"seoul": Market.XKRX, "wall": Market.XNYS}
CLOSED = "2026-06-03", "2026-07-17"
"""Closures of Seoul that the calendar service learnt of late."""
EXAM_DAY = "2026-11-19"

CONFIG = """
[accounts.seoul]
market = "XKRX"
commission_percent = "0.015"
paper = { prices = { A005930 = "70000", A069500 = "35000" } }
[accounts.wall]
market = "XNYS"
commission_percent = "0.25"
paper = { prices = { TQQQ = "80", SOXL = "40" } }
[calendars.XKRX]
closed = ["2026-06-03", "2026-07-17"]
hours = { "2026-11-19" = "10:00-16:30" }
[[jobs]]
run = "make_orders"
at = "open+5m"
[[jobs]]
run = "twap"
at = ["open+10m", "open+40m", "12:00", "close-20m"]
[[jobs]]
run = "reconcile"
at = "close+20m"
[[jobs]]
run = "report"
at = "close+25m"
"""
BOOK = """
[strategies.{name}]
[books.{name}]
strategy = "{name}"
account = "{account}"
symbols = ["{symbol}"]
capital = "{capital}"
rule = {rule}
"""
TIERED = (
    '{{ type = "tiered", seed = "{seed}", max_tiers = 30, profit_percent = {profit}, '
    'point_percent = 8, zero_at = "{zero}", sell_cooldown_days = {cool}, dynamic_seed = '
    '{{ drop_percent = 4, factor = "1.25", max = "{most}" }} }}'
)


@dataclass(frozen=True, slots=True)
class Bot:
    """One of the ten."""

    name: str
    account: str
    symbol: str
    rule: str


def bots() -> tuple[Bot, ...]:
    """Three that average, one that saves weekly, one that sells a little, on each exchange."""
    made: list[Bot] = []
    for account, (first, second), unit in (
        ("seoul", ("A005930", "A069500"), 1400),
        ("wall", ("TQQQ", "SOXL"), 1),
    ):
        rules: tuple[tuple[str, str, dict[str, object]], ...] = (
            (first, TIERED, {"profit": 3, "zero": "1/2", "cool": 0}),
            (second, TIERED, {"profit": 5, "zero": "2/3", "cool": 2}),
            (first, TIERED, {"profit": 8, "zero": "1", "cool": 5}),
            (first, '{{ type = "schedule", cash = "{seed}", weekdays = ["mon", "thu"] }}', {}),
            (first, '{{ type = "schedule", side = "sell", quantity = 1 }}', {}),
        )
        for number, (symbol, rule, terms) in enumerate(rules):
            text = rule.format(seed=1000 * unit, most=3000 * unit, **terms)
            made.append(Bot(f"{account}{number}", account, symbol, text))
    return tuple(made)


def config() -> str:
    """Spell the whole configuration."""
    books = (
        BOOK.format(
            name=bot.name,
            account=bot.account,
            symbol=bot.symbol,
            rule=bot.rule,
            capital="140000000" if bot.account == "seoul" else "100000",
        )
        for bot in bots()
    )
    return "".join([CONFIG, *books])


@dataclass(frozen=True, slots=True)
class Day:
    """One session of an account, and when its jobs are due."""

    account: str
    day: date
    open: datetime
    close: datetime

    @property
    def make_orders(self) -> datetime:
        return self.open + timedelta(minutes=5)

    @property
    def noon(self) -> datetime:
        there = datetime.combine(self.day, time(12), ZONES[ACCOUNTS[self.account]])
        return there.astimezone(UTC)

    @property
    def slices(self) -> tuple[datetime, ...]:
        return (
            self.open + timedelta(minutes=10),
            self.open + timedelta(minutes=40),
            self.noon,
            self.close - timedelta(minutes=20),
        )

    @property
    def evening(self) -> datetime:
        return self.close + timedelta(minutes=30)


def days_of(sessions: Mapping[Market, tuple[Session, ...]], first: date, last: date) -> list[Day]:
    """List the trading days of both exchanges, corrected as the configuration says."""
    found: list[Day] = []
    for account, market in ACCOUNTS.items():
        for session in sessions[market]:
            if not first <= session.day <= last:
                continue
            opens, closes = session.open, session.close
            if market is Market.XKRX:
                if session.day.isoformat() in CLOSED:
                    continue
                if session.day.isoformat() == EXAM_DAY:
                    zone = ZONES[market]
                    opens = datetime.combine(session.day, time(10), zone).astimezone(UTC)
                    closes = datetime.combine(session.day, time(16, 30), zone).astimezone(UTC)
            found.append(Day(account, session.day, opens, closes))
    return sorted(found, key=lambda day: day.open)


def down_times(days: list[Day], count: int, seed: int) -> list[tuple[datetime, datetime]]:
    """Choose when the daemon is down: minutes around a job, hours, or days on end."""
    dice = random.Random(seed)
    lengths = (timedelta(minutes=8), timedelta(minutes=25), timedelta(hours=3), timedelta(days=4))
    found: list[tuple[datetime, datetime]] = []
    every = max(len(days) // (count + 1), 1)
    for number in range(count):
        day = days[(number + 1) * every]
        begin = day.open + timedelta(minutes=dice.choice((3, 7, 38, 170)), seconds=30)
        end = begin + lengths[number % len(lengths)]
        if not found or begin > found[-1][1] + timedelta(days=1):
            found.append((begin, end))
    return found


def runs_at(due: datetime, downs: list[tuple[datetime, datetime]]) -> datetime | None:
    """When a job that is due then runs; None if it is missed."""
    for begin, end in downs:
        if begin <= due < end:
            return end if end - due <= CATCH_UP else None
    return due


@dataclass(frozen=True, slots=True)
class SplitDay:
    """``times`` new units for each old one, before the opening of a day."""

    account: str
    symbol: str
    times: int
    day: date


SPLITS = (
    SplitDay("seoul", "A005930", 5, date(2026, 5, 12)),
    SplitDay("wall", "TQQQ", 3, date(2026, 9, 15)),
)


def walk(days: list[Day], seed: int) -> dict[date, dict[str, Decimal]]:
    """Prices of each morning: up and down by up to 4 percent, on their ticks."""
    dice = random.Random(seed)
    steps = {
        "A005930": Decimal(100),
        "A069500": Decimal(5),
        "TQQQ": Decimal("0.01"),
        "SOXL": Decimal("0.01"),
    }
    last = {
        "A005930": Decimal(70000),
        "A069500": Decimal(35000),
        "TQQQ": Decimal(80),
        "SOXL": Decimal(40),
    }
    middle = dict(last)
    mornings: dict[date, dict[str, Decimal]] = {}
    for day in sorted({each.day for each in days}):
        for symbol, step in steps.items():
            drawn = Decimal(dice.randint(-400, 400)) / 10000
            back = (middle[symbol] - last[symbol]) / middle[symbol] / 20
            wanted = last[symbol] * (1 + drawn + back)
            last[symbol] = wanted // step * step
        mornings[day] = {
            symbol: price / _units(symbol, day) // steps[symbol] * steps[symbol]
            for symbol, price in last.items()
        }
    return mornings


def _units(symbol: str, day: date) -> int:
    """How many units one of the year's beginning has become."""
    splits = (each.times for each in SPLITS if each.symbol == symbol and each.day <= day)
    return next(splits, 1)
