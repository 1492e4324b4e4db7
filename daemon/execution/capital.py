"""The capital of books as ledger events: what a book starts with is posted, like all its cash.

When the configuration gives a book another capital, the difference is posted. So the ledger alone
says what every book has, whatever the configuration says later.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, to_text
from algorithms.domain import EXTERNAL
from algorithms.ledger import transfer
from daemon.execution.fills import post

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.ids import IdSource
    from daemon.registry import Book, Registry
    from daemon.storage.tx import Tx


def post_capital(tx: Tx, registry: Registry, ids: IdSource, now: datetime) -> None:
    """Bring the posted capital of every book to what the configuration says."""
    for book in registry.books.values():
        _post_difference(tx, book, ids, now)


def _post_difference(tx: Tx, book: Book, ids: IdSource, now: datetime) -> None:
    account = book.account
    fact = f"capital:{account.name}:{book.name}:{account.currency}"
    row = tx.fetch_one("fact", name=fact)
    change = book.capital - (ZERO if row is None else Decimal(row["value"]))
    if row is not None and not change:
        return
    # Remembered even when it is nothing: it tells the account's currency.
    tx.execute("remember_fact", name=fact, value=to_text(book.capital))
    if not change:
        return
    post(
        tx,
        ids.new(),
        account.name,
        "capital",
        f"capital of {book.name} is {to_text(book.capital)}",
        transfer(account.name, EXTERNAL, book.name, account.currency, change),
        now,
    )
    tx.position(account.name, book.name, account.currency).quantity += change
