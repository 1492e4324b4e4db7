"""What the page of benchmarks measures: each section in a process of its own, within a time.

``python -m tests.bench.sections NAME`` measures one and writes its figures as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import uvloop

from tests.bench import (
    cancel,
    listing,
    loc,
    loc_month,
    loc_month_at_kis,
    netting,
    pages,
    rebalancing,
    recovery,
    startup,
    twap,
    webhook,
)
from tests.bench.figures import Figure, to_json
from tests.kis_days.crowd import play_crowd
from tests.simulation.playing import PROCESSORS, play_each
from tests.year.__main__ import AROUND, FIRST, LAST
from tests.year.story import live, real_sessions

if TYPE_CHECKING:
    from collections.abc import Callable

MB = "MB"
MANY_MB = 100
"""Ten thousand cancels at once have 10 KB each, connections included."""
LARGE = 100_000
ROUNDS = 3
SECONDS = 3.0
DAYS = 64
KIS_PAPER = timedelta(hours=1)
NOISE = 1.5
"""A thing that takes as long as another does so within this, on a machine that does other work."""
N_LOG_N = 24.0
"""Ten times the orders take 12 times the steps, each up to twice as long beyond the processor's
caches. A loop within a loop would take 100 times as long."""


@dataclass(frozen=True, slots=True)
class Section:
    """``within_s``: it is ended after this, and its figures count as not measured."""

    measure: Callable[[], list[Figure]]
    within_s: float


def _webhooks() -> list[Figure]:
    options = argparse.Namespace(rounds=ROUNDS, seconds=SECONDS, connections=webhook.CONNECTIONS)
    rows = {row.server: row for row in webhook.compare(webhook.run(options, lambda _: None))}
    bare, ours, one = (rows[each] for each in (webhook.BARE, webhook.DAEMON, webhook.ONE_COMMIT))
    unlike = rows[webhook.UNLIKE]
    beside = f"bare server: {bare.requests_a_second:,.0f}/s, p99 {bare.p99_ms:.1f} ms"
    return [
        Figure(
            name="webhooks, of a bare server",
            value=ours.of_bare,
            goal=0.5,
            at_least=True,
            beside=beside,
        ),
        Figure(name="their p99, of a bare server's", value=ours.p99_of_bare, goal=3, beside=beside),
        Figure(name="webhooks a second", value=ours.requests_a_second, beside=beside),
        Figure(name="no two webhooks alike, of a bare server", value=unlike.of_bare, beside=beside),
        Figure(
            name="webhooks, of one commit each",
            value=ours.of_bare / one.of_bare,
            beside=f"one commit each: {one.requests_a_second:,.0f}/s",
        ),
    ]


def _netting() -> list[Figure]:
    rows = netting.run(lambda _: None, LARGE)
    large = {row.case: row for row in rows if row.size == LARGE}
    at_400 = {row.case: row.seconds for row in rows if row.size == netting.TRIPLE_LOOP_SIZES[-1]}
    group, sizes = large["all of a group, random sizes"], large["random sizes"]
    loop, rule = at_400["plain triple loop"], at_400["the same pairs by the rule"]
    return [
        Figure(name="netting 100,000 against 100,000", value=sizes.seconds, unit="s", goal=1),
        Figure(name="a netting run of them, in decimals", value=group.seconds, unit="s"),
        Figure(
            name="netting, growth for ten times the orders",
            value=max(row.growth or 0 for row in large.values() if row is not group),
            unit="times",
            goal=N_LOG_N,
        ),
        Figure(
            name="netting, of the triple loop at 400",
            value=loop / rule,
            unit="times as fast",
            goal=10,
            at_least=True,
            beside=f"triple loop: {loop:.2f} s",
        ),
    ]


def _cancels() -> list[Figure]:
    got = uvloop.run(cancel.measure())
    threads = f"{cancel.THREADS} threads: {got.threads:.2f} s"
    return [
        Figure(
            name="1,000 cancels in 100 accounts, of the latency",
            value=got.ours / cancel.LATENCY_S,
            unit="times",
            goal=3,
            beside=f"latency: {cancel.LATENCY_S * 1000:.0f} ms",
        ),
        Figure(
            name="the same, of ten threads",
            value=got.threads / got.ours,
            unit="times as fast",
            goal=30,
            at_least=True,
            beside=threads,
        ),
        Figure(
            name="the same beside a dead account",
            value=got.beside_dead / got.ours,
            unit="times as long",
            goal=NOISE,
            beside=f"alone: {got.ours * 1000:.0f} ms",
        ),
        Figure(name="10,000 cancels in 1,000 accounts", value=got.many, unit="s"),
        Figure(
            name="the loop stood still meanwhile",
            value=got.many_lag.worst_s * 1000,
            unit="ms",
            goal=50,
        ),
        Figure(name="memory for them", value=got.many_mb, unit=MB, goal=MANY_MB),
    ]


def _startup() -> list[Figure]:
    quiet = asyncio.run(startup.idle())
    return [
        Figure(name="ready after a start", value=quiet.ready_s, unit="s", goal=1),
        Figure(name="memory when idle", value=quiet.memory_mb, unit=MB, goal=75),
        Figure(name="processor when idle", value=quiet.cpu_percent, unit="%", goal=1),
    ]


def _recovery() -> list[Figure]:
    got = asyncio.run(recovery.recovery())
    return [
        Figure(
            name="all works after a kill with 100,000 open orders",
            value=got.works_s if got.is_of(recovery.ROWS) else None,
            unit="s",
            goal=2,
            beside=got.told(),
        )
    ]


def _lists() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(listing.measure(Path(folder), 1.0, rounds=5))
    worst = max(rows, key=lambda row: row.median)
    return [
        Figure(
            name="slowest list of 1,000 books, 100,000 fills",
            value=worst.median * 1000,
            unit="ms",
            goal=50,
            beside=worst.path,
        )
    ]


def _pages() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(pages.pages(Path(folder)))
    worst = max(rows, key=lambda row: row.first_ms)
    return [
        Figure(
            name="slowest first page of 100 books, 100,000 fills",
            value=worst.first_ms,
            unit="ms",
            goal=200,
            beside=worst.path,
        )
    ]


def _browsers() -> list[Figure]:
    options = argparse.Namespace(seconds=SECONDS, connections=64, browsers=pages.BROWSERS)
    rounds = [pages._round(options) for _ in range(ROUNDS)]  # noqa: SLF001 - its own main's
    ratio = median(each.watched.requests_a_second / each.alone.requests_a_second for each in rounds)
    alone = median(each.alone.requests_a_second for each in rounds)
    return [
        Figure(
            name="webhooks beside 200 open pages",
            value=ratio,
            goal=1 / NOISE,
            at_least=True,
            beside=f"without pages: {alone:,.0f}/s",
        )
    ]


def _twap() -> list[Figure]:
    ticks = [uvloop.run(twap.measure()) for _ in range(ROUNDS)]
    return [
        Figure(
            name="TWAP tick of 1,000 books, 10,000 orders",
            value=median(seconds for seconds, _ in ticks),
            unit="s",
            goal=1,
        )
    ]


def _loc() -> list[Figure]:
    rows = {row.case: row for row in loc.run() if row.size == loc.LARGEST}
    worst = rows["curve and ladder, all prices differ"]
    return [
        Figure(name="LOC curve and ladder of 100,000", value=worst.seconds, unit="s", goal=1),
        Figure(
            name="LOC, growth for ten times the orders",
            value=worst.growth,
            unit="times",
            goal=N_LOG_N,
        ),
    ]


def _loc_months() -> list[Figure]:
    return [
        _ladders("a month of ladders saves", loc_month.month),
        _ladders("a month of them at KIS saves", loc_month_at_kis.month),
    ]


def _ladders(name: str, lived: Callable[[str, int], list[loc_month.Evening]]) -> Figure:
    one_by_one, ladder = lived("orders", loc_month.MONTH), lived("ladder", loc_month.MONTH)
    equal = [each.books for each in one_by_one] == [each.books for each in ladder]
    saved = 100 * (1 - ladder[-1].fees / one_by_one[-1].fees)
    return Figure(
        name=f"commission that {name}",
        value=float(saved) if equal else None,
        unit="%",
        goal=0.1,
        at_least=True,
        beside=f"one by one: {one_by_one[-1].fees}",
    )


def _rebalancing() -> list[Figure]:
    rows = [row for row in rebalancing.run() if row.tickers == 1000]
    down, near, greedy = rebalancing.tracking_errors()
    return [
        *(
            Figure(name=f"{row.case}, 1,000 tickers", value=row.seconds * 1000, unit="ms", goal=100)
            for row in rows
        ),
        Figure(
            name="tracking error of nearest_cash, of rounding down",
            value=float(near / down),
            goal=1,
            beside=f"rounded down: {down:.2f} %",
        ),
        Figure(
            name="the same, of the greedy allocation",
            value=float(near / greedy),
            goal=1,
            beside=f"greedy: {greedy:.2f} %",
        ),
    ]


def _kis_paper() -> list[Figure]:
    got = play_crowd(1, KIS_PAPER)
    beside = f"{got.orders} orders in {got.asked:,} requests of three accounts"
    return [
        Figure(
            name="refusals for the rate in an hour at KIS paper",
            value=got.throttled,
            goal=0,
            beside=beside,
        ),
        Figure(
            name="what else was wrong in it",
            value=len(got.wrong),
            goal=0,
            beside=f"slowest cancel left after {got.slowest_cancel_s:.2f} s",
        ),
    ]


def _year() -> list[Figure]:
    sessions = real_sessions(*AROUND)
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        told = live(Path(folder), sessions, first=FIRST, last=LAST, downs=20, seed=1)
        took = perf_counter() - began
    return [
        Figure(
            name="a year of ten bots in Seoul and New York",
            value=took,
            unit="s",
            goal=120,
            beside=f"{told.evenings} evenings, books equal the broker on each",
        )
    ]


def _simulation() -> list[Figure]:
    began = perf_counter()
    days = list(play_each(range(1, DAYS + 1)))
    lasted = perf_counter() - began
    wrong = [outcome.seed for outcome, _ in days if outcome.wrong]
    return [
        Figure(
            name="a simulated day",
            value=None if wrong else lasted / DAYS,
            unit="s",
            goal=0.3,
            beside=f"{DAYS} days on {PROCESSORS} processors, {len(wrong)} wrong",
        ),
        Figure(
            name="a simulated day, of one processor",
            value=sum(spent for _, spent in days) / DAYS,
            unit="s",
        ),
    ]


SECTIONS = {
    "webhooks": Section(_webhooks, 240),
    "netting": Section(_netting, 120),
    "cancels": Section(_cancels, 120),
    "startup": Section(_startup, 90),
    "recovery": Section(_recovery, 240),
    "lists": Section(_lists, 120),
    "pages": Section(_pages, 120),
    "browsers": Section(_browsers, 180),
    "twap": Section(_twap, 120),
    "loc": Section(_loc, 90),
    "loc_months": Section(_loc_months, 240),
    "rebalancing": Section(_rebalancing, 180),
    "kis_paper": Section(_kis_paper, 180),
    "simulation": Section(_simulation, 90),
    "year": Section(_year, 400),
}
"""Each takes a quarter of its time on a quiet machine, or less: all of them some eight minutes."""


def main() -> None:
    """Measure one section."""
    sys.stdout.buffer.write(to_json(SECTIONS[sys.argv[1]].measure()))


if __name__ == "__main__":
    main()
