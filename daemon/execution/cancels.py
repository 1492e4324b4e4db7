"""What a cancel is about: the orders of one strategy, found in our own books only.

The broker knows accounts, not strategies, so a cancel never starts from the broker's list. Here
the orders are found and their wish to end is stored, in the same transaction as the request;
the accounts' workers then see every one of them to its confirmed end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import ParentId
from daemon.execution.answers import Item, Outcome
from daemon.execution.commands import Cancel, CancelAll, Place
from daemon.execution.intake import fits
from daemon.storage.rows import parent_from_row

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from algorithms.domain import ParentOrder, StrategyName
    from daemon.execution.commands import Command, Venue
    from daemon.execution.orders import Orders
    from daemon.registry import Registry
    from daemon.storage.tx import Tx, View

REASON = "cancelled by its strategy"


class CancelDesk:
    """Finds what a strategy wants cancelled."""

    def __init__(self, registry: Registry, orders: Orders) -> None:
        self.registry = registry
        self._orders = orders

    def cancel(
        self, tx: Tx, strategy: StrategyName, command: Cancel | CancelAll, now: datetime
    ) -> tuple[list[ParentId], list[Item]]:
        """Store the wish to end each order meant; return them, and what could not be found."""
        if isinstance(command, CancelAll):
            parents = self.matching(tx, strategy, command)
        else:
            parent = self._by_any_id(tx, strategy, command)
            if parent is None:
                return [], [_not_found(command)]
            parents = [parent]
        for parent in parents:
            self._orders.request_cancel(tx, parent, REASON, now)
        return [parent.id for parent in parents], []

    def matching(self, view: View, strategy: StrategyName, command: CancelAll) -> list[ParentOrder]:
        """Return the strategy's live orders that a CANCEL_ALL_ORDER is about, oldest first."""
        rows = view.fetch("live_parents_of_strategy", strategy=strategy)
        parents = (parent_from_row(row) for row in rows)
        return [
            parent
            for parent in parents
            if (command.symbol is None or command.symbol == parent.symbol)
            and (command.side is None or command.side is parent.side)
            and self._is_meant(parent, command.venue)
        ]

    def covers(self, veto: Command, placed: Place) -> bool:
        """Whether a CANCEL_ALL_ORDER would have cancelled an order that is not placed yet."""
        return (
            isinstance(veto, CancelAll)
            and (veto.symbol is None or veto.symbol == placed.symbol)
            and (veto.side is None or veto.side is placed.side)
            and (
                veto.venue.account is None
                or placed.venue.account is None
                or veto.venue.account == placed.venue.account
            )
        )

    def _is_meant(self, parent: ParentOrder, venue: Venue) -> bool:
        book = self.registry.books.get(parent.book)
        if book is None:
            # The book has left the configuration; its orders can still be cancelled by account.
            return venue.account is None or venue.account == parent.account
        return fits(book, venue)

    def _by_any_id(self, view: View, strategy: StrategyName, command: Cancel) -> ParentOrder | None:
        """Find an order by our id of parent or child, or by the broker's; only the strategy's."""
        row = view.fetch_one("parent_order", id=command.order_id)
        if row is not None:
            parent = parent_from_row(row)
            return parent if parent.strategy == strategy else None
        row = view.fetch_one("child_order", id=command.order_id) or self._by_broker_id(
            view, strategy, command
        )
        if row is None or row["strategy"] != strategy:
            return None
        return self._orders.parent(view, ParentId(row["parent_id"]))

    def _by_broker_id(
        self, view: View, strategy: StrategyName, command: Cancel
    ) -> sqlite3.Row | None:
        """Order numbers may repeat on other days and in other accounts: a live order is meant."""
        books = self.registry.books_of_strategy.get(strategy, ())
        accounts = sorted({book.account.name for book in books if fits(book, command.venue)})
        rows = [
            row
            for account in accounts
            for row in view.fetch(
                "children_by_any_broker_id", account=account, broker_order_id=command.order_id
            )
            if row["strategy"] == strategy
        ]
        live = [row for row in rows if row["ended_at"] is None]
        return next(iter(live or rows), None)


def _not_found(command: Cancel) -> Item:
    return Item(
        account=command.venue.account or "",
        order_id=command.order_id,
        exchange_order_id=None,
        symbol="",
        outcome=Outcome.FAILED,
        error=f"order_not_found: the strategy has no order {command.order_id}",
    )
