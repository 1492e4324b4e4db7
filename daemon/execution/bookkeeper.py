"""The only code that changes what books hold for another reason than an order.

Each entry is checked against the books as they are inside the writer's transaction, stored once
by the key of whoever entered it, and never changed afterwards: a mistake is put right by the
opposite entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.allocation import share
from algorithms.bookkeeping import (
    Entry,
    EventKind,
    carried,
    drawn,
    from_suspense,
    given_up,
    postings_of,
    priced,
)
from algorithms.decimals import ONE, ZERO, divide, subtract, to_text
from algorithms.domain import EXTERNAL, LADDER, SUSPENSE, BookName
from algorithms.ledger import Holding
from daemon.execution.entries import (
    Assignment,
    Deposit,
    Dividend,
    Exchange,
    Interest,
    Split,
    Transfer,
    Withdrawal,
)
from daemon.execution.fills import post
from daemon.notices import raise_notice
from daemon.storage.rows import text_or_none, to_us
from daemon.storage.tx import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from algorithms.domain import AccountName
    from daemon.execution.entries import Entered, Record
    from daemon.execution.orders import Lots
    from daemon.execution.splits import Splits
    from daemon.ids import IdSource
    from daemon.registry import Account, Book
    from daemon.setup import Current
    from daemon.storage.tx import Position, Tx

    Made = tuple[Account, EventKind, list[Entry]]

ENTRIES = Table(
    "ledger_entries",
    (
        "id",
        "event_id",
        "account",
        "book",
        "kind",
        "symbol",
        "asset",
        "quantity",
        "price",
        "total",
        "cost",
        "profit",
        "market_day",
        "at",
    ),
)
KEYS = Table("ledger_keys", ("key", "body_hash", "event_id", "at"))
WHOLE_UNITS = frozenset({"KRW", "JPY"})
"""Currencies without a smaller unit; the others are shared out in hundredths."""
CENT = Decimal("0.01")
RATE_PLACES = 18


class NotPossibleError(Exception):
    """The books do not allow an entry as they are now; ``path`` is the field that says too much."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


class EntryKeyReusedError(Exception):
    """The key belongs to another entry."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of an entry. ``event_id``: of the event, or of the split that waits to be one."""

    event_id: str
    repeats: bool


class Bookkeeper:
    """Makes entries; every function runs in the writer's transaction."""

    def __init__(
        self,
        current: Current,
        lots: Lots,
        ids: IdSource,
        splits: Splits,
        market_day: Callable[[AccountName, datetime], str],
    ) -> None:
        self._current = current
        self._lots = lots
        self._ids = ids
        self._splits = splits
        self._market_day = market_day

    def record(self, tx: Tx, record: Record, now: datetime) -> Recorded:
        """Make an entry, once. Raises NotPossibleError and EntryKeyReusedError."""
        known = tx.fetch_one("ledger_key", key=record.key)
        if known is not None:
            if bytes(known["body_hash"]) != record.body_hash:
                raise EntryKeyReusedError(record.key)
            return Recorded(known["event_id"], repeats=True)
        if isinstance(record.entered, Split):
            event_id = self._splits.request(tx, record.entered, record.note, now)
        else:
            account, kind, entries = self._entries(tx, record.entered)
            _require_no_split(tx, account, entries)
            event_id = self.book(tx, account.name, kind, entries, record.note, now)
        tx.insert(KEYS, (record.key, record.body_hash, event_id, to_us(now)))
        return Recorded(event_id, repeats=False)

    def book(
        self,
        tx: Tx,
        account: AccountName,
        kind: EventKind,
        entries: Sequence[Entry],
        note: str,
        now: datetime,
    ) -> str:
        """Post an event and bring the positions to it; return its id."""
        event_id = self._ids.new()
        post(tx, event_id, account, kind.value, note, postings_of(account, entries), now)
        day = self._market_day(account, now)
        for entry in entries:
            position = tx.position(account, entry.book, entry.asset)
            position.quantity += entry.quantity
            position.cost += entry.cost
            position.profit += entry.profit
            tx.insert(
                ENTRIES,
                (
                    self._ids.new(),
                    event_id,
                    account,
                    entry.book,
                    kind.value,
                    entry.symbol,
                    entry.asset,
                    to_text(entry.quantity),
                    text_or_none(entry.price),
                    text_or_none(entry.total),
                    to_text(entry.cost),
                    to_text(entry.profit),
                    day,
                    to_us(now),
                ),
            )
            if entry.book != SUSPENSE:
                self._tell(tx, account, kind, entry, now)
        return event_id

    def _tell(
        self, tx: Tx, account: AccountName, kind: EventKind, entry: Entry, now: datetime
    ) -> None:
        raise_notice(
            tx,
            self._ids.new(),
            "ledger_entry",
            now,
            account=account,
            book=entry.book,
            kind=kind.value,
            quantity=to_text(entry.quantity),
            asset=entry.asset,
        )

    def _entries(self, tx: Tx, entered: Entered) -> Made:
        made: Made
        match entered:
            case Deposit():
                made = self._deposit(tx, entered)
            case Withdrawal():
                made = self._withdrawal(tx, entered)
            case Dividend():
                made = self._dividend(tx, entered)
            case Interest():
                made = self._interest(tx, entered)
            case Exchange():
                made = self._exchange(tx, entered)
            case Transfer():
                made = self._transfer(tx, entered)
            case Assignment():
                made = self._assignment(tx, entered)
            case Split():
                raise AssertionError("a split is requested, and booked when its orders rest")
        return made

    def _deposit(self, tx: Tx, entered: Deposit) -> Made:
        book = self._book(entered.book)
        asset = entered.asset or book.account.currency
        arrived = self._arrives(tx, book, asset, entered.amount, entered.price)
        return book.account, EventKind.DEPOSIT, arrived

    def _withdrawal(self, tx: Tx, entered: Withdrawal) -> Made:
        book = self._book(entered.book)
        asset = entered.asset or book.account.currency
        position = _free(tx, book, asset, entered.amount)
        gone = given_up(book.name, asset, entered.amount, _holding(position))
        suspended = tx.position(book.account.name, SUSPENSE, asset).quantity
        missing = from_suspense(asset, entered.amount.copy_negate(), suspended)
        return book.account, EventKind.WITHDRAWAL, [gone, *missing]

    def _interest(self, tx: Tx, entered: Interest) -> Made:
        book = self._book(entered.book)
        if entered.amount < ZERO:
            _free(tx, book, book.account.currency, entered.amount.copy_abs())
        entries = self._cash(tx, book.account, {book.name: entered.amount}, symbol=None)
        return book.account, EventKind.INTEREST, entries

    def _dividend(self, tx: Tx, entered: Dividend) -> Made:
        if entered.book is not None:
            book = self._book(entered.book)
            parts = {book.name: entered.amount}
            account = book.account
        else:
            assert entered.account is not None  # one of the two is given
            account = self._account(entered.account)
            parts = self._shared(tx, account, entered)
        entries = self._cash(tx, account, parts, symbol=entered.symbol)
        return account, EventKind.DIVIDEND, entries

    def _shared(self, tx: Tx, account: Account, entered: Dividend) -> dict[BookName, Decimal]:
        """Share an account's dividend among those who hold the symbol now."""
        rows = tx.fetch("holders_of_asset", account=account.name, asset=entered.symbol)
        holders = {BookName(row["book"]): Decimal(row["quantity"]) for row in rows}
        if holders.get(LADDER):
            raise NotPossibleError(
                "symbol",
                f"the settlement of {entered.symbol} for the close is under way: enter it again "
                "when that is done",
            )
        held = [
            (book, units) for book, units in holders.items() if book != EXTERNAL and units > ZERO
        ]
        if not held:
            raise NotPossibleError("symbol", f"no book of {account.name} holds {entered.symbol}")
        step = ONE if account.currency in WHOLE_UNITS else CENT
        parts = share(entered.amount, [units for _, units in held], step)
        return {book: part for (book, _), part in zip(held, parts, strict=True) if part}

    def _cash(
        self,
        tx: Tx,
        account: Account,
        parts: dict[BookName, Decimal],
        *,
        symbol: str | None,
    ) -> list[Entry]:
        """Cash of the account's currency for (or from) books, out of suspense where it waits."""
        currency = account.currency
        whole = sum(parts.values(), ZERO)
        suspended = tx.position(account.name, SUSPENSE, currency).quantity
        found = drawn(whole, suspended)
        # What suspense itself is due is there already, as far as it holds it.
        own = parts.get(SUSPENSE, ZERO)
        entries = [
            Entry(book=book, asset=currency, quantity=part, symbol=symbol, total=part)
            for book, part in parts.items()
            if book != SUSPENSE
        ]
        change = subtract(own, found)
        if change:
            entries.append(Entry(book=SUSPENSE, asset=currency, quantity=change, symbol=symbol))
        return entries

    def _exchange(self, tx: Tx, entered: Exchange) -> Made:
        book = self._book(entered.book)
        account = book.account
        asset = entered.asset or account.currency
        if asset == entered.to_asset:
            raise NotPossibleError("to_asset", f"is {asset}, as what is given: nothing changes")
        given = given_up(
            book.name, asset, entered.amount, _holding(_free(tx, book, asset, entered.amount))
        )
        rate = divide(entered.to_amount, entered.amount, RATE_PLACES)
        entries = [given]
        for name, amount in ((asset, -entered.amount), (entered.to_asset, entered.to_amount)):
            suspended = tx.position(account.name, SUSPENSE, name).quantity
            entries += from_suspense(name, amount, suspended)
        entries.append(
            Entry(
                book=book.name,
                asset=entered.to_asset,
                quantity=entered.to_amount,
                symbol=f"{asset}/{entered.to_asset}",
                price=rate,
            )
        )
        return account, EventKind.EXCHANGE, entries

    def _transfer(self, tx: Tx, entered: Transfer) -> Made:
        book, target = self._book(entered.book), self._book(entered.to_book, "to_book")
        if book.account.name != target.account.name:
            message = (
                f"is in {target.account.name}, and {book.name} in {book.account.name}: nothing "
                "moves between accounts without the broker; withdraw there and deposit here"
            )
            raise NotPossibleError("to_book", message)
        if book.name == target.name:
            raise NotPossibleError("to_book", "is the same book")
        asset = entered.asset or book.account.currency
        position = _free(tx, book, asset, entered.amount)
        if position.cost:
            self._on_lot(book.account, asset, entered.amount, position)
        entries = carried(book.name, target.name, asset, entered.amount, _holding(position))
        return book.account, EventKind.TRANSFER, entries

    def _assignment(self, tx: Tx, entered: Assignment) -> Made:
        book = self._book(entered.book)
        asset = entered.asset or book.account.currency
        suspended = tx.position(book.account.name, SUSPENSE, asset).quantity
        if drawn(entered.amount, suspended) != entered.amount:
            raise NotPossibleError(
                "amount", f"suspense of {book.account.name} has {to_text(suspended)} {asset}"
            )
        entries = self._arrives(tx, book, asset, entered.amount, entered.price)
        return book.account, EventKind.ASSIGNMENT, entries

    def _arrives(
        self, tx: Tx, book: Book, asset: str, amount: Decimal, price: Decimal | None
    ) -> list[Entry]:
        """Something comes into a book (or is found missing there), out of suspense if it waits."""
        account = book.account
        if asset == account.currency:
            if price is not None:
                raise NotPossibleError("price", "must be left out: the asset is cash")
        elif price is None:
            raise NotPossibleError(
                "price", f"missing: what a unit of {asset} cost, 0 if nothing (another currency)"
            )
        position = tx.position(account.name, book.name, asset)
        if amount < ZERO:
            _free(tx, book, asset, amount.copy_abs())
        if price:
            self._on_lot(account, asset, amount.copy_abs(), position)
        entry = (
            Entry(book=book.name, asset=asset, quantity=amount, total=amount)
            if price is None
            else priced(book.name, asset, amount, price, _holding(position))
        )
        suspended = tx.position(account.name, SUSPENSE, asset).quantity
        return [entry, *from_suspense(asset, amount, suspended)]

    def _on_lot(self, account: Account, asset: str, amount: Decimal, position: Position) -> None:
        """What has a cost is held in whole lots, or the rest could never be sold. All may go."""
        if amount == position.quantity:
            return
        lot = self._lots.lot(account.name, asset)
        if amount % lot:
            raise NotPossibleError("amount", f"must be a multiple of the lot, {to_text(lot)}")

    def _book(self, name: BookName, path: str = "book") -> Book:
        found = self._current.registry.books.get(name)
        if found is None:
            raise NotPossibleError(path, "must be the name of a configured book")
        return found

    def _account(self, name: AccountName) -> Account:
        found = self._current.registry.accounts.get(name)
        if found is None:
            raise NotPossibleError("account", "must be the name of a configured account")
        return found


def _require_no_split(tx: Tx, account: Account, entries: Iterable[Entry]) -> None:
    """While a split is carried out, nobody could say whether units are old or new ones."""
    for asset in {entry.asset for entry in entries}:
        if tx.fetch_one("pending_split", account=account.name, symbol=asset) is not None:
            raise NotPossibleError(
                "asset", f"a split of {asset} is under way: enter it again when that is done"
            )


def _free(tx: Tx, book: Book, asset: str, amount: Decimal) -> Position:
    """Return a position that has so much free; what its orders have set aside stays."""
    position = tx.position(book.account.name, book.name, asset)
    if position.free < amount:
        reserved = f", {to_text(position.reserved)} set aside" if position.reserved else ""
        raise NotPossibleError(
            "amount", f"{book.name} has {to_text(position.free)} {asset} free{reserved}"
        )
    return position


def _holding(position: Position) -> Holding:
    return Holding(position.quantity, position.cost)
