"""A New York account with a book of a rule, and its day of jobs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from daemon.jobs.runs import RunStatus
from tests.support.books import select
from tests.support.markets import weekdays
from tests.support.world import world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from datetime import date
    from pathlib import Path

    from tests.support.world import World

TIERED = (
    '{ type = "tiered", seed = "1000", max_tiers = 40, profit_percent = 10, point_percent = 12 }'
)
DAILY = '{ type = "schedule", cash = "1000" }'

HEAD = """
[accounts.main]
broker = "paper"
market = "XNYS"
currency = "USD"
[accounts.main.paper]
prices = { TQQQ = "100", SOXL = "50" }
[reconcile]
seconds = 3600
[schedule]
catch_up_minutes = 30
"""
JOBS = """
[[jobs]]
run = "make_orders"
at = "open+5m"
[[jobs]]
run = "twap"
at = ["open+10m", "open+20m", "open+30m", "open+40m"]
"""
BOOK = """
[strategies.{name}]
[books.{name}]
strategy = "{name}"
account = "main"
symbols = ["TQQQ"]
capital = "{capital}"
rule = {rule}
{more}
"""


def house(
    rules: Mapping[str, str], *, jobs: str = JOBS, capital: str = "100000", more: str = ""
) -> str:
    """Write a configuration: each book with its rule, in one New York account."""
    books = (
        BOOK.format(name=name, rule=rule, capital=capital, more=more)
        for name, rule in rules.items()
    )
    return "".join([HEAD, *books, jobs])


def new_york(hour: int, minute: int = 0, *, day: int = 20) -> datetime:
    """A time in November 2026, when New York is five hours behind UTC."""
    return datetime(2026, 11, day, hour + 5, minute, tzinfo=UTC)


async def until(here: World, at: datetime) -> None:
    """Let the world live until a time."""
    await here.pass_time((at - here.clock.now()).total_seconds())


@asynccontextmanager
async def morning(
    folder: Path,
    text: str,
    *,
    at: datetime | None = None,
    clock: LoopClock | None = None,
    closed: Collection[date] = (),
    half: Collection[date] = (),
    seed: int = 1,
) -> AsyncIterator[World]:
    """Start a day at 09:00 in New York, on Friday, 20 November 2026, unless told."""
    clock = clock or LoopClock(at or new_york(9))
    sessions = weekdays(closed=closed, half=half)
    async with world(folder, text, clock=clock, seed=seed, compute_sessions=sessions) as here:
        yield here


def runs(here: World, job: str = "%") -> list[tuple[str, str, str, RunStatus]]:
    """Return job, book, day and status of every run stored, by time."""
    rows = select(here, "SELECT * FROM job_runs WHERE job LIKE ? ORDER BY at, job, book", job)
    return [(row["job"], row["book"], row["day"], RunStatus(row["status"])) for row in rows]
