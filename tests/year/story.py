"""Living through the year, and checking every evening what has come of the day."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.paper.operations import SplitUnits
from adapters.virtual_time import VirtualTimeLoop
from algorithms.bookkeeping import Ratio
from algorithms.domain import AccountName, Symbol
from daemon.audit import audit
from daemon.calendars import compute_in_child
from daemon.execution.entries import Split
from daemon.jobs.schedule import ClockSchedule
from daemon.storage.rows import from_us
from tests.daemon.execution.test_bookkeeper import enter
from tests.support.books import select
from tests.support.world import world
from tests.year.plan import (
    ACCOUNTS,
    SPLITS,
    Day,
    SplitDay,
    bots,
    config,
    days_of,
    down_times,
    runs_at,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from decimal import Decimal
    from pathlib import Path

    from adapters.sessions import Session
    from daemon.config.market import Market
    from tests.support.world import World

PROMPT = timedelta(seconds=45)
"""A job has stored its run by then: comparing and waiting for cancels takes seconds."""
AUDIT_EVERY = 40
"""Evenings between checks of every invariant; the books are compared with the broker on each."""


class JobsOnly(ClockSchedule):
    """Without the work of every few seconds: a year has three million of them."""

    def every(self, period: timedelta, job: Callable[[], Awaitable[object]], *, name: str) -> None:
        del period, job, name


@dataclass(slots=True)
class Tally:
    """What a year came to."""

    evenings: int = 0
    audits: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    crossed: int = 0
    fills: int = 0
    splits: int = 0


class Year:
    """The year as it is lived."""

    def __init__(
        self, folder: Path, days: list[Day], downs: list[tuple[datetime, datetime]], seed: int
    ) -> None:
        self._folder = folder
        self._days = days
        self._downs = downs
        self._prices = walk(days, seed)
        self._text = config()
        self._seed = seed
        self._split: set[SplitDay] = set()
        self.tally = Tally()

    async def live(self, sessions: dict[Market, tuple[Session, ...]]) -> Tally:
        """Live from the first opening to the last evening."""
        start = self._days[0].open - timedelta(hours=2)
        end = self._days[-1].evening + timedelta(hours=1)
        clock = LoopClock(start)

        async def compute(market: Market, first: date, last: date) -> tuple[Session, ...]:
            return tuple(each for each in sessions[market] if first <= each.day <= last)

        ups = zip(
            [start, *(until for _, until in self._downs)],
            [*(begin for begin, _ in self._downs), end],
            strict=True,
        )
        for number, (up, down) in enumerate(ups):
            await clock.sleep((up - clock.now()).total_seconds())
            async with world(
                self._folder,
                self._text,
                clock=clock,
                seed=self._seed * 1000 + number,
                compute_sessions=compute,
                schedule=JobsOnly,
            ) as here:
                await self._until(here, up, down)
                if down == end:
                    self._judge(here)
        return self.tally

    async def _until(self, here: World, up: datetime, down: datetime) -> None:
        events = sorted(
            [(day.open - timedelta(minutes=20), 0, day) for day in self._days]
            + [(day.evening, 1, day) for day in self._days],
            key=lambda event: event[:2],
        )
        missed_mornings = [day for at, kind, day in events if kind == 0 and at <= up]
        if missed_mornings:
            await self._reprice(here, missed_mornings[-1])
        for at, kind, day in events:
            if up < at < down:
                await here.clock.sleep((at - here.clock.now()).total_seconds())
                await (self._check(here, day) if kind else self._reprice(here, day))
        await here.clock.sleep((down - here.clock.now()).total_seconds())

    async def _reprice(self, here: World, day: Day) -> None:
        for split in SPLITS:
            done = split in self._split
            if not done and split.account == day.account and split.day <= day.day:
                self._split.add(split)
                if self._days[0].day < split.day:
                    await self._carry_out(here, split)
        exchange = here.exchange(day.account).exchange
        symbols = {bot.symbol for bot in bots() if bot.account == day.account}
        prices: dict[str, Decimal] = self._prices[day.day]
        for symbol in sorted(symbols):
            await exchange.set_price(Symbol(symbol), prices[symbol])

    async def _carry_out(self, here: World, split: SplitDay) -> None:
        """Split at the exchange, and enter it."""
        ledger, account = here.engine.ledger, AccountName(split.account)
        symbol = Symbol(split.symbol)
        entered = Split(account=account, symbol=symbol, ratio=Ratio(split.times, 1))
        await enter(here, entered)
        operation = SplitUnits(symbol, split.times, 1)
        await here.exchange(split.account).exchange.operate(str(split), operation)
        await ledger.carry_out()
        rest = select(here, "SELECT * FROM splits WHERE applied_at IS NULL")
        assert rest == [], rest
        self.tally.splits += 1

    async def _check(self, here: World, day: Day) -> None:
        """Check that nothing is in flight and that the books are what the broker has."""
        account = AccountName(day.account)
        differences = await here.engine.accounts[account].compare()
        assert differences == (), f"{day}: {differences}"
        suspense = select(
            here,
            "SELECT * FROM positions WHERE book = '@suspense' AND quantity <> '0'",
        )
        assert suspense == [], f"{day}: {suspense}"
        live = select(here, "SELECT * FROM child_orders WHERE ended_at IS NULL")
        assert live == [], f"{day}: orders that live over night: {live}"
        self.tally.evenings += 1
        if self.tally.evenings % AUDIT_EVERY == 0:
            await self._audit(here)

    async def _audit(self, here: World) -> None:
        broken = await audit(here.engine.store, here.engine.services.brokers, here.clock)
        assert broken == (), broken
        self.tally.audits += 1

    def _judge(self, here: World) -> None:
        """Hold every stored run, and every order, against when it should have been."""
        stored = {
            (row["account"], row["job"], row["book"], row["day"]): row
            for row in select(here, "SELECT * FROM job_runs")
        }
        wanted = self._expected()
        for key, at in wanted.items():
            row = stored.pop(key, None)
            assert row is not None or at is None, f"{key} never ran, due {at}"
            if row is None or at is None:
                assert row is None or row["status"] == "missed", f"{key} ran, and was missed"
                continue
            late = from_us(row["at"]) - at
            assert row["status"] == "done", f"{key} is {row['status']}: {row['note']}"
            assert timedelta() <= late <= PROMPT, f"{key} is {late} late"
            self.tally.runs[key[1]] += 1
        strangers = {key: row["status"] for key, row in stored.items() if row["status"] == "done"}
        assert strangers == {}, f"jobs that should not have run: {strangers}"
        self._judge_orders(here)

    def _expected(self) -> dict[tuple[str, str, str, str], datetime | None]:
        """When each job must have run, None for those that were missed."""
        wanted: dict[tuple[str, str, str, str], datetime | None] = {}
        for day in self._days:
            on = day.day.isoformat()
            made = runs_at(day.make_orders, self._downs)
            wanted[day.account, "make_orders", "", on] = made
            for bot in bots():
                if bot.account == day.account:
                    wanted[day.account, "make_orders", bot.name, on] = made
            for job, at in (
                ("twap open+10m", day.open + timedelta(minutes=10)),
                ("twap open+40m", day.open + timedelta(minutes=40)),
                ("twap close-20m", day.close - timedelta(minutes=20)),
                ("reconcile close+20m", day.close + timedelta(minutes=20)),
                ("report close+25m", day.close + timedelta(minutes=25)),
            ):
                wanted[day.account, job, "", on] = runs_at(at, self._downs)
            wanted[day.account, "twap 12:00", "", on] = runs_at(day.noon, self._downs)
        return wanted

    def _judge_orders(self, here: World) -> None:
        """Check that slices went at the twap times, and each book had its day's orders once."""
        times = {
            (day.account, at)
            for day in self._days
            for due in day.slices
            if (at := runs_at(due, self._downs)) is not None
        }
        allowed = Counter(
            (row["account"], from_us(row["created_at"]).replace(second=0, microsecond=0))
            for row in select(here, "SELECT account, created_at FROM child_orders")
        )
        minutes = {(account, at.replace(second=0, microsecond=0)) for account, at in times}
        late = {(account, at + timedelta(minutes=1)) for account, at in minutes}
        assert allowed.keys() <= minutes | late, sorted(allowed.keys() - minutes - late)[:5]
        asked = Counter(
            (row["request_id"], row["symbol"])
            for row in select(here, "SELECT request_id, symbol FROM parent_orders")
        )
        assert set(asked.values()) <= {1}, asked.most_common(3)
        self.tally.orders = asked.total()
        self.tally.fills = len(select(here, "SELECT id FROM fills"))
        self.tally.crossed = len(select(here, "SELECT id FROM netting_pairs"))


def real_sessions(first: date, last: date) -> dict[Market, tuple[Session, ...]]:
    """Ask the calendar service, each market in a process of its own."""

    async def ask() -> dict[Market, tuple[Session, ...]]:
        markets = tuple(ACCOUNTS.values())
        found = await asyncio.gather(*(compute_in_child(market, first, last) for market in markets))
        return dict(zip(markets, found, strict=True))

    return asyncio.run(ask())


def live(
    folder: Path,
    sessions: dict[Market, tuple[Session, ...]],
    *,
    first: date,
    last: date,
    downs: int,
    seed: int,
) -> Tally:
    """Live from one day to another under virtual time."""
    days = days_of(sessions, first, last)
    year = Year(folder, days, down_times(days, downs, seed), seed)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(year.live(sessions))
