"""The ledger as the HTTP side asks for it: entries, paper accounts, reports of a day."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from adapters.paper import PaperBroker
from adapters.paper.operations import Adjust, ImpossibleOperationError, MovePrice, SplitUnits
from algorithms.bookkeeping import EventKind
from algorithms.decimals import ZERO, add, to_text
from algorithms.domain import AccountName, Symbol
from daemon.api.errors import ErrorCode, Refused
from daemon.api.ledger import EntryAnswer, PaperAnswer
from daemon.execution.bookkeeper import NotPossibleError
from daemon.execution.services import MarketDays
from daemon.jobs.reports import DayReport, reports_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import date

    from adapters.paper.operations import Operation
    from algorithms.bookkeeping import Ratio
    from daemon.api.ledger import BookReport, EnteredLine
    from daemon.engine import Engine
    from daemon.execution.entries import Record
    from daemon.registry import Account
    from daemon.storage.tx import View

INCOME = frozenset({EventKind.DIVIDEND, EventKind.INTEREST, EventKind.FUNDING})


class BookOffice:
    """Answers for the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def enter(self, record: Record) -> EntryAnswer:
        """Make an entry. Raises NotPossibleError, EntryKeyReusedError and StorageError."""
        recorded = await self._engine.ledger.record(record)

        def read(view: View) -> EntryAnswer:
            split = view.fetch_one("split", id=recorded.event_id)
            waits = split is not None and split["applied_at"] is None
            event_id = recorded.event_id if split is None else split["event_id"]
            rows = [] if event_id is None else view.fetch("entries_of_event", event_id=event_id)
            return EntryAnswer(
                id=recorded.event_id,
                status="waiting" if waits else "booked",
                duplicate=recorded.repeats,
                entries=list(map(_line, rows)),
            )

        return await self._engine.store.read(read)

    async def adjust_paper(
        self, account: str, key: str, asset: str | None, amount: Decimal
    ) -> PaperAnswer:
        """Let money or units reach a paper account. Raises Refused and NotPossibleError."""
        paper = self._paper(account)
        currency = self._engine.registry.accounts[AccountName(account)].currency
        return await self._operate(paper, key, Adjust(asset or currency, amount))

    async def split_paper(
        self, account: str, key: str, symbol: Symbol, ratio: Ratio
    ) -> PaperAnswer:
        """Split a symbol at the paper exchange. Raises Refused and NotPossibleError."""
        operation = SplitUnits(symbol, ratio.new, ratio.old)
        return await self._operate(self._paper(account), key, operation)

    async def move_paper(
        self, account: str, key: str, symbol: Symbol, price: Decimal
    ) -> PaperAnswer:
        """Let a symbol trade at a price there. Raises Refused and NotPossibleError."""
        done = await self._operate(self._paper(account), key, MovePrice(symbol, price))
        # Whoever moves a price by hand wants to see what the next order makes of it.
        self._engine.services.market.forget_symbol(AccountName(account), symbol)
        return done

    async def reports(
        self, day: date | None, account: str | None, book: str | None
    ) -> list[BookReport]:
        """Sum up a market day, book by book."""
        registry = self._engine.registry
        days = MarketDays(self._engine.services.current, self._engine.services.brokers)
        now = self._engine.services.clock.now()

        def read(view: View) -> list[BookReport]:
            found: list[BookReport] = []
            for name, each in sorted(registry.accounts.items()):
                if account not in {None, name}:
                    continue
                of = days(name, now) if day is None else day.isoformat()
                books = sorted(one.name for one in registry.books_of_account.get(name, ()))
                found += _reports(view, each, of, [one for one in books if book in {None, one}])
            return found

        return await self._engine.store.read(read)

    def _paper(self, account: str) -> PaperBroker:
        broker = self._engine.services.brokers.get(AccountName(account))
        if not isinstance(broker, PaperBroker):
            raise Refused(ErrorCode.NOT_FOUND, f"{account} is no paper account that is connected")
        return broker

    async def _operate(self, broker: PaperBroker, key: str, operation: Operation) -> PaperAnswer:
        try:
            done = await broker.exchange.operate(key, operation)
            holdings = await broker.exchange.holdings()
        except ImpossibleOperationError as error:
            message = f"the paper exchange refuses it: {error}"
            raise NotPossibleError(error.about, message) from error
        except BrokerUnavailableError as error:
            raise Refused(ErrorCode.BROKER_SILENT, str(error)) from error
        held = {str(symbol): units for symbol, units in holdings.positions.items()}
        held |= dict(holdings.cash)
        return PaperAnswer(
            duplicate=not done,
            holdings={asset: to_text(amount) for asset, amount in sorted(held.items())},
        )


def _line(row: sqlite3.Row) -> EnteredLine:
    return {
        "book": row["book"],
        "symbol": row["symbol"],
        "asset": row["asset"],
        "quantity": row["quantity"],
        "price": row["price"],
        "total": row["total"],
        "cost": row["cost"],
        "profit": row["profit"],
    }


def _reports(view: View, account: Account, day: str, books: list[str]) -> Iterator[BookReport]:
    traded = reports_of(view, account, day)
    income: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    moved: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in view.fetch("entries_of_day", account=account.name, market_day=day):
        if row["asset"] == account.currency:
            sums = income if row["kind"] in INCOME else moved
            sums[row["book"]] = add(sums[row["book"]], Decimal(row["quantity"]))
    for book in books:
        report = traded.get(book, DayReport())
        yield {
            "account": account.name,
            "book": book,
            "day": day,
            "currency": account.currency,
            "trades": report.trades,
            "crossed": report.crossed,
            "bought": to_text(report.bought),
            "sold": to_text(report.sold),
            "profit": to_text(report.profit),
            "fees": to_text(report.fees),
            "saved": to_text(report.saved),
            "income": to_text(income[book]),
            "moved": to_text(moved[book]),
        }
