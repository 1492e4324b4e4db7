"""Jobs that get in each other's way: the same one twice, slices closer than a slice may take."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from algorithms.decimals import to_text
from daemon.config.jobs import Anchor, JobKind, JobTime, read_job_time
from daemon.config.market import Market, read_market
from daemon.config.tables import Conflict, attempt, entries, items, table, texts
from daemon.config.trading import TwapConfig
from daemon.config.values import read_decimal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.config.problems import KeyPath
    from daemon.config.tables import Tables

_DAY_S = 86_400


class RegularDay(NamedTuple):
    """An ordinary session; offsets count from midnight in the exchange's time zone."""

    zone: str
    open: timedelta
    close: timedelta


REGULAR_DAYS = {
    Market.XKRX: RegularDay("Asia/Seoul", timedelta(hours=9), timedelta(hours=15.5)),
    Market.XNYS: RegularDay("America/New_York", timedelta(hours=9.5), timedelta(hours=16)),
    Market.ALWAYS_OPEN: RegularDay("UTC", timedelta(0), timedelta(hours=24)),
}
_WINTER, _SUMMER = date(2026, 1, 15), date(2026, 7, 15)
"""Both sides of every daylight saving change: times of two zones may differ between them."""


class _Run(NamedTuple):
    """One time of one job. ``accounts`` None: all."""

    job: int
    place: KeyPath
    time: JobTime
    accounts: frozenset[str] | None

    def shares_account_with(self, other: _Run) -> bool:
        if self.accounts is None or other.accounts is None:
            return True
        return not self.accounts.isdisjoint(other.accounts)


def find_jobs_twice(tables: Tables) -> Iterator[Conflict]:
    """The same job at the same time for the same account."""
    seen: defaultdict[tuple[str, JobTime], list[_Run]] = defaultdict(list)
    for kind, run in _runs(tables):
        earlier = seen[kind, run.time]
        twin = next((each for each in earlier if run.shares_account_with(each)), None)
        if twin is not None:
            yield Conflict(
                ("jobs", run.job, "at", *run.place),
                f"the same job runs at {run.time} already (jobs.{twin.job})",
                "leave one of them out",
            )
        earlier.append(run)


def find_slices_too_close(tables: Tables) -> Iterator[Conflict]:
    """A slice must have been cancelled before the next one of its account is due."""
    default = Decimal(TwapConfig().fill_timeout_seconds)
    timeout = attempt(read_decimal, table(tables, "twap").get("fill_timeout_seconds", default))
    gaps = _gaps(tables)
    if timeout is None or not gaps:
        return
    gap, account = min(gaps)
    if timeout >= gap:
        yield Conflict(
            ("twap", "fill_timeout_seconds"),
            f"{to_text(timeout)} s is not shorter than the smallest gap between twap jobs: "
            f"{gap} s in account {account}",
            "shorten it, or spread the times",
        )


def _runs(tables: Tables) -> Iterator[tuple[str, _Run]]:
    """Each time of each job, with what it runs."""
    for number, job in items(tables, "jobs"):
        names = job.get("accounts")
        accounts = None if names is None else frozenset(name for _, name in texts(names))
        for place, text in texts(job.get("at")):
            time = attempt(read_job_time, text)
            if time is not None and isinstance(kind := job.get("run"), str):
                yield kind, _Run(number, place, time, accounts)


def _gaps(tables: Tables) -> list[tuple[int, str]]:
    """For each account the smallest gap between its slices, in seconds, and its name."""
    everywhere: set[JobTime] = set()
    only_in: defaultdict[str, set[JobTime]] = defaultdict(set)
    for kind, run in _runs(tables):
        if kind == JobKind.TWAP:
            for times in (
                [everywhere] if run.accounts is None else [only_in[name] for name in run.accounts]
            ):
                times.add(run.time)
    gaps: list[tuple[int, str]] = []
    for name, account in entries(tables, "accounts").items():
        market = attempt(read_market, account.get("market"))
        here = frozenset(everywhere | only_in.get(name, set()))
        if market is not None and len(here) > 1:
            gaps.append((_smallest_gap(market, here), name))
    return gaps


@lru_cache(maxsize=256)
def _smallest_gap(market: Market, times: frozenset[JobTime]) -> int:
    """Seconds between the two closest times of an ordinary day, across midnight, too."""
    gaps: list[int] = []
    for day in (_WINTER, _SUMMER):
        seconds = sorted(_second_of_day(market, time, day) for time in times)
        gaps += (later - earlier for earlier, later in pairwise(seconds))
        gaps.append(seconds[0] + _DAY_S - seconds[-1])
    return min(gaps)


def _second_of_day(market: Market, time: JobTime, day: date) -> int:
    """When a job runs on an ordinary day, in seconds after midnight at the exchange."""
    regular = REGULAR_DAYS[market]
    if time.anchor is not Anchor.MIDNIGHT:
        start = regular.open if time.anchor is Anchor.OPEN else regular.close
        return int((start + time.offset).total_seconds()) % _DAY_S
    if time.zone is None:
        return int(time.offset.total_seconds())
    there = datetime.combine(day, clock(), time.zone) + time.offset
    here = there.astimezone(ZoneInfo(regular.zone))
    return here.hour * 3600 + here.minute * 60 + here.second
