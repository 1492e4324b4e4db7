"""What a person enters into the ledger, what reaches a paper account, and the report of a day.

Each kind of entry has a path of its own, ``POST /api/ledger/KIND``, so that a body says no more
than its kind needs. ``id`` is the person's own name of the entry: sent again it changes nothing.
"""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from algorithms.bookkeeping import Ratio
from algorithms.decimals import ZERO
from algorithms.domain import AccountName, BookName
from daemon.api import webhook_fields as fields
from daemon.api.bodies import SMALL_BODY_BYTES_MAX, Body, checked, decoded
from daemon.api.body import read_body
from daemon.api.columns import csv_text
from daemon.api.errors import ErrorCode, Refused
from daemon.api.operation import CSV, JSON, Answer, Operation, Parameter
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import csv_response, json_response, wants_csv
from daemon.api.wire import (
    Amount,
    GivenAmount,
    GivenKey,
    GivenName,
    GivenReason,
    GivenSwitch,
    GivenSymbol,
    reading,
)
from daemon.execution.bookkeeper import EntryKeyReusedError, NotPossibleError
from daemon.execution.entries import (
    Assignment,
    Deposit,
    Dividend,
    Exchange,
    Interest,
    Record,
    Split,
    Transfer,
    Withdrawal,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import web

    from daemon.api.decode import Json
    from daemon.api.ports import LedgerPort
    from daemon.execution.entries import Entered

UNITS_MAX = 1_000_000


def _signed(value: Json) -> Decimal:
    read = fields.number(value)
    if not read:
        raise ValueError("must not be zero")
    return read


def _not_negative(value: Json) -> Decimal:
    read = fields.number(value)
    if read < ZERO:
        raise ValueError("must not be below zero")
    return read


def _units(value: Json) -> int:
    read = fields.number(value)
    whole = int(read)
    if whole != read or not 1 <= whole <= UNITS_MAX:
        raise ValueError(f"must be a whole number from 1 to {UNITS_MAX}")
    return whole


_NUMBER = WithJsonSchema({"type": ["string", "number"]})
SignedAmount = Annotated[Decimal, reading(_signed), _NUMBER]
Cost = Annotated[Decimal, reading(_not_negative), _NUMBER]
Units = Annotated[int, reading(_units), WithJsonSchema({"type": ["string", "integer"]})]

_CASH = "Left out: the account's currency."
_COST = "What a unit cost; needed for all but the account's currency, 0 if nothing."


class EntryBody(Body):
    """What every entry says."""

    id: GivenKey = Field(description="Your own name of the entry; sent again it changes nothing.")
    note: GivenReason | None = Field(None, description="Kept with the event.")

    def entered(self) -> Entered:
        """Say it to the bookkeeper. Raises BadInput for what contradicts itself."""
        raise NotImplementedError


class DepositBody(EntryBody):
    """Something came into the account for a book."""

    book: GivenName
    amount: GivenAmount
    asset: GivenSymbol | None = Field(None, description=_CASH)
    price: Cost | None = Field(None, description=_COST)

    def entered(self) -> Entered:
        """Say it to the bookkeeper."""
        return Deposit(
            book=BookName(self.book), asset=self.asset, amount=self.amount, price=self.price
        )


class WithdrawalBody(EntryBody):
    """Something of a book left the account."""

    book: GivenName
    amount: GivenAmount
    asset: GivenSymbol | None = Field(None, description=_CASH)

    def entered(self) -> Entered:
        """Say it to the bookkeeper."""
        return Withdrawal(book=BookName(self.book), asset=self.asset, amount=self.amount)


class DividendBody(EntryBody):
    """Cash for those who hold a symbol."""

    symbol: GivenSymbol
    amount: GivenAmount
    account: GivenName | None = Field(None, description="Shared among its books by their units.")
    book: GivenName | None = Field(None, description="Instead of `account`: all for this book.")

    def entered(self) -> Entered:
        """Say it to the bookkeeper. Raises BadInput unless one of account and book is given."""
        if (self.account is None) == (self.book is None):
            raise BadInput([Problem("account", "give either account or book")])
        return Dividend(
            account=None if self.account is None else AccountName(self.account),
            book=None if self.book is None else BookName(self.book),
            symbol=self.symbol,
            amount=self.amount,
        )


class InterestBody(EntryBody):
    """Interest of a book, received (above zero) or paid (below)."""

    book: GivenName
    amount: SignedAmount

    def entered(self) -> Entered:
        """Say it to the bookkeeper."""
        return Interest(book=BookName(self.book), amount=self.amount)


class ExchangeBody(EntryBody):
    """A book changed ``amount`` of one currency into ``to_amount`` of another at the broker."""

    book: GivenName
    amount: GivenAmount
    to_asset: GivenSymbol
    to_amount: GivenAmount
    asset: GivenSymbol | None = Field(None, description=_CASH)

    def entered(self) -> Entered:
        """Say it to the bookkeeper."""
        return Exchange(
            book=BookName(self.book),
            asset=self.asset,
            amount=self.amount,
            to_asset=self.to_asset,
            to_amount=self.to_amount,
        )


class TransferBody(EntryBody):
    """Something moves to another book of the same account, with its part of the cost."""

    book: GivenName
    to_book: GivenName
    amount: GivenAmount
    asset: GivenSymbol | None = Field(None, description=_CASH)

    def entered(self) -> Entered:
        """Say it to the bookkeeper."""
        return Transfer(
            book=BookName(self.book),
            to_book=BookName(self.to_book),
            asset=self.asset,
            amount=self.amount,
        )


class AssignBody(EntryBody):
    """What stands in suspense belongs to a book (above zero), or is missing there (below)."""

    book: GivenName
    amount: SignedAmount
    asset: GivenSymbol | None = Field(None, description=_CASH)
    price: Cost | None = Field(None, description=_COST)

    def entered(self) -> Entered:
        """Say it to the bookkeeper."""
        return Assignment(
            book=BookName(self.book), asset=self.asset, amount=self.amount, price=self.price
        )


class SplitBody(EntryBody):
    """Each ``old`` units of a symbol become ``new`` ones; 1 new for 2 old is a reverse split."""

    account: GivenName
    symbol: GivenSymbol
    new: Units
    old: Units
    force: GivenSwitch = Field(default=False, description="Carry it out whatever the broker shows.")

    def entered(self) -> Entered:
        """Say it to the bookkeeper. Raises BadInput for a split that changes nothing."""
        if self.new == self.old:
            raise BadInput([Problem("new", "must differ from old")])
        return Split(
            account=AccountName(self.account),
            symbol=self.symbol,
            ratio=Ratio(self.new, self.old),
            force=self.force,
        )


class EnteredLine(TypedDict):
    """What an event did to one book."""

    book: str
    symbol: str | None
    asset: str
    quantity: Amount
    price: Amount | None
    total: Amount | None
    cost: Amount
    profit: Amount


class EntryAnswer(TypedDict):
    """What came of an entry.

    ``waiting``: a split whose orders end first, or whose broker has not split yet. ``duplicate``:
    it had been entered before, and nothing was changed.
    """

    id: str
    status: Literal["booked", "waiting"]
    duplicate: bool
    entries: list[EnteredLine]


class PaperAdjust(Body):
    """Money or units reach (or leave) the paper account, as at a real broker by a bank."""

    id: GivenKey = Field(description="Your own name of it; sent again it changes nothing.")
    asset: GivenSymbol | None = Field(None, description=_CASH)
    amount: SignedAmount


class PaperSplit(Body):
    """The paper exchange splits a symbol: its orders end, its price is divided."""

    id: GivenKey = Field(description="Your own name of it; sent again it changes nothing.")
    symbol: GivenSymbol
    new: Units
    old: Units


class PaperMove(Body):
    """A symbol trades at a price at the paper exchange, and goes on from there."""

    id: GivenKey = Field(description="Your own name of it; sent again it changes nothing.")
    symbol: GivenSymbol
    price: GivenAmount


class PaperAnswer(TypedDict):
    """What a paper account holds afterwards. ``duplicate``: it had been done before."""

    duplicate: bool
    holdings: dict[str, Amount]


class BookReport(TypedDict):
    """A book's market day, in the account's currency.

    ``saved``: commission that crossed trades did not cost; ``income``: dividends, interest and
    funding; ``moved``: deposits and transfers of cash, less withdrawals.
    """

    account: str
    book: str
    day: str
    currency: str
    trades: int
    crossed: int
    bought: Amount
    sold: Amount
    profit: Amount
    fees: Amount
    saved: Amount
    income: Amount
    moved: Amount


class DayReports(TypedDict):
    """The reports of all books that are meant."""

    items: list[BookReport]


KINDS: Mapping[str, tuple[type[EntryBody], str]] = {
    "deposit": (DepositBody, "Enter what came into an account for a book."),
    "withdrawal": (WithdrawalBody, "Enter what a book gave out of its account."),
    "dividend": (DividendBody, "Enter a dividend, of a book or shared by holdings."),
    "interest": (InterestBody, "Enter interest received or paid."),
    "exchange": (ExchangeBody, "Enter a change of one currency into another."),
    "transfer": (TransferBody, "Move cash or units between books of an account."),
    "assign": (AssignBody, "Say which book owns what stands in suspense."),
    "split": (SplitBody, "Enter a split or reverse split."),
}
_POSSIBLE = frozenset({ErrorCode.NOT_POSSIBLE})
_ACCOUNT = Parameter("account", "Name of a paper account.")
_QUERY = (
    Parameter("day", "The market day, `2026-11-20`; left out, that of now."),
    Parameter("account", "Only of this account."),
    Parameter("book", "Only of this book."),
)


class Ledger:
    """Takes entries, plays the outside of paper accounts, tells of a day."""

    def __init__(self, port: LedgerPort) -> None:
        self._port = port

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        entries = [
            Operation(
                method="POST",
                path=f"/api/ledger/{name}",
                summary=summary,
                handler=partial(self._enter, model),
                body=model,
                answers={
                    200: Answer("It is booked, or was before.", EntryAnswer),
                    202: Answer("A split: it is stored and waits.", EntryAnswer),
                },
                codes=_POSSIBLE | {ErrorCode.IDEMPOTENCY_KEY_REUSED},
            )
            for name, (model, summary) in KINDS.items()
        ]
        return [
            *entries,
            *(
                Operation(
                    method="POST",
                    path=f"/api/paper/{{account}}/{name}",
                    summary=summary,
                    handler=handler,
                    in_path=(_ACCOUNT,),
                    body=model,
                    answers={200: Answer("It is done, or was before.", PaperAnswer)},
                    codes=_POSSIBLE | {ErrorCode.NOT_FOUND, ErrorCode.BROKER_SILENT},
                )
                for name, handler, model, summary in (
                    (
                        "adjust",
                        self._adjust,
                        PaperAdjust,
                        "Let cash or units reach a paper account.",
                    ),
                    ("split", self._split, PaperSplit, "Split a symbol at the paper exchange."),
                    ("price", self._move, PaperMove, "Move a price at the paper exchange."),
                )
            ),
            Operation(
                method="GET",
                path="/api/report",
                summary="Each book's market day: trades, profit, fees, savings, income.",
                handler=self.report,
                query=_QUERY,
                answers={200: Answer("The reports, by account and book.", DayReports, (JSON, CSV))},
            ),
        ]

    async def _enter(self, model: type[EntryBody], request: web.Request) -> web.StreamResponse:
        raw = await read_body(request, SMALL_BODY_BYTES_MAX)
        body = checked(decoded(raw), model)
        record = Record(
            key=str(body.id),
            body_hash=hashlib.sha256(f"{request.path} ".encode() + raw).digest(),
            note=body.note or "",
            entered=body.entered(),
        )
        try:
            answer = await self._port.enter(record)
        except NotPossibleError as error:
            raise _not_possible(error) from error
        except EntryKeyReusedError as error:
            detail = "another entry with another body has this id"
            raise Refused(ErrorCode.IDEMPOTENCY_KEY_REUSED, detail) from error
        return json_response(answer, 200 if answer["status"] == "booked" else 202)

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        body = checked(decoded(await read_body(request, SMALL_BODY_BYTES_MAX)), PaperAdjust)
        account = request.match_info["account"]
        return await self._play(
            lambda: self._port.adjust_paper(account, str(body.id), body.asset, body.amount)
        )

    async def _split(self, request: web.Request) -> web.StreamResponse:
        body = checked(decoded(await read_body(request, SMALL_BODY_BYTES_MAX)), PaperSplit)
        account = request.match_info["account"]
        if body.new == body.old:
            raise BadInput([Problem("new", "must differ from old")])
        ratio = Ratio(body.new, body.old)
        return await self._play(
            lambda: self._port.split_paper(account, str(body.id), body.symbol, ratio)
        )

    async def _move(self, request: web.Request) -> web.StreamResponse:
        body = checked(decoded(await read_body(request, SMALL_BODY_BYTES_MAX)), PaperMove)
        account = request.match_info["account"]
        return await self._play(
            lambda: self._port.move_paper(account, str(body.id), body.symbol, body.price)
        )

    async def _play(self, act: Callable[[], Awaitable[PaperAnswer]]) -> web.StreamResponse:
        try:
            return json_response(await act())
        except NotPossibleError as error:
            raise _not_possible(error) from error

    async def report(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/report``: sums over fills and entries of a market day."""
        known = {each.name for each in _QUERY}
        problems = [
            Problem(key, f"unknown here: there are {', '.join(sorted(known))}")
            for key in request.query
            if key not in known
        ]
        text = request.query.get("day")
        day = None
        try:
            day = None if text is None else date.fromisoformat(text)
        except ValueError:
            problems.append(Problem("day", "must be a date such as 2026-11-20"))
        if problems:
            raise BadInput(problems)
        items = await self._port.reports(
            day, request.query.get("account"), request.query.get("book")
        )
        if wants_csv(request):
            return csv_response(csv_text(tuple(BookReport.__annotations__), items, header=True))
        return json_response({"items": items})


def _not_possible(error: NotPossibleError) -> Refused:
    problem = Problem(error.path, error.message)
    return Refused(ErrorCode.NOT_POSSIBLE, f"not possible now: {problem}", [problem])
