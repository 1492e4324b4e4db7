"""Today: what needs somebody, what is next, what happened."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from algorithms.decimals import ZERO, add
from daemon.execution.services import MarketDays
from daemon.ids import id_before
from daemon.jobs.board import NotNowError
from daemon.jobs.office import Timetables
from daemon.web.needs import fetch_needs, needs, notice_text, order_of
from daemon.web.page import Page
from daemon.web.rebalancing import glances

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from daemon.config.jobs import JobKind
    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

OLD = timedelta(days=1)
"""What was dropped longer ago is in the log. An alarm stays until somebody has seen it."""
AHEAD = timedelta(hours=36)
NEXT_MAX = 12
NOTICES_MAX = 40


@dataclass(frozen=True, slots=True)
class Coming:
    """Work at a set time."""

    at: datetime
    kind: JobKind
    accounts: str


@dataclass(slots=True)
class Figures:
    """The day of everything in one currency. ``saved``: so far, not of today alone."""

    gain: Decimal = ZERO
    trades: int = 0
    saved: Decimal = ZERO
    orders: int = 0


def page(sources: Sources, totals: Totals) -> Page:
    """Describe the page."""

    async def load(visit: Visit) -> Mapping[str, object]:
        since = id_before(visit.now - OLD)
        is_whole = await totals.follow(sources)
        rows, notices, live = await sources.read(
            lambda fetch: (
                fetch_needs(fetch, since),
                fetch("notices", limit=NOTICES_MAX),
                {row["account"]: row["orders"] for row in fetch("live")},
            )
        )
        return {
            "needs": needs(rows, sources.readiness.reasons(), visit),
            "coming": await _coming(sources, visit.now),
            "portfolios": await glances(sources),
            "figures": _figures(sources, totals, live, visit.now),
            "is_whole": is_whole,
            "notices": [
                (row, notice_text(row, visit), order_of(orjson.loads(row["params"])))
                for row in notices
            ],
        }

    return Page(
        path="/",
        summary="Today, for people: what needs them, what is next, what happened.",
        template="today.html",
        load=load,
    )


def _figures(
    sources: Sources, totals: Totals, live: Mapping[str, int], now: datetime
) -> dict[str, Figures]:
    """Sum up each currency; sums of different ones would mean nothing."""
    engine = sources.engine
    days = MarketDays(engine.services.current, engine.services.brokers)
    found: defaultdict[str, Figures] = defaultdict(Figures)
    for name, account in engine.registry.accounts.items():
        figures, day = found[account.currency], days(name, now)
        figures.orders += live.get(name, 0)
        figures.saved = add(figures.saved, totals.saved[name].commission)
        for book in engine.registry.books_of_account.get(name, ()):
            traded = totals.gain_on(name, book.name, day)
            figures.trades += traded.trades
            figures.gain = add(figures.gain, traded.gain)
    return dict(sorted(found.items()))


async def _coming(sources: Sources, now: datetime) -> list[Coming]:
    """Tell the next jobs; accounts that do the same at the same time stand together."""
    timetables = Timetables(sources.engine.services, sources.engine.calendars)
    found: defaultdict[tuple[datetime, JobKind], list[str]] = defaultdict(list)
    for name in sources.engine.registry.accounts:
        try:
            timetable = await timetables.of(name)
        except NotNowError:
            continue  # readiness says so
        if timetable.times:
            for due in timetable.between(now, now + AHEAD):
                found[due.at, due.kind].append(name)
    coming = [Coming(at, kind, ", ".join(names)) for (at, kind), names in found.items()]
    return sorted(coming, key=lambda each: each.at)[:NEXT_MAX]
