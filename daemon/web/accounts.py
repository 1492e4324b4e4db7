"""Accounts and books: cash, positions, gains, what waits in suspense."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, divide, multiply, subtract
from algorithms.domain import SUSPENSE, Symbol
from daemon.execution.halts import Scope
from daemon.web import chart
from daemon.web.needs import assign_address
from daemon.web.page import Page

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from daemon.registry import Account, Book
    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

COST_PLACES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Units of one symbol. ``open_gain``: at the last price there was, which is from ``at``."""

    symbol: str
    quantity: Decimal
    average_cost: Decimal | None
    price: Decimal | None = None
    at: datetime | None = None
    open_gain: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class BookRow:
    """A book as it stands. ``gain``: of sales, less fees, since the beginning."""

    book: Book
    cash: Decimal = ZERO
    reserved: Decimal = ZERO
    gain: Decimal = ZERO
    line: chart.Line | None = None
    halted: str | None = None
    positions: list[Position] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class AccountRow:
    """An account with its books. ``problem``: why it cannot work now."""

    account: Account
    problem: str | None
    halted: str | None
    books: list[BookRow]
    suspense: list[sqlite3.Row]
    line: chart.Line | None
    cash: Decimal
    gain: Decimal


def page(sources: Sources, totals: Totals) -> Page:
    """Describe the page."""

    async def load(_: Visit) -> Mapping[str, object]:
        is_whole = await totals.follow(sources)
        rows, halts = await sources.read(
            lambda fetch: (
                fetch("positions"),
                {(row["scope"], row["name"]): row["reason"] for row in fetch("halts")},
            )
        )
        held: defaultdict[tuple[str, str], list[sqlite3.Row]] = defaultdict(list)
        for row in rows:
            held[row["account"], row["book"]].append(row)
        accounts = [
            _account(sources, totals, account, held, halts)
            for _, account in sorted(sources.engine.registry.accounts.items())
        ]
        return {
            "accounts": accounts,
            "is_whole": is_whole,
            "chart": chart,
            "assign_address": assign_address,
        }

    return Page(
        path="/accounts",
        summary="Accounts and books, for people: cash, positions, gains, suspense.",
        template="accounts.html",
        load=load,
    )


def _account(
    sources: Sources,
    totals: Totals,
    account: Account,
    held: Mapping[tuple[str, str], list[sqlite3.Row]],
    halts: Mapping[tuple[str, str], str],
) -> AccountRow:
    registry = sources.engine.registry
    books = []
    for book in sorted(registry.books_of_account.get(account.name, ()), key=lambda each: each.name):
        row = BookRow(book=book, halted=halts.get((Scope.BOOK, book.name)))
        _fill(row, sources, account, held.get((account.name, book.name), ()))
        curve = [total for _, total in totals.curve(account.name, [book.name])]
        row.line, row.gain = chart.line(curve), curve[-1] if curve else ZERO
        books.append(row)
    curve = [total for _, total in totals.curve(account.name, [each.book.name for each in books])]
    runtime = sources.engine.accounts.get(account.name)
    cash = ZERO
    for each in books:
        cash = add(cash, each.cash)
    return AccountRow(
        account=account,
        problem="not started" if runtime is None else runtime.problem,
        halted=halts.get((Scope.ACCOUNT, account.name)),
        books=books,
        suspense=[
            row for row in held.get((account.name, SUSPENSE), ()) if Decimal(row["quantity"])
        ],
        line=chart.line(curve),
        cash=cash,
        gain=curve[-1] if curve else ZERO,
    )


def _fill(row: BookRow, sources: Sources, account: Account, held: Iterable[sqlite3.Row]) -> None:
    for each in held:
        quantity, cost = Decimal(each["quantity"]), Decimal(each["cost"])
        if each["asset"] == account.currency:
            row.cash, row.reserved = quantity, Decimal(each["reserved"])
        elif quantity:
            row.positions.append(_position(sources, account, each["asset"], quantity, cost))


def _position(
    sources: Sources, account: Account, symbol: str, quantity: Decimal, cost: Decimal
) -> Position:
    quote = sources.engine.services.market.remembered(account.name, Symbol(symbol))
    gain = None if quote is None else subtract(multiply(quantity, quote.last), cost)
    return Position(
        symbol=symbol,
        quantity=quantity,
        average_cost=divide(cost, quantity, COST_PLACES) if cost else None,
        price=None if quote is None else quote.last,
        at=None if quote is None else quote.at,
        open_gain=gain,
    )
