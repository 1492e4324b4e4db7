"""Prices and instruments of an account's broker, asked once and remembered as long as they hold.

Sizing, limits and netting need a price at the moment of a decision; a venue with a budget of one
request a second cannot be asked for each. A remembered price is never passed off as fresh: it
keeps the time the broker gave it, and whoever uses it decides how old is too old.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from adapters.broker import BrokerError, BrokerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from adapters.broker import Broker, Quote
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName, Symbol
    from algorithms.instruments import Instrument

T = TypeVar("T")

FRESH_S = 0.5
"""How long a price serves the next decisions; a burst of orders costs one question."""
RECENT_S = 5.0
"""How long a price serves to size an order and to set cash aside. Such a price only has to be
near (the margin of ``risk.market_margin_percent`` covers the rest), and taking it keeps a strategy
that sends orders all the time from waiting for prices; meanwhile a new one is asked for."""
ASK_TIMEOUT_S = 5.0
MOST_REMEMBERED = 10_000


class Market:
    """What the brokers of all accounts say of symbols."""

    def __init__(
        self, clock: Clock, brokers: Mapping[AccountName, Broker], tasks: TaskSupervisor
    ) -> None:
        self._clock = clock
        self._brokers = brokers
        self._tasks = tasks
        self._asking: set[tuple[AccountName, Symbol]] = set()
        self._instruments: dict[tuple[AccountName, Symbol], Instrument] = {}
        self._quotes: dict[tuple[AccountName, Symbol], tuple[float, Quote]] = {}
        self._held: dict[AccountName, asyncio.Event] = {}

    @contextmanager
    def held(self, account: AccountName) -> Iterator[None]:
        """Let questions about an account wait while its broker is exchanged for another.

        Each waits for no longer than for an answer; nobody is told that there is no broker.
        """
        over = self._held[account] = asyncio.Event()
        try:
            yield
        finally:
            del self._held[account]
            over.set()

    def forget(self, account: AccountName) -> None:
        """Ask anew about everything that an account's broker has said."""
        for known in (self._instruments, self._quotes):
            for key in [key for key in known if key[0] == account]:
                del known[key]

    def known_instrument(self, account: AccountName, symbol: Symbol) -> Instrument | None:
        """Return the instrument if it has been asked for before."""
        return self._instruments.get((account, symbol))

    def forget_symbol(self, account: AccountName, symbol: Symbol) -> None:
        """Drop what is remembered of a symbol: a split has made it another thing."""
        self._instruments.pop((account, symbol), None)
        self._quotes.pop((account, symbol), None)

    def remembered(self, account: AccountName, symbol: Symbol) -> Quote | None:
        """Return the last price there was, however old, and ask nobody: for people to look at."""
        found = self._quotes.get((account, symbol))
        return None if found is None else found[1]

    def recent_quote(self, account: AccountName, symbol: Symbol) -> Quote | None:
        """Return a price some seconds old at most, and see to a newer one for the next time."""
        found = self._quotes.get((account, symbol))
        if found is None:
            return None
        age = self._clock.monotonic() - found[0]
        if age > FRESH_S and (account, symbol) not in self._asking:
            self._asking.add((account, symbol))
            self._tasks.spawn(self._renew(account, symbol), name=f"price of {symbol}")
        return found[1] if age <= RECENT_S else None

    async def _renew(self, account: AccountName, symbol: Symbol) -> None:
        try:
            await self.quote(account, symbol)
        except BrokerError:
            pass  # whoever needs the price asks again and is told
        finally:
            self._asking.discard((account, symbol))

    def _fresh_quote(self, account: AccountName, symbol: Symbol) -> Quote | None:
        found = self._quotes.get((account, symbol))
        if found is None or self._clock.monotonic() - found[0] > FRESH_S:
            return None
        return found[1]

    async def instrument(self, account: AccountName, symbol: Symbol) -> Instrument:
        """Return lot and ticks; raise BrokerError when the broker cannot say."""
        known = self.known_instrument(account, symbol)
        if known is None:
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S):
                    known = await self._ask(account, lambda broker: broker.instrument(symbol))
            except TimeoutError as error:
                message = f"no answer about {symbol} within {ASK_TIMEOUT_S} s"
                raise BrokerUnavailableError(message) from error
            if len(self._instruments) >= MOST_REMEMBERED:
                self._instruments.clear()
            self._instruments[account, symbol] = known
        return known

    async def quote(self, account: AccountName, symbol: Symbol) -> Quote:
        """Return a price at most a moment old; raise BrokerError when there is none."""
        known = self._fresh_quote(account, symbol)
        if known is None:
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S):
                    known = await self._ask(account, lambda broker: broker.quote(symbol))
            except TimeoutError as error:
                message = f"no price of {symbol} within {ASK_TIMEOUT_S} s"
                raise BrokerUnavailableError(message) from error
            if len(self._quotes) >= MOST_REMEMBERED:
                self._quotes.clear()
            self._quotes[account, symbol] = (self._clock.monotonic(), known)
        return known

    async def _ask(self, account: AccountName, question: Callable[[Broker], Awaitable[T]]) -> T:
        """Ask an account's broker; if it was exchanged for another meanwhile, ask that one."""
        while True:
            broker = await self._broker(account)
            try:
                answer = await question(broker)
            except BrokerUnavailableError:
                if self._is_at_work(account, broker):
                    raise
            else:
                if self._is_at_work(account, broker):
                    return answer

    def _is_at_work(self, account: AccountName, broker: Broker) -> bool:
        """Whether what this broker says counts: it has not been exchanged while it answered."""
        return account not in self._held and self._brokers.get(account) is broker

    async def _broker(self, account: AccountName) -> Broker:
        if account in self._held:
            await self._held[account].wait()
        broker = self._brokers.get(account)
        if broker is None:
            message = f"account {account} is not connected"
            raise BrokerUnavailableError(message)
        return broker
