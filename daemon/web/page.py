"""What a page is, and what pages are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import aiosql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import TypeVar

    from aiohttp import web

    from adapters.clock import Clock
    from adapters.sqlite.driver import SqliteDriver
    from daemon.administration import Administration
    from daemon.api.errors import ErrorCode
    from daemon.api.health import Readiness
    from daemon.api.operation import Parameter
    from daemon.api.sessions import Sessions
    from daemon.api.views import Lists
    from daemon.config.service import Locale
    from daemon.engine import Engine
    from daemon.i18n import Words
    from daemon.storage.tx import SqlValue
    from daemon.web.formats import Formats

    T = TypeVar("T")

QUERIES = Path(__file__).with_name("pages.sql")


class Fetch(Protocol):
    """Asks the database a query of ``pages.sql``."""

    def __call__(self, query: str, **values: SqlValue) -> list[sqlite3.Row]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where pages get what they show. ``reader``: a connection that only reads."""

    engine: Engine
    admin: Administration
    lists: Lists
    reader: SqliteDriver
    readiness: Readiness
    sessions: Sessions
    clock: Clock

    async def read(self, work: Callable[[Fetch], T]) -> T:
        """Ask several queries in one trip to the database."""

        def run(database: sqlite3.Connection) -> T:
            def fetch(query: str, **values: SqlValue) -> list[sqlite3.Row]:
                return database.execute(queries()[query], values).fetchall()

            return work(fetch)

        return await self.reader.run(run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at a page."""

    request: web.Request
    locale: Locale
    words: Words
    formats: Formats
    now: datetime

    def asked(self, key: str) -> str:
        """Return a value of the query; empty if it is not there."""
        return self.request.query.get(key, "")


class Load(Protocol):
    """Gathers what a template shows. Raises Refused and BadInput."""

    async def __call__(self, visit: Visit, /) -> Mapping[str, object]: ...


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page. ``under``: the path in the menu that it belongs to, its own if left out.

    ``is_kept``: whether everybody who asks within a second may see the same.
    ``title`` is what the menu calls it; ``load`` may return another one as ``title``.
    """

    path: str
    summary: str
    template: str
    load: Load
    under: str = ""
    in_path: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    codes: frozenset[ErrorCode] = frozenset()
    is_kept: bool = True

    @cached_property
    def menu_path(self) -> str:
        """The entry of the menu that is marked while one is here."""
        return self.under or self.path


@lru_cache(maxsize=1)
def queries() -> Mapping[str, str]:
    """Return the queries of pages by their names."""
    found = aiosql.from_path(QUERIES, "sqlite3", mandatory_parameters=False)
    return {name: str(getattr(found, name).sql) for name in found.available_queries}


def narrowed(visit: Visit, keys: tuple[str, ...]) -> dict[str, str]:
    """Return what the query asks of a list; a filter that was left empty asks for nothing."""
    return {key: visit.asked(key) for key in keys if visit.asked(key)}


def next_page(visit: Visit, after: str | None) -> str | None:
    """Return where older items are; None if there are none."""
    return None if after is None else str(visit.request.rel_url.update_query(after=after))
