"""What keeps a book or an account in the configuration: orders, holdings, webhooks that wait.

A book that leaves with orders or positions would leave them to nobody. Cash is no obstacle: it
stays in the ledger under the book's name, and the book has it again when it comes back. Another
strategy or account makes another book of it, and another broker, market or currency another
account, whatever the name.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from algorithms.domain import EXTERNAL, AccountName, BookName
from daemon.config.problems import ConfigProblem, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.config import Config
    from daemon.config.accounts import AccountConfig
    from daemon.config.books import BookConfig
    from daemon.registry import Registry
    from daemon.setup import Setup
    from daemon.storage.tx import View

IDENTITY = ("broker", "market", "market_type", "currency", "environment", "account_no")
"""What makes an account the one it is. A paper account is its database besides."""

_NAMED_MOST = 3


def stays(name: BookName, old: Config, new: Config) -> bool:
    """Whether a book is the same one in both configurations."""
    before, now = old.books.get(name), new.books.get(name)
    return before is not None and now is not None and _owner(before) == _owner(now)


def obstacles(view: View, old: Setup, new: Config) -> tuple[ConfigProblem, ...]:
    """Return everything that keeps ``new`` from replacing ``old`` now."""
    return (
        *_books(view, old, new),
        *_accounts_gone(view, old.registry, new),
        *_accounts_changed(view, old.config, new),
    )


def _owner(book: BookConfig) -> tuple[str, str]:
    return book.strategy, book.account


def _books(view: View, old: Setup, new: Config) -> Iterator[ConfigProblem]:
    for name, book in old.registry.books.items():
        if stays(name, old.config, new):
            continue
        path = path_text(("books", name))
        account = book.account
        for reason in (
            _orders(view, account.name, name),
            _holdings(view, account.name, account.currency, name),
            _waiting(view, book.strategy),
        ):
            if reason:
                hint = "set active = false, let it end, then take the book out"
                yield ConfigProblem(path, f"cannot go: {reason}", hint)


def _accounts_gone(view: View, registry: Registry, new: Config) -> Iterator[ConfigProblem]:
    for name, account in registry.accounts.items():
        if name in new.accounts:
            continue
        reason = _holdings(view, name, account.currency)
        if reason:
            hint = "sell or assign it first"
            yield ConfigProblem(path_text(("accounts", name)), f"cannot go: {reason}", hint)


def _accounts_changed(view: View, old: Config, new: Config) -> Iterator[ConfigProblem]:
    for name, account in old.accounts.items():
        other = new.accounts.get(name)
        if other is None:
            continue
        reason = _orders(view, name) or _holdings(view, name, None)
        for key in _identity_changes(account, other) if reason else ():
            path = path_text(("accounts", name, *key.split(".")))
            hint = "give the new account a name of its own"
            yield ConfigProblem(path, f"cannot change: {reason}", hint)


def _identity_changes(old: AccountConfig, new: AccountConfig) -> Iterator[str]:
    yield from (key for key in IDENTITY if getattr(old, key) != getattr(new, key))
    if old.paper and new.paper and old.paper.database != new.paper.database:
        yield "paper.database"


def _orders(view: View, account: AccountName, book: BookName | None = None) -> str:
    """Say how many orders have not ended, of one book or of all."""
    row = view.fetch_one("count_live_orders", account=account, book=book or "")
    count = 0 if row is None else int(row["count"])
    if not count:
        return ""
    return "1 order has not ended" if count == 1 else f"{count} orders have not ended"


def _holdings(
    view: View, account: AccountName, currency: str | None, book: BookName | None = None
) -> str:
    """Say what is held beside cash (with it, if ``currency`` is None), by one book or by all."""
    held = [
        f"{row['book']} holds {to_text(Decimal(row['quantity']))} {row['asset']}"
        for row in view.fetch("positions_of_account", account=account)
        if row["book"] != EXTERNAL
        and row["asset"] != currency
        and book in {None, row["book"]}
        and Decimal(row["quantity"])
    ]
    more = len(held) - _NAMED_MOST
    return ", ".join(held[:_NAMED_MOST]) + (f" and {more} more" if more > 0 else "")


def _waiting(view: View, strategy: str) -> str:
    """Say whether stored webhooks of a strategy have orders that are still to be placed."""
    waiting = [
        row["id"]
        for row in view.fetch("unfinished_requests")
        if row["strategy"] == strategy and row["unworked"]
    ]
    return f"webhook {waiting[0]} of {strategy} waits to be worked" if waiting else ""
