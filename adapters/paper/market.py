"""The prices of the paper market, moved only as far as somebody looks.

The market goes on while nobody runs it: whoever asks for a price first moves it, step by step, to
the present. A symbol nobody asks about costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.paper.matching import Touch
from adapters.paper.prices import LONGEST_CATCH_UP, lowest_price
from algorithms.decimals import ZERO, add, multiply, percent, subtract

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from adapters.paper.prices import PricePath
    from adapters.sessions import Sessions
    from algorithms.bookkeeping import Ratio
    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument


CLOSES_KEPT = timedelta(days=60)
"""How long the market remembers at what prices it closed."""
_MOMENT = timedelta(microseconds=1)


def half_tick(instrument: Instrument, price: Decimal) -> Decimal:
    """Half of the tick at a price: added before rounding down, it rounds to the nearest."""
    return multiply(instrument.tick_at(price), Decimal("0.5"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A symbol's price at ``moved_to``. ``base`` is the configured price it began with."""

    symbol: Symbol
    base: Decimal
    last: Decimal
    previous_close: Decimal
    moved_to: datetime


@dataclass(frozen=True, slots=True)
class Close:
    """At what price a symbol's market day closed."""

    symbol: Symbol
    day: date
    price: Decimal


@dataclass(slots=True)
class _Course:
    """Where one symbol stands."""

    last: Decimal
    previous_close: Decimal
    moved_to: datetime
    next_close: datetime | None
    next_step: datetime | None
    touch: Touch


class Market:
    """Last, bid, ask and previous close of every symbol.

    ``spread_percent`` is the distance from bid to ask; each is rounded to the tick away from the
    last price. A stored price is taken up again unless the configured one changed since.
    """

    def __init__(
        self,
        path: PricePath,
        instruments: Mapping[Symbol, Instrument],
        sessions: Sessions,
        spread_percent: Decimal,
        *,
        opened_at: datetime,
        stored: Iterable[Price] = (),
        closes: Iterable[Close] = (),
    ) -> None:
        self._path = path
        self._instruments = instruments
        self._sessions = sessions
        self._spread_percent = spread_percent
        self._courses: dict[Symbol, _Course] = {}
        self._unsaved: set[Symbol] = set()
        self._closes = {(close.symbol, close.day): close.price for close in closes}
        self._new_closes: list[Close] = []
        known = {price.symbol: price for price in stored}
        for symbol, base in path.starts.items():
            price = known.get(symbol)
            if price is not None and price.base == base:
                self._begin(symbol, price.moved_to, price.last, price.previous_close)
            else:
                at, first = path.begin(symbol, opened_at)
                self._begin(symbol, at, first, first)
                self._unsaved.add(symbol)
        self._has_news = bool(self._unsaved)

    @property
    def has_news(self) -> bool:
        """Whether a price was set, or began: what no path leads to again."""
        return self._has_news

    def trades(self, symbol: Symbol) -> bool:
        return symbol in self._path.starts

    def instrument(self, symbol: Symbol) -> Instrument:
        return self._instruments[symbol]

    def touch(self, symbol: Symbol) -> Touch:
        """Return last, bid and ask where ``move`` left them."""
        return self._courses[symbol].touch

    def previous_close(self, symbol: Symbol) -> Decimal:
        """Return the price at the last close passed; before the first one, where it began."""
        return self._courses[symbol].previous_close

    def close_of(self, symbol: Symbol, day: date) -> Decimal | None:
        """Return the price at a market day's close; None before it, and long after."""
        return self._closes.get((symbol, day))

    def next_step(self, symbol: Symbol) -> datetime | None:
        """Return when the price may move next, seen from where it stands."""
        return self._courses[symbol].next_step

    def move(self, symbol: Symbol, to: datetime) -> bool:
        """Move a symbol's price to a time; tell whether the price changed. Never goes back."""
        course = self._courses[symbol]
        before = course.last
        self.leave_out(symbol, to - LONGEST_CATCH_UP)
        while True:
            due = [at for at in (course.next_step, course.next_close) if at is not None]
            if not due or (at := min(due)) > to:
                break
            self._pass(symbol, course, at)
        course.moved_to = max(course.moved_to, to)
        if course.last == before:
            return False
        course.touch = self._touch_of(symbol, course.last)
        return True

    def leave_out(self, symbol: Symbol, before: datetime) -> None:
        """Drop the moves of a symbol before a time that have not been made yet."""
        course = self._courses[symbol]
        if course.moved_to < before:
            course.moved_to = before
            course.next_close = self._sessions.next_close(before)
            course.next_step = self._path.next_step(symbol, before)

    def set_price(self, symbol: Symbol, price: Decimal) -> None:
        """Put the price of a symbol, already moved to the present, where somebody wants it."""
        course = self._courses[symbol]
        course.last = price
        course.touch = self._touch_of(symbol, price)
        self._unsaved.add(symbol)
        self._has_news = True

    def split(self, symbol: Symbol, ratio: Ratio) -> None:
        """Divide the prices of a symbol, already moved to the present, to the nearest tick."""
        course, instrument = self._courses[symbol], self._instruments[symbol]

        def scaled(price: Decimal) -> Decimal:
            exact = ratio.price(price)
            return max(
                instrument.round_down_to_tick(add(exact, half_tick(instrument, exact))),
                lowest_price(instrument),
            )

        course.previous_close = scaled(course.previous_close)
        self.set_price(symbol, scaled(course.last))

    def take_unsaved(self) -> tuple[Price, ...]:
        """Return the prices that moved since they were last taken, to be stored.

        They must go to disk with every change of an order: the market is then moved again from
        where the order last met it. Moves alone need not be stored, the path leads there again.
        """
        unsaved = tuple(self._price(symbol) for symbol in sorted(self._unsaved))
        self._unsaved.clear()
        self._has_news = False
        return unsaved

    def take_closes(self) -> tuple[Close, ...]:
        """Return the closes passed since they were last taken, to be stored with the prices."""
        passed, self._new_closes = tuple(self._new_closes), []
        return passed

    def _price(self, symbol: Symbol) -> Price:
        course = self._courses[symbol]
        return Price(
            symbol=symbol,
            base=self._path.starts[symbol],
            last=course.last,
            previous_close=course.previous_close,
            moved_to=course.moved_to,
        )

    def _begin(self, symbol: Symbol, at: datetime, last: Decimal, previous_close: Decimal) -> None:
        self._courses[symbol] = _Course(
            last=last,
            previous_close=previous_close,
            moved_to=at,
            next_close=self._sessions.next_close(at),
            next_step=self._path.next_step(symbol, at),
            touch=self._touch_of(symbol, last),
        )

    def _pass(self, symbol: Symbol, course: _Course, at: datetime) -> None:
        """Go through what happens to a price at one moment: a step, then a close."""
        if course.next_step == at:
            course.last = self._path.step(symbol, at, course.last)
            course.next_step = self._path.next_step(symbol, at)
        if course.next_close == at:
            course.previous_close = course.last
            close = Close(symbol, self._sessions.day_at(at - _MOMENT), course.last)
            self._closes[symbol, close.day] = close.price
            self._new_closes.append(close)
            self._closes.pop((symbol, close.day - CLOSES_KEPT), None)
            course.next_close = self._sessions.next_close(at)
        self._unsaved.add(symbol)

    def _touch_of(self, symbol: Symbol, last: Decimal) -> Touch:
        if not self._spread_percent:
            return Touch(last, last, last)
        instrument = self._instruments[symbol]
        half = multiply(percent(last, self._spread_percent), Decimal("0.5"))
        bid = instrument.round_down_to_tick(subtract(last, half))
        ask = instrument.round_up_to_tick(add(last, half))
        return Touch(last, max(bid, instrument.next_tick_up(ZERO)), ask)
