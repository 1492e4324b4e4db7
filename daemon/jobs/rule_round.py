"""Asking the rules of an account's books, each once, and storing what came of it.

A rule is asked on a reading of the database and may take its time; what it wants is then cut to
what its book has at the moment of storing. The run, the orders and what the rule remembers are
stored together or not at all.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import orjson

from daemon.config.trading import LocMode
from daemon.execution.rule_intake import RuleTerms, request_of
from daemon.jobs.lots import read_lots
from daemon.jobs.runs import RanBeforeError, RunStatus, has_run, record
from daemon.jobs.snapshot import read_snapshot
from daemon.notices import raise_notice
from daemon.rules.rule import BookDay, SymbolDay

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from algorithms.domain import BookName, ParentOrder, Symbol
    from algorithms.loc.lots import Lot
    from daemon.execution.rule_intake import RuleIntake
    from daemon.execution.services import Services
    from daemon.jobs.day_prices import DayPrice, DayPrices
    from daemon.jobs.runs import JobRun
    from daemon.jobs.snapshot import BooksSnapshot
    from daemon.jobs.timetable import Timetable
    from daemon.registry import Book
    from daemon.rules.rule import Decision, Rule
    from daemon.storage.tx import Tx, View

RULE_TIMEOUT_S = 30.0

log = logging.getLogger(__name__)


class RuleFailedError(Exception):
    """A rule made no decision; the message says why."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the books of an account wanted, and why some could not be asked yet."""

    placed: tuple[ParentOrder, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Morning:
    """One run on one account: what every book is asked on."""

    run: JobRun
    timetable: Timetable
    prices: Mapping[Symbol, DayPrice]
    snapshot: BooksSnapshot
    lots: Mapping[tuple[BookName, Symbol], tuple[Lot, ...]]


class RuleRound:
    """Asks the rules of an account."""

    def __init__(self, services: Services, prices: DayPrices, intake: RuleIntake) -> None:
        self._services = services
        self._prices = prices
        self._intake = intake

    async def ask(
        self, run: JobRun, timetable: Timetable, unready: Collection[BookName]
    ) -> Answers:
        """Ask every active book that has a rule and was not asked on this day.

        Books whose earlier orders have not ended (``unready``) or whose prices are missing are
        left for the next try.
        """
        books = await self._books(run)
        symbols = {symbol for book in books for symbol in book.symbols}
        prices, problems = await self._prices.of(run, timetable, sorted(symbols))
        problems += [f"{name}: an earlier order has not ended" for name in sorted(unready)]
        names = frozenset(book.name for book in books)
        snapshot = await self._services.persistence.read(
            partial(read_snapshot, account=run.account, books=names)
        )
        lots = await self._services.persistence.read(
            partial(self._lots, books=books, prices=prices, snapshot=snapshot)
        )
        morning = _Morning(run, timetable, prices, snapshot, lots)
        placed: list[ParentOrder] = []
        for book in books:
            if book.name not in unready and book.symbols <= prices.keys():
                placed += await self._ask(morning, book)
        return Answers(tuple(placed), tuple(problems))

    async def _books(self, run: JobRun) -> list[Book]:
        books = self._services.registry.books_of_account.get(run.account, ())
        asked = [book for book in books if book.active and book.rule is not None]
        return await self._services.persistence.read(
            lambda view: [book for book in asked if not has_run(view, run, book.name)]
        )

    def _lots(
        self,
        view: View,
        books: Collection[Book],
        prices: Mapping[Symbol, DayPrice],
        snapshot: BooksSnapshot,
    ) -> dict[tuple[BookName, Symbol], tuple[Lot, ...]]:
        """Return the lots of the books whose rules want them."""
        return {
            (book.name, symbol): read_lots(
                view,
                book.account.name,
                book.name,
                symbol,
                held=snapshot.holding(book.name, symbol).quantity,
                lot=prices[symbol].instrument.lot,
            )
            for book in books
            if book.rule is not None and book.rule.wants_lots
            for symbol in book.symbols & prices.keys()
        }

    async def _ask(self, morning: _Morning, book: Book) -> list[ParentOrder]:
        """Ask one book's rule; store the run and what came of it."""
        assert book.rule is not None  # only such books are asked
        try:
            self._require_no_halt(book)
            decisions = await _decided(book.rule, self._book_day(morning, book))
        except RuleFailedError as error:
            work = partial(self._no_decision, run=morning.run, book=book, reason=str(error))
        else:
            now = self._services.clock.now()
            work = partial(
                self._carry_out, morning=morning, book=book, decisions=decisions, now=now
            )
        try:
            return await self._services.persistence.write(work)
        except RanBeforeError:
            log.warning("book %s has had its orders of %s", book.name, morning.run.day)
            return []

    def _require_no_halt(self, book: Book) -> None:
        halted = self._services.halts.reason(book.account.name, book.strategy, book.name)
        if halted is not None:
            raise RuleFailedError(halted)

    def _no_decision(self, tx: Tx, run: JobRun, book: Book, reason: str) -> list[ParentOrder]:
        now = self._services.clock.now()
        record(tx, run, RunStatus.FAILED, now, reason, book.name)
        self._tell(tx, "rule_failed", book, now, reason=reason)
        return []

    def _carry_out(
        self, tx: Tx, morning: _Morning, book: Book, decisions: tuple[Decision, ...], now: datetime
    ) -> list[ParentOrder]:
        """Store that the book was asked, place what its rule wants, keep what it remembers."""
        record(tx, morning.run, RunStatus.DONE, now, f"{len(decisions)} decisions", book.name)
        left = morning.timetable.slices_left(now)
        placed: list[ParentOrder | None] = []
        for decision in decisions:
            self._tell(
                tx, "rule_decided", book, now, symbol=decision.symbol, decision=decision.reason
            )
            price = morning.prices[decision.symbol]
            terms = RuleTerms(
                instrument=price.instrument,
                price=price.quote.last,
                slices_left=left,
                request_id=request_of(morning.run.day.isoformat(), book.name),
            )
            placed += [
                self._intake.place(tx, book, decision.symbol, wish, terms, now)
                for wish in decision.wishes
            ]
        self._remember(tx, book, decisions, morning.snapshot)
        return [parent for parent in placed if parent is not None]

    def _remember(
        self, tx: Tx, book: Book, decisions: tuple[Decision, ...], snapshot: BooksSnapshot
    ) -> None:
        new = {each.symbol: each.state for each in decisions if each.state is not None}
        for symbol in book.symbols:
            state = new.get(symbol, snapshot.state(book.name, symbol).state)
            tx.execute(
                "save_rule_state",
                account=book.account.name,
                book=book.name,
                symbol=symbol,
                state=orjson.dumps(dict(state)).decode(),
                seen_fill=snapshot.last_fill,
            )

    def _book_day(self, morning: _Morning, book: Book) -> BookDay:
        run, sessions = morning.run, morning.timetable.sessions
        currency = book.account.currency
        return BookDay(
            book=book.name,
            account=run.account,
            currency=currency,
            day=run.day,
            previous_day=sessions.day_before(run.day),
            now=self._services.clock.now(),
            cash=morning.snapshot.holding(book.name, currency).free,
            symbols=tuple(_symbol_day(morning, book, each) for each in sorted(book.symbols)),
            days_since=lambda after: sessions.days_since(after, run.day),
            sends_at_close=self._services.current.setup.config.loc.mode is not LocMode.SHEET,
        )

    def _tell(self, tx: Tx, code: str, book: Book, now: datetime, **params: str) -> None:
        account = book.account.name
        new = self._services.ids.new()
        raise_notice(tx, new, code, now, account=account, book=book.name, **params)


def _symbol_day(morning: _Morning, book: Book, symbol: Symbol) -> SymbolDay:
    held, price = morning.snapshot.holding(book.name, symbol), morning.prices[symbol]
    return SymbolDay(
        symbol=symbol,
        price=price.quote.last,
        lot=price.instrument.lot,
        quantity=held.quantity,
        free=held.free,
        invested=held.cost,
        last_close=price.quote.previous_close,
        close_before=price.close_before,
        sales=morning.snapshot.new_sales(book.name, symbol),
        state=morning.snapshot.state(book.name, symbol).state,
        instrument=price.instrument,
        lots=morning.lots.get((book.name, symbol), ()),
    )


async def _decided(rule: Rule, day: BookDay) -> tuple[Decision, ...]:
    """Ask a rule, for a limited time. Raises RuleFailedError, whatever a rule may do."""
    known = {each.symbol for each in day.symbols}
    try:
        async with asyncio.timeout(RULE_TIMEOUT_S):
            decisions = tuple(await rule.decide(day))
    except TimeoutError as error:
        raise RuleFailedError(f"it did not answer within {RULE_TIMEOUT_S:.0f} s") from error
    except Exception as error:
        log.exception("book %s: its rule failed", day.book)
        raise RuleFailedError(f"{type(error).__name__}: {error}") from error
    for decision in decisions:
        if decision.symbol not in known:
            raise RuleFailedError(f"it decided on {decision.symbol}, which the book does not trade")
    return decisions
