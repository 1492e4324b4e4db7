"""The plan of a live book, checked whole: everything that stands against it is told together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from algorithms.decimals import ZERO, to_text
from algorithms.domain import Side, Symbol
from algorithms.rebalancing.drift import Thresholds
from algorithms.rebalancing.holdings import Fees, Problem
from algorithms.rebalancing.in_force import Setting, in_force
from algorithms.rebalancing.plan import DEFAULT_THRESHOLDS, Plan, Rounding, Settings, make_plan
from daemon.brokers.shadows import configured
from daemon.rebalancing.runs import targets_of, unfinished_run
from daemon.rebalancing.snapshot import Snapshots
from daemon.storage.rows import from_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Collection, Iterator
    from datetime import datetime

    from adapters.sessions import Sessions
    from algorithms.domain import AccountName
    from algorithms.rebalancing.targets import Targets
    from daemon.execution.services import Services
    from daemon.rebalancing.snapshot import Snapshot
    from daemon.registry import Book
    from daemon.storage.tx import View

FUTURES = "futures"
SETTINGS_LOOKED_AT = 1000
"""Targets older than so many others are never in force."""


@dataclass(frozen=True, slots=True)
class StoredTargets:
    """Targets as they were set, by whom and when."""

    id: str
    targets: Targets
    set_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredThresholds:
    """``updated_at`` None: nobody has changed them yet."""

    thresholds: Thresholds
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan, and the snapshot it was made from."""

    plan: Plan
    snapshot: Snapshot
    settings: Settings


class Planner:
    """Plans rebalances of portfolio books."""

    def __init__(
        self, services: Services, sessions_of: Callable[[AccountName], Awaitable[Sessions]]
    ) -> None:
        self._services = services
        self._sessions_of = sessions_of
        self.snapshots = Snapshots(services)

    async def targets(self, book: Book) -> StoredTargets | None:
        """Return the targets in force for a book's account; None: none were seen long enough.

        Raises CalendarError while the market's days are not known.
        """
        account = configured(book.account.name)
        sessions = await self._sessions_of(account)
        days = self._services.current.setup.config.rebalancing.confirm_days
        today = sessions.day_at(self._services.clock.now())

        limit = SETTINGS_LOOKED_AT if days > 1 else 1

        def read(view: View) -> list[StoredTargets]:
            return stored_targets(view, account, limit)

        newest_first = await self._services.persistence.read(read)
        settings = [
            Setting(sessions.day_at(each.at), each, each.targets) for each in reversed(newest_first)
        ]
        return in_force(settings, today, days, sessions.days_since)

    async def draft(
        self, book: Book, targets: Targets, *, slices: int = 1, goes_on: bool = False
    ) -> Draft:
        """Plan a rebalance, or the first of so many slices of it. Raises NoSnapshotError.

        ``goes_on``: it has begun, so that it is needed however small the drifts are by now.
        """
        snapshot = await self.snapshots.take(book, targets)
        settings = await self.settings(book, slices=slices)
        if goes_on:
            settings = replace(settings, thresholds=Thresholds(ZERO, ZERO))
        plan = make_plan(snapshot.portfolio, targets, settings)
        coming = await self._services.persistence.read(lambda view: _coming(view, book))
        found = (
            *snapshot.problems,
            *self._forbidden(book, plan, targets),
            *_bought_already(book, plan, coming),
            *plan.problems,
        )
        problems = {(each.code, each.ticker): each for each in reversed(found)}
        if problems:
            plan = replace(
                plan, problems=tuple(reversed(problems.values())), sells=(), buys=(), large=()
            )
        return Draft(plan, snapshot, settings)

    async def settings(self, book: Book, *, slices: int = 1) -> Settings:
        """Return what plans of a book go by now."""
        config = self._services.current.setup.config.rebalancing
        stored = await self._services.persistence.read(stored_thresholds)
        account = book.account
        return Settings(
            thresholds=stored.thresholds,
            fees=Fees(account.commission_percent, account.sell_tax_percent),
            rounding=Rounding(config.rounding.value),
            cash_buffer_percent=config.cash_buffer_percent,
            max_order_percent=config.max_order_percent,
            slices=slices,
        )

    def _forbidden(self, book: Book, plan: Plan, targets: Targets) -> Iterator[Problem]:
        """Yield what people have ruled out: halts, switches, symbols, limits of [risk]."""
        setup = self._services.current.setup
        objection = forbidden(self._services, book)
        if objection is not None:
            yield Problem("forbidden", None, objection)
        for ticker in dict.fromkeys((*targets.weights(), *plan.net_trade)):
            if not book.trades(ticker):
                message = f"{book.name} may not trade it: see books.{book.name}.symbols"
                yield Problem("symbol_not_in_book", ticker, message)
        for order in (*plan.sells, *plan.buys):
            ticker = order.asset.ticker
            names = (book.account.name, book.strategy, book.name)
            objection = self._services.halts.reason(*names, ticker) or setup.risk.objection(
                order.quantity, limit=order.limit, stop=None, price=order.asset.price
            )
            if objection is not None:
                yield Problem("forbidden", ticker, objection)


def _coming(view: View, book: Book) -> frozenset[Symbol]:
    """Return what open orders of a book may still buy, but for those of a run that goes on."""
    run = unfinished_run(view, book.account.name)
    mine = None if run is None else run.request_id
    return frozenset(
        Symbol(row["symbol"])
        for row in view.fetch("live_parents_of_account", account=book.account.name)
        if row["book"] == book.name and row["side"] == Side.BUY.value and row["request_id"] != mine
    )


def _bought_already(book: Book, plan: Plan, coming: Collection[Symbol]) -> Iterator[Problem]:
    """Yield what would be bought twice: what an open order buys is neither held nor missing."""
    for ticker, change in plan.net_trade.items():
        if change > ZERO and ticker in coming:
            message = f"an open order of {book.name} buys it: let it end, or cancel it"
            yield Problem("order_open", ticker, message)


def forbidden(services: Services, book: Book) -> str | None:
    """Why a book may order nothing now, or None."""
    if not book.active:
        return f"{book.name} is switched off in the configuration"
    if book.account.market_type == FUTURES:
        return f"{book.account.name} trades futures, and only what is owned is rebalanced"
    halted = services.halts.reason(book.account.name, book.strategy, book.name)
    return halted or services.current.setup.risk.not_live(book.account)


def stored_thresholds(view: View) -> StoredThresholds:
    """Return the thresholds in force."""
    row = view.fetch_one("rebalancing_config")
    if row is None:
        return StoredThresholds(DEFAULT_THRESHOLDS, None)
    found = Thresholds(
        Decimal(row["mp_threshold_percent"]), Decimal(row["sub_mp_threshold_percent"])
    )
    return StoredThresholds(found, from_us(row["updated_at"]))


def stored_targets(view: View, account: str, limit: int) -> list[StoredTargets]:
    """Return the targets of an account, newest first."""
    return [_stored(row) for row in view.fetch("rebalancing_targets", account=account, limit=limit)]


def _stored(row: sqlite3.Row) -> StoredTargets:
    targets = targets_of({"mp": orjson.loads(row["mp"]), "sub_mp": orjson.loads(row["sub_mp"])})
    return StoredTargets(row["id"], targets, row["set_by"], from_us(row["at"]))


def snapshot_document(draft: Draft) -> dict[str, object]:
    """Spell what a run is planned from, and the plan, as they are stored and shown."""
    plan, portfolio = draft.plan, draft.snapshot.portfolio
    return {
        "at": draft.snapshot.at.isoformat(),
        "equity": None if plan.equity is None else to_text(plan.equity),
        "cash": to_text(portfolio.cash),
        "buyable": to_text(portfolio.spendable),
        "holdings": {t: to_text(each.held) for t, each in portfolio.assets.items() if each.held},
        "prices": prices_document(draft.snapshot),
        "orders": [
            {
                "ticker": order.asset.ticker,
                "action": order.side.value,
                "quantity": to_text(order.quantity),
                "limit_price": to_text(order.limit),
            }
            for order in (*plan.sells, *plan.buys)
        ],
    }


def prices_document(snapshot: Snapshot) -> dict[Symbol, str]:
    """Spell the prices of a snapshot."""
    return {
        ticker: to_text(asset.price)
        for ticker, asset in snapshot.portfolio.assets.items()
        if asset.price is not None
    }
