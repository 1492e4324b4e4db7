"""Asking on behalf of one account: what every request needs beside the request itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.binance.algo import Algos
from adapters.binance.answers import Reply
from adapters.binance.fields import decimal, integer, symbol_of, text, time_of
from adapters.binance.hosts import MarketKind
from adapters.binance.money import Purse
from adapters.binance.orders import Memory, Reader
from adapters.binance.outcomes import Remedy, not_prepared, remedy_for, said_by
from adapters.binance.routes import PAGE
from adapters.binance.trades import Trades
from adapters.broker import (
    BrokerMisconfiguredError,
    BrokerUnavailableError,
    Funding,
    UnknownSymbolError,
)
from adapters.fields import MalformedError, fields_of, rows_of, to_ms
from adapters.sessions import AlwaysOpen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from adapters.binance.answers import Observation
    from adapters.binance.hub import Venue
    from adapters.binance.orders import Known
    from adapters.binance.rules import Rules
    from adapters.binance.signing import Keys
    from adapters.binance.wire import Call
    from adapters.broker import BrokerFill, BrokerOrder, Holdings, Refused
    from adapters.fields import Fields
    from adapters.http import Hosts
    from algorithms.domain import Symbol

FULL_LOOK_EVERY_S = 600.0
"""Between questions about the open orders of every symbol, which are dear."""
QUIET_LOOK_EVERY = timedelta(minutes=10)
"""Trades of a symbol of which nothing was heard are asked for again after so long."""
BAD_SYMBOL = -1121
MOST_PAGES = 20
"""Of funding read at once: thousands of payments; the rest comes with the next look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinanceSettings:
    """One account. ``currency`` is what its symbols are quoted, and its books kept, in."""

    account: str
    kind: MarketKind
    currency: str
    hosts: Hosts
    keys: Keys
    no_orders: str | None = None
    """Why this account places nothing; it may be looked at, and its orders cancelled."""
    leverage: int = 1
    """Futures: the least leverage that the symbols it trades must be set to."""


class Account:
    """Reads one account's orders, executions and holdings."""

    def __init__(self, settings: BinanceSettings, venue: Venue) -> None:
        """Needs the venue's rules to have been read."""
        self.settings = settings
        self.venue = venue
        self.routes = venue.routes
        self._wire = venue.wire(settings.keys)
        self._purse = Purse(settings.kind, settings.currency, venue.known_rules)
        self.reader = Reader(Memory(), AlwaysOpen().day_at, self._purse.name)
        self.algos = Algos(self.routes, self.reader, self.seen)
        self._trades = Trades(self.routes, self.reader, self.ask, self._know)
        self._watched: set[Symbol] = set()
        self._moved: dict[Symbol, datetime] = {}
        self._deaf_until: datetime | None = None
        self._looked_at_all: float | None = None
        self._prepared: set[Symbol] = set()
        self._preparing = asyncio.Lock()

    async def seen(self, call: Call) -> Observation:
        """Send a request and do what its answer asks for."""
        observation = await self._wire.send(call)
        match remedy_for(observation):
            case Remedy.CLOCK:
                await self.venue.know_time(anew=True)
            case Remedy.RULES:
                self.venue.renew_rules()
            case Remedy.NONE | Remedy.WAIT | Remedy.PERSON:
                pass
        return observation

    async def ask(self, call: Call) -> object:
        """Send a question; raise BrokerUnavailableError unless it is answered."""
        observation = await self.seen(call)
        if not isinstance(observation, Reply):
            raise BrokerUnavailableError(observation.reason)
        if observation.code == BAD_SYMBOL:
            raise UnknownSymbolError(said_by(observation))
        if not observation.is_good:
            raise BrokerUnavailableError(said_by(observation))
        return observation.body

    async def check(self) -> None:
        """Make sure that the account can be used.

        Raises BrokerMisconfiguredError for keys that the venue does not take and for an account
        in hedge mode: its two positions a symbol are not one number, as the books have.
        """
        observation = await self.seen(self.routes.account_state())
        if remedy_for(observation) is Remedy.PERSON:
            assert isinstance(observation, Reply)  # only answers have a remedy
            raise BrokerMisconfiguredError(said_by(observation))
        if not isinstance(observation, Reply) or not observation.is_good:
            raise BrokerUnavailableError(str(observation))
        held = self._purse.holdings(fields_of(observation.body), self.venue.time.now())
        self._watched.update(held.positions)
        if self.settings.kind is MarketKind.FUTURES:
            mode = fields_of(await self.ask(self.routes.account_settings()))
            if mode.get("dualSidePosition") is not False:
                raise BrokerMisconfiguredError(
                    "hedge_mode: the account is in hedge mode; set it to one-way position mode"
                )

    async def prepare(self, symbol: Symbol) -> Refused | None:
        """Make sure, once, that a futures symbol has the leverage that its books count on.

        A higher one stays: what a person set may serve others. Returns why it cannot be.
        """
        if self.settings.kind is MarketKind.SPOT or symbol in self._prepared:
            return None
        async with self._preparing:
            if symbol in self._prepared:
                return None
            seen = await self.seen(self.routes.symbol_settings(symbol))
            if isinstance(seen, Reply) and seen.is_good:
                (row,) = rows_of(seen.body)
                if integer(row, "leverage") < self.settings.leverage:
                    seen = await self.seen(self.routes.set_leverage(symbol, self.settings.leverage))
            if isinstance(seen, Reply) and seen.is_good:
                self._prepared.add(symbol)
                return None
        return not_prepared(seen, f"leverage {self.settings.leverage} of {symbol}")

    def rules(self, symbol: Symbol) -> Rules:
        """Return a symbol's rules; raise UnknownSymbolError for one that cannot be booked."""
        rules = self.venue.known_rules.get(symbol)
        if rules is None:
            raise UnknownSymbolError(f"{symbol} is not traded here")
        if rules.quote != self.settings.currency:
            raise UnknownSymbolError(
                f"{symbol} is priced in {rules.quote}, and the account kept in "
                f"{self.settings.currency}"
            )
        return rules

    def moved(self, symbol: Symbol) -> None:
        """Note that something may have happened to orders of a symbol."""
        self._watched.add(symbol)
        self._moved[symbol] = self.venue.time.now()

    def heard_nothing_until(self, now: datetime) -> None:
        """Note that events up to now may be missing."""
        self._deaf_until = now

    async def holdings(self) -> Holdings:
        at = self.venue.time.now()
        state = fields_of(await self.ask(self.routes.account_state()))
        held = self._purse.holdings(state, at)
        self._watched.update(held.positions)
        return held

    async def funding_since(self, since: datetime) -> tuple[Funding, ...]:
        """Return what was paid for futures held, in the account's currency, oldest first."""
        if self.settings.kind is MarketKind.SPOT:
            return ()
        found: dict[str, Funding] = {}
        begin = to_ms(since)
        for _ in range(MOST_PAGES):
            rows = rows_of(await self.ask(self.routes.funding(begin)))
            paid = [_funding(row) for row in rows if row.get("asset") == self.settings.currency]
            found |= {each.id: each for each in paid}
            if len(rows) < PAGE:
                break
            begin = max(integer(row, "time") for row in rows)
        return tuple(sorted(found.values(), key=lambda each: each.at))

    async def open_orders(self) -> list[BrokerOrder]:
        """Return what is open. Of symbols never heard of it is told with some delay."""
        weight = self.routes.open_orders_of_symbol_weight * len(self._watched)
        now = self.venue.clock.monotonic()
        recent = self._looked_at_all is not None and now - self._looked_at_all < FULL_LOOK_EVERY_S
        if recent and weight < self.routes.open_orders_weight:
            found = [await self._open(symbol) for symbol in sorted(self._watched)]
            return [order for orders in found for order in orders]
        orders = await self._open(None)
        self._looked_at_all = now
        self._watched.update(order.symbol for order in orders)
        return orders

    async def _open(self, symbol: Symbol | None) -> list[BrokerOrder]:
        rows = rows_of(await self.ask(self.routes.open_orders(symbol)))
        if self.settings.kind is MarketKind.SPOT:
            return [self.reader.order(row) for row in rows]
        conditional = await self.algos.open(symbol)
        await self.algos.learn_parents(rows)
        return [self.reader.order(row) for row in rows] + conditional

    async def fills_of(self, order: BrokerOrder, number: str) -> tuple[BrokerFill, ...]:
        """Return every execution of an order that has the venue's ``number``."""
        if not order.filled:
            return ()
        known = self.reader.memory.get(order.symbol, number)
        assert known is not None  # the order was read just now
        return await self._trades.of_order(order.symbol, number, known)

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        """Return the executions of every symbol this account has to do with, oldest first."""
        now = self.venue.time.now()
        found: list[BrokerFill] = []
        for symbol in sorted(self._watched):
            found += await self._trades.since(symbol, since, now, must_ask=self._must_ask(symbol))
        return tuple(sorted(found, key=lambda fill: (fill.at, _number(fill))))

    def _must_ask(self, symbol: Symbol) -> datetime:
        """Until when the log of a symbol's trades must reach to be believed without asking."""
        now = self.venue.time.now()
        reasons: Iterable[datetime | None] = (
            now - QUIET_LOOK_EVERY,
            self._deaf_until,
            self._moved.get(symbol),
        )
        return max(at for at in reasons if at is not None)

    async def _know(self, symbol: Symbol, number: str) -> Known:
        """Find out whose order a number is."""
        if self.settings.kind is MarketKind.FUTURES:
            await self.algos.learn(symbol)
        known = self.reader.memory.get(symbol, number)
        if known is None:
            row = fields_of(await self.ask(self.routes.find_number(symbol, number)))
            self.reader.order(row)
            known = self.reader.memory.get(symbol, number)
        if known is None:
            raise MalformedError(f"order {number} of {symbol} is answered with another")
        return known


def _funding(row: Fields) -> Funding:
    """Read a payment. Its number alone is not enough: venues number each kind for itself."""
    symbol, at = symbol_of(row), time_of(row, "time")
    number = f"{text(row, 'tranId')}:{symbol}:{integer(row, 'time')}"
    return Funding(number, symbol, text(row, "asset"), decimal(row, "income"), at)


def _number(fill: BrokerFill) -> int:
    return int(fill.trade_id or 0)
