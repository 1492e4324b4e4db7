"""What a person may look at from a chat: each answer one message, however much there is."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import divide, floor_to, to_text
from daemon.notify.lengths import as_fits
from daemon.storage.rows import parent_from_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from algorithms.domain import ParentOrder
    from daemon.api.health import Readiness
    from daemon.engine import Engine
    from daemon.i18n import Words
    from daemon.storage.tx import View

_CENT = Decimal("0.0001")
_HALTS_SHOWN = 10


class Looks:
    """Answers from the database and the configuration in force."""

    def __init__(self, engine: Engine, readiness: Readiness) -> None:
        self._engine = engine
        self._readiness = readiness

    async def status(self, words: Words) -> str:
        """Say whether all is well, what is halted, and how many orders there are."""

        def read(view: View) -> tuple[list[Mapping[str, str]], int, int]:
            counts = view.fetch_one("open_order_counts")
            assert counts is not None  # it counts
            return [dict(row) for row in view.fetch("halts")], counts["parents"], counts["children"]

        halts, parents, children = await self._engine.store.read(read)
        config = self._engine.config
        reasons = self._readiness.reasons()
        lines = [
            words.say("{name}: not ready", name=config.daemon.name)
            if reasons
            else words.say("{name}: ready", name=config.daemon.name)
        ]
        lines += [
            f"\u26a0\ufe0f {words.check(check)}: {words.again(reason)}"
            for check, reason in sorted(reasons.items())
        ]
        lines += [
            words.say(
                "halted: {what} ({reason})",
                what=_scope(halt, words),
                reason=words.again(halt["reason"]),
            )
            for halt in halts[:_HALTS_SHOWN]
        ]
        books = Counter(book.account for book in config.books.values())
        lines += [
            f"{name}: {account.broker.value}, {account.environment.value}, "
            + words.count("{number} book", "{number} books", books[name])
            for name, account in config.accounts.items()
        ]
        lines.append(
            words.say(
                "orders: {parents} asked for, {children} at brokers",
                parents=parents,
                children=children,
            )
        )
        return _fitted(lines, words)

    async def positions(self, words: Words, name: str | None) -> str:
        """Say what books hold: all, or those of a book, an account or a strategy."""
        rows = await self._engine.store.read(lambda view: view.fetch("all_positions"))
        lines = [
            _position(row, words)
            for row in rows
            if Decimal(row["quantity"]) and self._is_meant(name, row["account"], row["book"])
        ]
        return _fitted(lines or [words.say("no positions")], words)

    async def orders(self, words: Words, name: str | None) -> str:
        """Say which orders have not ended, newest first."""
        rows = await self._engine.store.read(lambda view: view.fetch("live_parents"))
        orders = [parent_from_row(row) for row in reversed(rows)]
        lines = [
            f"{order_text(order, words)}\n  {order.id}"
            for order in orders
            if self._is_meant(name, order.account, order.book)
        ]
        return _fitted(lines or [words.say("no open orders")], words)

    async def order(self, order_id: str) -> ParentOrder | None:
        """Return a parent order by its id."""
        row = await self._engine.store.read(
            lambda view: view.fetch_one("parent_order", id=order_id)
        )
        return None if row is None else parent_from_row(row)

    async def waiting(self, words: Words) -> str:
        """Say which orders wait for a yes."""
        rows = await self._engine.store.read(lambda view: view.fetch("waiting_approvals"))
        lines = [f"{order_text(each, words)}\n  {each.id}" for each in map(parent_from_row, rows)]
        return _fitted(lines or [words.say("no order waits for approval")], words)

    def known_names(self) -> frozenset[str]:
        """Return what lists can be narrowed to."""
        registry = self._engine.registry
        return frozenset({*registry.accounts, *registry.books, *registry.strategies})

    def _is_meant(self, name: str | None, account: str, book: str) -> bool:
        if name is None or name in {account, book}:
            return True
        found = self._engine.config.books.get(book)  # type: ignore[call-overload]
        return found is not None and found.strategy == name


def _scope(halt: Mapping[str, str], words: Words) -> str:
    return f"{words.label(halt['scope'])} {halt['name']}".strip()


def _position(row: sqlite3.Row, words: Words) -> str:
    quantity, cost = Decimal(row["quantity"]), Decimal(row["cost"])
    text = f"{row['book']} @ {row['account']}: {row['quantity']} {row['asset']}"
    if cost and quantity:
        average = floor_to(divide(cost, quantity, 8), _CENT)
        text += " " + words.say("at {price}", price=to_text(average))
    if Decimal(row["reserved"]):
        text += " " + words.say("({quantity} reserved)", quantity=row["reserved"])
    return text


def order_text(order: ParentOrder, words: Words) -> str:
    """Say what an order wants, what is left of it, and how it stands."""
    prices = [to_text(each) for each in (order.stop_price, order.limit_price) if each is not None]
    terms = " ".join([order.order_type.value, *prices])
    return (
        f"{order.book} {words.label(order.side)} {to_text(order.remain)}/{to_text(order.total)} "
        f"{order.symbol} {terms}, {words.label(order.status)}"
    )


def _fitted(lines: Sequence[str], words: Words) -> str:
    return as_fits(lines, lambda left: words.count("{number} more", "{number} more", left))
