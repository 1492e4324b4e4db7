"""Settings: the configuration in force without its secrets, calendars, connections."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from daemon.config import unsupported
from daemon.config.describe import describe
from daemon.config.market import Market
from daemon.web.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from adapters.sessions import Session
    from daemon.config.describe import Plain
    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

DAYS_AHEAD = 7


def page(sources: Sources, _: Totals) -> Page:
    """Describe the page."""

    async def load(visit: Visit) -> Mapping[str, object]:
        engine = sources.engine
        reasons = sources.readiness.reasons()
        return {
            "tables": {
                name: list(rows_of(table)) if isinstance(table, dict | list) else [("", table)]
                for name, table in describe(engine.config).items()
            },
            "warnings": [str(each) for each in unsupported(engine.config)],
            "checks": [
                (name, account.broker, reasons.get(f"account {name}"))
                for name, account in sorted(engine.registry.accounts.items())
            ],
            "others": {
                visit.words.check(check): why
                for check, why in reasons.items()
                if not check.startswith("account ")
            },
            "calendars": {
                market.value: _sessions(sources, market, visit.now)
                for market in Market
                if any(each.market == market for each in engine.registry.accounts.values())
            },
            "days": DAYS_AHEAD,
        }

    return Page(
        path="/settings",
        summary="Settings, for people: configuration, calendars, connections.",
        template="settings.html",
        load=load,
    )


def rows_of(node: Plain, path: str = "") -> Iterator[tuple[str, Plain]]:
    """Return every key with its value, by its path; an empty table is a value."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from rows_of(value, f"{path}.{key}" if path else key)
    elif isinstance(node, list) and any(isinstance(each, dict) for each in node):
        for number, value in enumerate(node):
            yield from rows_of(value, f"{path}[{number}]")
    elif isinstance(node, list):
        yield path, ", ".join(map(str, node))
    elif isinstance(node, bool):
        yield path, str(node).lower()
    else:
        yield path, "" if node in ({}, None) else node


def _sessions(sources: Sources, market: Market, now: datetime) -> list[Session] | None:
    """Return the sessions of the next days; None for a market that never closes."""
    calendar = sources.engine.calendars.known(market)
    if market is Market.ALWAYS_OPEN or calendar is None:
        return None
    first = calendar.day_at(now)
    found = (calendar.session_on(first + timedelta(days=number)) for number in range(DAYS_AHEAD))
    return [each for each in found if each is not None]
