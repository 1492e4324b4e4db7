"""What a book holds, at which prices, with how much cash: all of it read within a short time.

Everything is the book's own. The broker only narrows it: no more can be sold than the account has
there, and no more spent than it lets be spent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from adapters.broker import BrokerError, BrokerUnavailableError, BuyingPower
from algorithms.decimals import ZERO, subtract, to_text, total
from algorithms.domain import ChildState, Side, Symbol
from algorithms.instruments import default_instrument
from algorithms.rebalancing.holdings import Asset, Portfolio, Problem
from algorithms.rebalancing.targets import UNCLASSED
from daemon.storage.rows import child_from_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from adapters.broker import Broker, Holdings, Quote
    from algorithms.instruments import Instrument
    from algorithms.rebalancing.targets import Targets
    from daemon.execution.services import Services
    from daemon.registry import Book
    from daemon.storage.tx import View

ASKED_AT_ONCE = 4
"""Questions that wait together: a broker that takes one a second answers them all in time."""
TRIES = 3
"""How often a broker is asked that does not answer."""

KIS_IN_KOREA = ("kis", "XKRX")
FUNDS = frozenset({"etf", "etn", "elw"})
"""Types of paper whose sales bear no tax in Korea; KIS is the broker that tells them apart."""

T = TypeVar("T")


class NoSnapshotError(Exception):
    """Not even a part of a snapshot could be taken; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A book at one moment. ``problems``: what is missing of it, or too old.

    ``late`` is cash of the book that the broker does not let be spent (yet).
    """

    book: Book
    portfolio: Portfolio
    late: Decimal
    at: datetime
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Priced:
    """What the broker said of a ticker; ``quote`` None with the reason in ``problem``."""

    instrument: Instrument
    quote: Quote | None
    problem: Problem | None


class Snapshots:
    """Takes snapshots of portfolio books."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def take(self, book: Book, targets: Targets) -> Snapshot:
        """Read everything anew. Raises NoSnapshotError."""
        seconds = float(self._services.current.setup.config.rebalancing.snapshot_max_seconds)
        broker = self._services.brokers.get(book.account.name)
        if broker is None:
            message = f"account {book.account.name} is not connected"
            raise NoSnapshotError(Problem("not_connected", None, message))
        # Lots and ticks do not grow old, so asking for them takes nothing of the time.
        instruments = await self._instruments(book, targets)
        try:
            async with asyncio.timeout(seconds):
                return await self._take(broker, book, targets, instruments, seconds)
        except TimeoutError as error:
            message = f"holdings, prices and cash were not all read within {seconds:g} s"
            raise NoSnapshotError(Problem("snapshot_too_old", None, message)) from error
        except BrokerError as error:
            raise NoSnapshotError(Problem("broker_silent", None, str(error))) from error

    async def _take(
        self,
        broker: Broker,
        book: Book,
        targets: Targets,
        instruments: Mapping[Symbol, _Priced],
        seconds: float,
    ) -> Snapshot:
        clock, persistence = self._services.clock, self._services.persistence
        began = clock.now()
        holdings = await broker.holdings()
        power = await self._power(broker, book, holdings)
        keep = frozenset(self._services.current.setup.config.rebalancing.keep)
        priced = await self._prices(book, instruments)
        # Read last: what was filled meanwhile is in it.
        rows = await persistence.read(lambda view: _positions(view, book))
        cash = next((row for row in rows if row["asset"] == book.account.currency), None)
        own = _own(rows, book, keep)
        tickers = dict.fromkeys((*priced, *own))
        owner = targets.class_of()
        assets = {
            ticker: _asset(
                priced.get(ticker) or _unasked(book, ticker),
                owner.get(ticker, UNCLASSED),
                own.get(ticker),
                holdings,
                untaxed=_is_untaxed(book, priced.get(ticker)),
            )
            for ticker in tickers
        }
        quantity, free = _amounts(cash)
        problems = [each.problem for each in priced.values() if each.problem is not None]
        problems += _too_old(priced, began, timedelta(seconds=seconds))
        problems += _short(own)
        return Snapshot(
            book=book,
            portfolio=Portfolio(quantity, assets, max(min(free, power), ZERO)),
            late=max(subtract(free, power), ZERO),
            at=began,
            problems=tuple(problems),
        )

    async def _power(self, broker: Broker, book: Book, holdings: Holdings) -> Decimal:
        """Cash that the broker lets the account spend on new orders."""
        currency = book.account.currency
        if isinstance(broker, BuyingPower):
            return await broker.buying_power(currency)

        def promised(view: View) -> Decimal:
            rows = view.fetch("live_children_of_account", account=book.account.name)
            children = (child_from_row(row) for row in rows)
            return total(
                child.reserved
                for child in children
                if child.side is Side.BUY and child.state is not ChildState.PLANNED
            )

        reserved = await self._services.persistence.read(promised)
        return subtract(holdings.cash.get(currency, ZERO), reserved)

    async def _instruments(self, book: Book, targets: Targets) -> dict[Symbol, _Priced]:
        """Ask how everything trades that is a target or held; no prices yet."""
        keep = frozenset(self._services.current.setup.config.rebalancing.keep)
        read = self._services.persistence.read
        held = _own(await read(lambda view: _positions(view, book)), book, keep)
        tickers = [t for t in dict.fromkeys((*targets.class_of(), *held)) if t not in keep]
        market, account = self._services.market, book.account.name

        async def ask(ticker: Symbol) -> _Priced:
            try:
                instrument = await _patiently(lambda: market.instrument(account, ticker))
            except BrokerError as error:
                problem = Problem("no_price", ticker, str(error))
                return _Priced(_unasked(book, ticker).instrument, None, problem)
            return _Priced(instrument, None, None)

        return await _each(tickers, ask)

    async def _prices(self, book: Book, known: Mapping[Symbol, _Priced]) -> dict[Symbol, _Priced]:
        market, account = self._services.market, book.account.name

        async def ask(ticker: Symbol) -> _Priced:
            priced = known[ticker]
            if priced.problem is not None:
                return priced
            try:
                quote = await _patiently(lambda: market.quote(account, ticker))
            except BrokerError as error:
                return replace(priced, problem=Problem("no_price", ticker, str(error)))
            return replace(priced, quote=quote)

        return await _each(known, ask)


async def _each(
    tickers: Iterable[Symbol], ask: Callable[[Symbol], Awaitable[_Priced]]
) -> dict[Symbol, _Priced]:
    """Ask about every ticker, some at a time."""
    turns = asyncio.Semaphore(ASKED_AT_ONCE)

    async def in_turn(ticker: Symbol) -> _Priced:
        async with turns:
            return await ask(ticker)

    asked = list(tickers)
    return dict(zip(asked, await asyncio.gather(*map(in_turn, asked)), strict=True))


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask a broker that may be busy, a few times. Raises BrokerError."""
    for _ in range(TRIES - 1):
        try:
            return await ask()
        except BrokerUnavailableError:
            continue
    return await ask()


def _positions(view: View, book: Book) -> list[sqlite3.Row]:
    rows = view.fetch("positions_of_account", account=book.account.name)
    return [row for row in rows if row["book"] == book.name]


def _own(
    rows: Iterable[sqlite3.Row], book: Book, keep: Collection[Symbol]
) -> dict[Symbol, sqlite3.Row]:
    """Return what is held, but for cash and what is left alone."""
    return {
        Symbol(row["asset"]): row
        for row in rows
        if row["asset"] != book.account.currency
        and row["asset"] not in keep
        and Decimal(row["quantity"])
    }


def _unasked(book: Book, ticker: Symbol) -> _Priced:
    """What stands for a ticker of which the broker was not asked, or did not answer."""
    account = book.account
    return _Priced(default_instrument(ticker, account.market, account.currency), None, None)


def _amounts(row: sqlite3.Row | None) -> tuple[Decimal, Decimal]:
    """Return what a book has of something, and what of it is promised to no order."""
    if row is None:
        return ZERO, ZERO
    quantity = Decimal(row["quantity"])
    return quantity, subtract(quantity, Decimal(row["reserved"]))


def _is_untaxed(book: Book, priced: _Priced | None) -> bool:
    is_fund = priced is not None and priced.instrument.type in FUNDS
    return is_fund and (book.account.broker, book.account.market) == KIS_IN_KOREA


def _asset(
    priced: _Priced,
    asset_class: str,
    row: sqlite3.Row | None,
    holdings: Holdings,
    *,
    untaxed: bool,
) -> Asset:
    ticker = priced.instrument.symbol
    held, free = _amounts(row)
    return Asset(
        asset_class=asset_class,
        instrument=priced.instrument,
        price=None if priced.quote is None else priced.quote.last,
        held=max(held, ZERO),
        name=ticker,
        sellable=max(min(free, holdings.positions.get(ticker, ZERO)), ZERO),
        untaxed=untaxed,
    )


def _too_old(
    priced: Mapping[Symbol, _Priced], began: datetime, most: timedelta
) -> Iterable[Problem]:
    for ticker, each in priced.items():
        if each.quote is not None and began - each.quote.at > most:
            since = each.quote.at.isoformat(timespec="seconds")
            message = f"its price is of {since}, older than {most.total_seconds():g} s"
            yield Problem("price_too_old", ticker, message)


def _short(own: Mapping[Symbol, sqlite3.Row]) -> Iterable[Problem]:
    for ticker, row in own.items():
        if Decimal(row["quantity"]) < ZERO:
            message = f"the book holds {to_text(Decimal(row['quantity']))} of it"
            yield Problem("below_zero", ticker, message)
