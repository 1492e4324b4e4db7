"""How prices move: not at all, by a seeded random walk, or as a recording says."""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from adapters.paper.dice import FACES, roll, swing
from algorithms.decimals import ZERO, exactly, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from adapters.sessions import Sessions
    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument

ONE_MINUTE = timedelta(minutes=1)
LONGEST_CATCH_UP = timedelta(days=7)
"""A market that nobody looked at for longer has its older moves left out."""


class PricePath(Protocol):
    """The course of every symbol's price. A price holds until the next step."""

    @property
    def starts(self) -> Mapping[Symbol, Decimal]:
        """The first price of every symbol traded here."""
        ...

    def begin(self, symbol: Symbol, at: datetime) -> tuple[datetime, Decimal]:
        """Return where a market opened at ``at`` begins: a time not after it, and the price."""
        ...

    def next_step(self, symbol: Symbol, after: datetime) -> datetime | None:
        """Return the first time after ``after`` when the price may move; None if it won't."""
        ...

    def step(self, symbol: Symbol, at: datetime, last: Decimal) -> Decimal:
        """Return the price from ``at``, a time that ``next_step`` gave; it was ``last``."""
        ...


class FixedPrices:
    """Prices that stay, until somebody sets them."""

    def __init__(self, starts: Mapping[Symbol, Decimal]) -> None:
        self.starts = dict(starts)

    def begin(self, symbol: Symbol, at: datetime) -> tuple[datetime, Decimal]:
        return at, self.starts[symbol]

    def next_step(self, symbol: Symbol, after: datetime) -> None:
        del symbol, after

    def step(self, symbol: Symbol, at: datetime, last: Decimal) -> Decimal:
        del symbol, at
        return last


class RandomWalk:
    """Each whole minute the price moves by up to ``walk_percent`` either way, evenly.

    The step of a minute is a function of the seed, the symbol and that minute. It is rounded to
    the tick above or below by chance, in proportion to the distance: always rounding to the
    nearest would hold a price still where one tick is more than the walk's percentage. The price
    stays above one tick. With ``sessions`` it moves only while the market is open.
    """

    def __init__(
        self,
        starts: Mapping[Symbol, Decimal],
        instruments: Mapping[Symbol, Instrument],
        *,
        walk_percent: Decimal,
        seed: int,
        sessions: Sessions | None = None,
    ) -> None:
        self.starts = dict(starts)
        self._instruments = instruments
        self._lowest = {symbol: lowest_price(instruments[symbol]) for symbol in starts}
        self._walk_percent = walk_percent
        self._seed = seed
        self._sessions = sessions

    def begin(self, symbol: Symbol, at: datetime) -> tuple[datetime, Decimal]:
        return at, self.starts[symbol]

    def next_step(self, symbol: Symbol, after: datetime) -> datetime | None:
        del symbol
        minute = after.replace(second=0, microsecond=0) + ONE_MINUTE
        if self._sessions is None or self._sessions.session_at(minute) is not None:
            return minute
        opening = self._sessions.next_open(minute)
        if opening is None:
            return None
        whole = opening.replace(second=0, microsecond=0)
        return whole if whole == opening else whole + ONE_MINUTE

    def step(self, symbol: Symbol, at: datetime, last: Decimal) -> Decimal:
        minute = at.isoformat(timespec="minutes")
        moved = swing(self._seed, symbol, minute, "swing")
        instrument = self._instruments[symbol]
        with exactly():
            target = last + percent(last, self._walk_percent * moved)
            low = instrument.round_down_to_tick(target)
            high = instrument.next_tick_up(low)
            chance = roll(self._seed, symbol, minute, "rounding")
            price = high if chance * (high - low) < (target - low) * FACES else low
        return max(price, self._lowest[symbol])


class RecordedPrices:
    """Prices as a recording lists them; before its first row a symbol has that row's price."""

    def __init__(self, rows: Mapping[Symbol, Sequence[tuple[datetime, Decimal]]]) -> None:
        self.starts = {symbol: ticks[0][1] for symbol, ticks in rows.items()}
        self._times = {symbol: [at for at, _ in ticks] for symbol, ticks in rows.items()}
        self._prices = {symbol: [price for _, price in ticks] for symbol, ticks in rows.items()}

    def begin(self, symbol: Symbol, at: datetime) -> tuple[datetime, Decimal]:
        since = at - LONGEST_CATCH_UP
        return since, self._price_at(symbol, since)

    def next_step(self, symbol: Symbol, after: datetime) -> datetime | None:
        times = self._times[symbol]
        row = bisect_right(times, after)
        return times[row] if row < len(times) else None

    def step(self, symbol: Symbol, at: datetime, last: Decimal) -> Decimal:
        del last
        return self._price_at(symbol, at)

    def _price_at(self, symbol: Symbol, at: datetime) -> Decimal:
        row = bisect_right(self._times[symbol], at)
        return self._prices[symbol][max(row - 1, 0)]


def lowest_price(instrument: Instrument) -> Decimal:
    """Return two ticks: below it a sell one tick under the price would be free of charge."""
    return instrument.next_tick_up(instrument.next_tick_up(ZERO))
