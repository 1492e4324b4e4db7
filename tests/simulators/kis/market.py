"""The market beside the accounts: the house, which stands on both sides of the last price."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.hours import Country

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from random import Random

    from tests.simulators.kis.listings import Listing

LEVELS = 10
WALK_TICKS = 2


@dataclass(slots=True)
class Tape:
    """A symbol's day. ``base``: the last regular close, around which the limits lie."""

    base: Decimal
    last: Decimal
    opened: Decimal
    high: Decimal
    low: Decimal
    volume: int = 0
    turnover: Decimal = Decimal(0)
    close: Decimal | None = None
    """Of the regular session, once it has ended."""
    halted: bool = False


class Market:
    """Prices stand until they are set or walk. The best bid is the last price, the ask a tick up.

    With ``spread_ticks`` 0 the ask is the last price, too.

    ``depth`` shares wait at each of ten ticks and come back at once when taken. ``auction`` holds
    the price at which the next auction of a symbol trades; without one it is the last price.
    ``auction_depth`` limits what an auction gives to one order.
    """

    def __init__(self, listings: Iterable[Listing], random: Random) -> None:
        self.listings = {each.symbol: each for each in listings}
        self.tapes = {
            symbol: Tape(each.price, each.price, each.price, each.price, each.price)
            for symbol, each in self.listings.items()
        }
        self.depth: dict[str, int] = defaultdict(lambda: 100_000)
        self.spread_ticks = 1
        self.auction: dict[str, Decimal] = {}
        self.auction_depth: dict[str, int] = {}
        self.closes: dict[str, dict[date, Decimal]] = defaultdict(dict)
        """Of past American days, by symbol."""
        self.trades: list[tuple[str, Decimal, datetime]] = []
        """What quote registrations have yet to tell."""
        self._random = random

    def last(self, symbol: str) -> Decimal:
        return self.tapes[symbol].last

    def bid(self, symbol: str) -> Decimal:
        return self.last(symbol)

    def ask(self, symbol: str) -> Decimal:
        last = self.last(symbol)
        return last + self.spread_ticks * self.listings[symbol].tick(last)

    def limits(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """Return a Korean symbol's lowest and highest price of the day."""
        listing = self.listings[symbol]
        korean = listing.country is Country.KOREA
        return listing.limits(self.tapes[symbol].base) if korean else None

    def asks(self, symbol: str) -> list[tuple[Decimal, int]]:
        """Return price and size of the offers, the best first."""
        listing, price = self.listings[symbol], self.ask(symbol)
        limits = self.limits(symbol)
        found: list[tuple[Decimal, int]] = []
        while len(found) < LEVELS and (limits is None or price <= limits[1]):
            found.append((price, self.depth[symbol]))
            price += listing.tick(price)
        return found

    def bids(self, symbol: str) -> list[tuple[Decimal, int]]:
        """Return price and size of the bids, the best first."""
        listing, price = self.listings[symbol], self.bid(symbol)
        limits = self.limits(symbol)
        found: list[tuple[Decimal, int]] = []
        while len(found) < LEVELS and price > (Decimal(0) if limits is None else limits[0] - 1):
            found.append((price, self.depth[symbol]))
            below = price - listing.tick(price)
            price -= listing.tick(below) if below > 0 else price
        return found

    def set_price(self, symbol: str, price: Decimal) -> None:
        listing, limits = self.listings[symbol], self.limits(symbol)
        if not listing.is_on_tick(price):
            raise ValueError(f"{price} is no price of {symbol}: its tick is {listing.tick(price)}")
        if limits is not None and not limits[0] <= price <= limits[1]:
            raise ValueError(f"{symbol} trades from {limits[0]} to {limits[1]} today, not {price}")
        tape = self.tapes[symbol]
        tape.last = price
        tape.high, tape.low = max(tape.high, price), min(tape.low, price)

    def walk(self, symbol: str) -> None:
        """Move a symbol by a few ticks, seeded, inside its limits."""
        listing, price = self.listings[symbol], self.last(symbol)
        limits = self.limits(symbol)
        steps = self._random.randint(-WALK_TICKS, WALK_TICKS)
        for _ in range(abs(steps)):
            moved = price + listing.tick(price) * (1 if steps > 0 else -1)
            if moved > 0 and listing.is_on_tick(moved):
                price = moved
        if limits is None or limits[0] <= price <= limits[1]:
            self.set_price(symbol, price)

    def traded(self, symbol: str, quantity: int, price: Decimal) -> None:
        tape = self.tapes[symbol]
        tape.volume += quantity
        tape.turnover += quantity * price

    def roll(self, country: Country) -> None:
        """Begin a day: the regular close of the last one is the base now."""
        for symbol, listing in self.listings.items():
            if listing.country is country:
                old = self.tapes[symbol]
                base = old.close or old.last
                self.tapes[symbol] = Tape(base, base, base, base, base, halted=old.halted)
