"""What a person may enter into the ledger, after its form has been checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from algorithms.bookkeeping import Ratio
    from algorithms.domain import AccountName, BookName, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Something came into the account for a book. ``price``: what a unit cost; None for cash."""

    book: BookName
    asset: str | None
    amount: Decimal
    price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Something of a book left the account."""

    book: BookName
    asset: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Dividend:
    """Cash for those who hold a symbol: of one book, or of the whole account, to be shared."""

    account: AccountName | None
    book: BookName | None
    symbol: Symbol
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """Interest received (+) or paid (-) by a book."""

    book: BookName
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A book changed one currency into another at the broker."""

    book: BookName
    asset: str | None
    amount: Decimal
    to_asset: str
    to_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Every unit of a symbol becomes another number of units.

    ``force``: carry it out whatever the broker shows.
    """

    account: AccountName
    symbol: Symbol
    ratio: Ratio
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Something moved from one book of an account to another."""

    book: BookName
    to_book: BookName
    asset: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What stands in suspense belongs (+), or is missing (-), in a book."""

    book: BookName
    asset: str | None
    amount: Decimal
    price: Decimal | None


Entered = Deposit | Withdrawal | Dividend | Interest | Exchange | Split | Transfer | Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An entry as it is stored once: the person's own ``key``, the SHA-256 of what was sent."""

    key: str
    body_hash: bytes
    note: str
    entered: Entered
