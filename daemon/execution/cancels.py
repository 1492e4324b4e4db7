"""What a cancel is about: the orders of one strategy, found in our own books only.

The broker knows accounts, not strategies, so a cancel never starts from the broker's list. Here
the orders are found and their wish to end is stored, in the same transaction as the request;
the accounts' workers then see every one of them to its confirmed end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import ParentId
from daemon.execution.answers import Item, Outcome
from daemon.execution.commands import CancelAll
from daemon.execution.intake import fits
from daemon.storage.rows import parent_from_row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from algorithms.domain import ParentOrder, StrategyName
    from daemon.execution.commands import Cancel, Venue
    from daemon.execution.orders import Orders
    from daemon.setup import Current
    from daemon.storage.tx import Tx, View

REASON = "cancelled by its strategy"


class CancelDesk:
    """Finds what a strategy wants cancelled."""

    def __init__(self, current: Current, orders: Orders) -> None:
        self._current = current
        self._orders = orders

    def cancel(
        self,
        tx: Tx,
        strategy: StrategyName,
        commands: Iterable[Cancel | CancelAll],
        now: datetime,
    ) -> tuple[list[ParentId], list[Item]]:
        """Store the wish to end each order meant.

        Returns the orders whose end has to be waited for, each once however many commands mean
        it, and what there is to say of the rest: ended before, or not to be found.
        """
        wanted, rest = self.find(tx, strategy, commands)
        for parent in wanted:
            self._orders.request_cancel(tx, parent, REASON, now)
        return [parent.id for parent in wanted], rest

    def find(
        self, view: View, strategy: StrategyName, commands: Iterable[Cancel | CancelAll]
    ) -> tuple[list[ParentOrder], list[Item]]:
        """Return the live orders that a cancel is about, and what there is to say of the rest."""
        wanted: dict[ParentId, ParentOrder] = {}
        known: dict[str, Item] = {}
        for command in commands:
            if isinstance(command, CancelAll):
                found = self.matching(view, strategy, command)
            else:
                try:
                    found = [self._by_any_id(view, strategy, command)]
                except _NotFound as error:
                    known[command.order_id] = _not_found(command, str(error))
                    continue
            for parent in found:
                if parent.status.is_final:
                    known[parent.id] = _ended_before(parent)
                else:
                    wanted[parent.id] = parent
        return list(wanted.values()), list(known.values())

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

    def _is_meant(self, parent: ParentOrder, venue: Venue) -> bool:
        book = self._current.registry.books.get(parent.book)
        if book is None:
            # The book has left the configuration; its orders can still be cancelled by account.
            return venue.account is None or venue.account == parent.account
        return fits(book, venue)

    def _by_any_id(self, view: View, strategy: StrategyName, command: Cancel) -> ParentOrder:
        """Find an order by our id of parent or child, or by the broker's; only the strategy's."""
        row = view.fetch_one("parent_order", id=command.order_id)
        if row is not None:
            parent = parent_from_row(row)
        else:
            row = view.fetch_one("child_order", id=command.order_id)
            parent_id = (
                self._by_broker_id(view, strategy, command)
                if row is None
                else ParentId(row["parent_id"])
            )
            parent = self._orders.parent(view, parent_id)
        if parent.strategy != strategy or not self._is_meant(parent, command.venue):
            raise _NotFound(_no_such_order(command))
        return parent

    def _by_broker_id(self, view: View, strategy: StrategyName, command: Cancel) -> ParentId:
        """Order numbers repeat on other days, a live order is meant, and in other accounts.

        Which of two live orders is meant is nobody's guess.
        """
        books = self._current.registry.books_of_strategy.get(strategy, ())
        accounts = sorted({book.account.name for book in books if fits(book, command.venue)})
        rows = [
            row
            for account in accounts
            for row in view.fetch(
                "children_by_any_broker_id", account=account, broker_order_id=command.order_id
            )
            if row["strategy"] == strategy
        ]
        live = {row["account"]: row for row in rows if row["ended_at"] is None}
        if len(live) > 1:
            raise _NotFound(
                f"order_ambiguous: {command.order_id} is open in {', '.join(live)}; name one"
            )
        found = next(iter(live.values()), next(iter(rows), None))
        if found is None:
            raise _NotFound(_no_such_order(command))
        return ParentId(found["parent_id"])


class _NotFound(Exception):  # noqa: N818 - a way out of the search, caught in this file
    """There is not exactly one order that is meant; the message is ``code: explanation``."""


def _no_such_order(command: Cancel) -> str:
    return f"order_not_found: the strategy has no order {command.order_id}"


def _not_found(command: Cancel, error: str) -> Item:
    return Item(
        account=command.venue.account or "",
        order_id=command.order_id,
        exchange_order_id=None,
        symbol="",
        outcome=Outcome.FAILED,
        error=error,
    )


def _ended_before(parent: ParentOrder) -> Item:
    return Item(
        account=parent.account,
        order_id=parent.id,
        exchange_order_id=None,
        symbol=parent.symbol,
        outcome=Outcome.ENDED_BEFORE,
    )
