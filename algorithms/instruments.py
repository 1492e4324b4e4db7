"""What an exchange lets be traded: lots of quantity and ticks of price."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from algorithms.decimals import ZERO, add, ceil_to, floor_to, is_multiple, subtract, to_text
from algorithms.domain import Symbol


@dataclass(frozen=True, slots=True)
class TickTable:
    """Price bands, ascending: ``(lowest price of the band, tick inside it)``.

    The first band starts at zero. Every band starts on a multiple of its own tick and of the tick
    below it, so that multiples of the tick are the valid prices on both sides of a border.
    """

    bands: tuple[tuple[Decimal, Decimal], ...]
    _starts: tuple[Decimal, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = tuple(start for start, _ in self.bands)
        object.__setattr__(self, "_starts", starts)
        if not starts or starts[0] != ZERO:
            raise ValueError("the first price band must start at zero")
        if any(high <= low for low, high in pairwise(starts)):
            raise ValueError("price bands must ascend")
        if any(tick <= ZERO for _, tick in self.bands):
            raise ValueError("a tick must be above zero")
        for (_, below), (start, tick) in pairwise(self.bands):
            if floor_to(start, below) != start or floor_to(start, tick) != start:
                raise ValueError(f"a price band starts off its ticks: {to_text(start)}")

    def tick_at(self, price: Decimal) -> Decimal:
        """The tick of the band that holds ``price`` (>= 0)."""
        if price < ZERO:
            raise ValueError(f"no tick at a negative price: {to_text(price)}")
        return self.bands[bisect_right(self._starts, price) - 1][1]

    def tick_below(self, price: Decimal) -> Decimal:
        """The tick of the prices just under ``price`` (> 0)."""
        if price <= ZERO:
            raise ValueError(f"no price lies below {to_text(price)}")
        return self.bands[bisect_left(self._starts, price) - 1][1]

    def is_valid(self, price: Decimal) -> bool:
        """Whether an order may carry this price: above zero and on the tick of its band."""
        return price > ZERO and is_multiple(price, self.tick_at(price))

    def above(self, price: Decimal) -> Decimal:
        """The next valid price above ``price``, which must be valid itself."""
        return add(price, self.tick_at(price))

    def below(self, price: Decimal) -> Decimal | None:
        """The next valid price below ``price``, which must be valid itself; None at the lowest."""
        lower = subtract(price, self.tick_below(price))
        return lower if lower > ZERO else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A symbol as its exchange trades it.

    ``lot`` is the step of quantities in units, ``currency`` what prices are in, ``type`` the
    exchange's kind of paper (``stock``, ``etf``, ``etn``, ...). ``min_notional`` is the smallest
    order value the exchange takes, in ``currency``; None where there is none.
    """

    symbol: Symbol
    lot: Decimal
    ticks: TickTable
    type: str
    currency: str
    min_notional: Decimal | None = None

    def __post_init__(self) -> None:
        if self.lot <= ZERO:
            raise ValueError(f"{self.symbol}: a lot must be above zero")

    def tick_at(self, price: Decimal) -> Decimal:
        """The tick of the band that holds ``price`` (>= 0)."""
        return self.ticks.tick_at(price)

    def round_down_to_tick(self, price: Decimal) -> Decimal:
        """The highest valid price not above ``price``; zero when there is none."""
        return floor_to(price, self.ticks.tick_at(price))

    def round_up_to_tick(self, price: Decimal) -> Decimal:
        """The lowest valid price not below ``price``."""
        return ceil_to(price, self.ticks.tick_at(price))

    def next_tick_up(self, price: Decimal) -> Decimal:
        """The lowest valid price above ``price``."""
        return add(self.round_down_to_tick(price), self.ticks.tick_at(price))

    def next_tick_down(self, price: Decimal) -> Decimal:
        """The highest valid price below ``price``. Raises ``ValueError`` where there is none."""
        tick = self.ticks.tick_below(price)
        lower = subtract(ceil_to(price, tick), tick)
        if lower <= ZERO:
            raise ValueError(f"{self.symbol}: no valid price lies below {to_text(price)}")
        return lower

    def is_on_tick(self, price: Decimal) -> bool:
        """Whether an order may carry this price: above zero and on the tick of its band."""
        return self.ticks.is_valid(price)

    def is_on_lot(self, quantity: Decimal) -> bool:
        """Whether a quantity is a whole number of lots."""
        return is_multiple(quantity, self.lot)

    def floor_to_lot(self, quantity: Decimal) -> Decimal:
        """The largest whole number of lots not above ``quantity``, in units."""
        return floor_to(quantity, self.lot)


def tick_table(*bands: tuple[str, str]) -> TickTable:
    """Spell a table as it is printed: ``tick_table(("0", "1"), ("2000", "5"))``."""
    return TickTable(tuple((Decimal(start), Decimal(tick)) for start, tick in bands))


KRX_STOCK = tick_table(
    ("0", "1"),
    ("2000", "5"),
    ("5000", "10"),
    ("20000", "50"),
    ("50000", "100"),
    ("200000", "500"),
    ("500000", "1000"),
)
"""KOSPI and KOSDAQ stocks since January 2023, in won."""

KRX_FUND = tick_table(("0", "1"), ("2000", "5"))
"""Korean ETFs and ETNs since December 2023: 5 won at every price from 2,000."""

KRX_ELW = tick_table(("0", "5"))
"""Korean equity-linked warrants."""

US_STOCK = tick_table(("0", "0.0001"), ("1", "0.01"))
"""Listed US shares, in dollars (SEC Rule 612)."""

CRYPTO = tick_table(("0", "0.01"))
"""Where the venue says nothing better."""

CRYPTO_LOT = Decimal("0.00000001")
_KRX = {"etf": KRX_FUND, "etn": KRX_FUND, "elw": KRX_ELW}
_SYMBOL = re.compile(r"([A-Z0-9._:-]+)(?:/([A-Z0-9._:-]+))?")
_LONGEST_SYMBOL = 32


def market_ticks(market: str, type_: str) -> TickTable:
    """The tick table of a market (``XKRX``, ``XNYS``, ``24/7``) and a kind of paper."""
    if market == "XKRX":
        return _KRX.get(type_, KRX_STOCK)
    if market == "XNYS":
        return US_STOCK
    if market == "24/7":
        return CRYPTO
    raise ValueError(f"no tick table for the market {market!r}")


def default_instrument(
    symbol: Symbol,
    market: str,
    currency: str,
    type: str = "stock",  # noqa: A002 - the name of the configuration's key
    lot: Decimal | None = None,
    tick: Decimal | None = None,
) -> Instrument:
    """Describe a symbol of which the broker says nothing: the market's lot and ticks.

    ``lot`` and ``tick`` (one tick at every price) replace them. Raises ``ValueError`` for an
    unknown market and for steps that are not above zero.
    """
    market_lot = CRYPTO_LOT if market == "24/7" else Decimal(1)
    ticks = market_ticks(market, type)
    return Instrument(
        symbol=symbol,
        lot=market_lot if lot is None else lot,
        ticks=ticks if tick is None else TickTable(((ZERO, tick),)),
        type=type,
        currency=currency,
    )


@lru_cache(maxsize=4096)
def normalise_symbol(text: str) -> Symbol:
    """Read a symbol as people and programs write it: `` btc/usdt `` is ``BTCUSDT``.

    Trimmed, upper case, one slash between two names dropped. Raises ``ValueError`` for anything
    but 1 to 32 of the characters A-Z 0-9 . _ : -
    """
    trimmed = text.strip()
    # Upper-casing first would let letters such as the German sharp s pass as two of ours.
    match = _SYMBOL.fullmatch(trimmed.upper()) if trimmed.isascii() else None
    symbol = "".join(match.groups("")) if match else ""
    if not 1 <= len(symbol) <= _LONGEST_SYMBOL:
        raise ValueError(f"not a symbol: {text[:_LONGEST_SYMBOL]!r}")
    return Symbol(symbol)
