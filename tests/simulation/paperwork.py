"""What reaches the accounts of a simulated day without an order, and whoever enters it.

At the exchange it happens once by its key, in the books it is entered once by the same key; a kill
in between leaves it to the next life. Meanwhile books and exchange of that account differ.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from adapters.paper.operations import Adjust, ImpossibleOperationError, SplitUnits
from adapters.sqlite.errors import StorageFullError
from algorithms.bookkeeping import Ratio
from algorithms.domain import AccountName, BookName, Symbol
from daemon.execution.bookkeeper import NotPossibleError
from daemon.execution.entries import (
    Assignment,
    Deposit,
    Dividend,
    Interest,
    Record,
    Split,
    Transfer,
    Withdrawal,
)
from daemon.execution.orders import UnknownOrderError
from daemon.execution.verdicts import NotUnknownError, Verdicts
from tests.simulation.scene import BOOKS, SYMBOLS
from tests.support.books import select

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from adapters.paper import PaperBroker
    from adapters.paper.operations import Operation
    from daemon.execution.entries import Entered
    from tests.simulation.judge import Judge
    from tests.support.world import World

WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Paperwork:
    """One event: what happens at the exchange and what a person enters about it."""

    key: str
    account: AccountName
    entered: Entered
    operation: Operation | None

    @property
    def units(self) -> str | None:
        """The symbol whose units it changes at the exchange, if it does."""
        match self.operation:
            case SplitUnits(symbol=symbol):
                return symbol
            case Adjust(asset=asset) if asset in SYMBOLS:
                return asset
        return None

    def __str__(self) -> str:
        return f"{self.key} in {self.account}: {self.entered}"


def draw(chance: random.Random, number: int) -> tuple[Paperwork, ...]:
    """Draw an event; a split comes to all accounts at once."""
    roll = chance.random()
    key = f"event {number}"
    if roll < 0.2:
        return _split(chance, key)
    book, (_, account) = chance.choice(sorted(BOOKS.items()))
    name, amount = BookName(book), Decimal(chance.choice(("0.07", "3.5", "250")))
    make = chance.choice((_deposit, _withdrawal, _dividend, _interest, _transfer, _shares))
    entered, operation = make(chance, name, AccountName(account), amount)
    return (Paperwork(key, AccountName(account), entered, operation),)


Made = tuple["Entered", "Operation | None"]


def _split(chance: random.Random, key: str) -> tuple[Paperwork, ...]:
    symbol = Symbol(chance.choice(sorted(SYMBOLS)))
    ratio = chance.choice((Ratio(2, 1), Ratio(3, 1), Ratio(1, 2), Ratio(3, 2)))
    accounts = sorted({account for _, account in BOOKS.values()})
    return tuple(
        Paperwork(
            f"{key} {account}",
            AccountName(account),
            Split(account=AccountName(account), symbol=symbol, ratio=ratio),
            SplitUnits(symbol, ratio.new, ratio.old),
        )
        for account in accounts
    )


def _deposit(_: random.Random, book: BookName, __: AccountName, amount: Decimal) -> Made:
    deposit = Deposit(book=book, asset=None, amount=amount, price=None)
    return deposit, Adjust("USD", amount)


def _withdrawal(_: random.Random, book: BookName, __: AccountName, amount: Decimal) -> Made:
    return Withdrawal(book=book, asset=None, amount=amount), Adjust("USD", -amount)


def _dividend(chance: random.Random, _: BookName, account: AccountName, amount: Decimal) -> Made:
    symbol = Symbol(chance.choice(sorted(SYMBOLS)))
    dividend = Dividend(account=account, book=None, symbol=symbol, amount=amount)
    return dividend, Adjust("USD", amount)


def _interest(_: random.Random, book: BookName, __: AccountName, amount: Decimal) -> Made:
    return Interest(book=book, amount=amount), Adjust("USD", amount)


def _shares(chance: random.Random, book: BookName, _: AccountName, __: Decimal) -> Made:
    symbol, units = chance.choice(sorted(SYMBOLS)), Decimal(chance.choice((1, 4)))
    deposit = Deposit(book=book, asset=symbol, amount=units, price=Decimal(SYMBOLS[symbol]))
    return deposit, Adjust(symbol, units)


def _transfer(chance: random.Random, book: BookName, account: AccountName, amount: Decimal) -> Made:
    others = [name for name, (_, where) in sorted(BOOKS.items()) if where == account != name]
    asset = chance.choice((None, *sorted(SYMBOLS)))
    units = amount if asset is None else Decimal(chance.choice((1, 3)))
    target = BookName(chance.choice([name for name in others if name != book]))
    return Transfer(book=book, to_book=target, asset=asset, amount=units), None


@dataclass(slots=True)
class Clerk:
    """Carries out paperwork, over as many lives of the daemon as that takes."""

    judge: Judge
    tell: Callable[[str], None]
    open: list[Paperwork] = field(default_factory=list)
    fractions: set[AccountName] = field(default_factory=set)
    """Accounts in which a split left fractions over: shares of nobody, in suspense."""
    _assigned: int = 0

    @property
    def unsettled(self) -> frozenset[AccountName]:
        """Accounts whose books and exchange need not agree now."""
        return frozenset(work.account for work in self.open)

    async def carry_out(self, day: World, work: Paperwork) -> None:
        """Let it happen and enter it; what is not possible is undone or entered otherwise."""
        while self._has_to_wait(work):
            await day.clock.sleep(WAIT_S)
        if isinstance(work.entered, Split):
            await self._split(day, work, work.entered)
        elif isinstance(work.entered, Withdrawal):
            await self._withdraw(day, work, work.entered)
        else:
            if work.operation is not None:
                await self._at_exchange(day, work.account, work.key, work.operation)
            problem = await self._enter(day, work.key, work.entered)
            while problem is not None and "under way" in problem:
                await day.clock.sleep(WAIT_S)
                problem = await self._enter(day, work.key, work.entered)
            if problem is not None and isinstance(work.entered, Dividend):
                book = self._first_book(work.account)
                instead = Deposit(book=book, asset=None, amount=work.entered.amount, price=None)
                await self._enter(day, f"{work.key} instead", instead)
        self.open.remove(work)

    def _has_to_wait(self, work: Paperwork) -> bool:
        """Whether what came before it is not over: units are entered as they were brought.

        Those brought before the exchange splits, and entered afterwards, would be too few.
        """
        before = self.open[: self.open.index(work)]
        return work.units is not None and any(
            other.account == work.account and other.units == work.units for other in before
        )

    async def say_which(self, day: World) -> None:
        """Say which order at its broker one is, as a person does who is asked for it.

        Nobody else trades in the accounts: what looks like it, and is no other of ours, is it.
        """
        verdicts = Verdicts(day.engine.services)
        for row in select(day, "SELECT id FROM child_orders WHERE state = 'unknown'"):
            with suppress(UnknownOrderError, NotUnknownError, BrokerUnavailableError):
                candidates = await verdicts.candidates(row["id"])
                if len(candidates) == 1:
                    await verdicts.found(row["id"], candidates[0].id)
                    self.tell(f"a person says that {row['id']} is {candidates[0].id}")

    async def assign_what_is_left(self, day: World, only: AccountName | None = None) -> None:
        """Say whose the fractions are that splits left over."""
        for account, asset, amount in self.judge.suspended():
            if only not in {None, account}:
                continue
            self._assigned += 1
            assigned = Assignment(
                book=self._first_book(account),
                asset=asset,
                amount=amount,
                price=None if asset == "USD" else Decimal(1),
            )
            await self._enter(day, f"left {self._assigned}", assigned)

    async def _withdraw(self, day: World, work: Paperwork, entered: Withdrawal) -> None:
        """Money leaves the books first: what the books do not have free is not asked for."""
        assert work.operation is not None
        if await self._enter(day, work.key, entered) is not None:
            return
        if not await self._at_exchange(day, work.account, work.key, work.operation):
            back = Deposit(book=entered.book, asset=None, amount=entered.amount, price=None)
            await self._enter(day, f"{work.key} back", back)

    async def _split(self, day: World, work: Paperwork, entered: Split) -> None:
        """Enter it first; the exchange splits when the market is closed: no order is there."""
        assert work.operation is not None
        while (problem := await self._enter(day, work.key, entered)) is not None:
            if "under way" not in problem:
                return
            await day.clock.sleep(WAIT_S)
        account = entered.account
        while self.judge.paid_out(account, work.key) is None:
            if not self.judge.has_orders(account, entered.symbol):
                await self._at_exchange(day, account, work.key, work.operation)
            await day.clock.sleep(WAIT_S)
        # Where nobody holds any, only a person sees that the exchange has split.
        forced = replace(entered, force=True)
        if self.judge.awaits_split(account, entered.symbol):
            await self._enter(day, f"{work.key} seen", forced)
        paid = self.judge.paid_out(account, work.key)
        if entered.ratio.old > 1:
            self.fractions.add(account)
        if paid:
            book = self._first_book(account)
            rest = Deposit(book=book, asset=None, amount=paid, price=None)
            await self._enter(day, f"{work.key} fraction", rest)
        while self.judge.awaits_split(account, entered.symbol):
            await day.clock.sleep(WAIT_S)
        await self.assign_what_is_left(day, account)

    async def _at_exchange(
        self, day: World, account: AccountName, key: str, operation: Operation
    ) -> bool:
        while True:
            broker: PaperBroker | None = day.engine.services.brokers.get(account)  # type: ignore[assignment]
            try:
                if broker is not None:
                    await broker.exchange.operate(key, operation)
                    return True
            except ImpossibleOperationError as error:
                self.tell(f"{key}: the exchange says {error}")
                return False
            except BrokerUnavailableError:
                pass
            await day.clock.sleep(WAIT_S)

    async def _enter(self, day: World, key: str, entered: Entered) -> str | None:
        """Enter something once; return why that is not possible."""
        text = repr(entered)
        record = Record(
            key=key,
            body_hash=hashlib.sha256(text.encode()).digest(),
            note="simulated",
            entered=entered,
        )
        while True:
            try:
                await day.engine.ledger.record(record)
            except NotPossibleError as error:
                self.tell(f"{key}: {error}")
                return str(error)
            except StorageFullError:
                await day.clock.sleep(WAIT_S)
            else:
                self.tell(f"{key}: entered {text}")
                return None

    def _first_book(self, account: AccountName) -> BookName:
        return BookName(next(name for name, (_, where) in BOOKS.items() if where == account))
