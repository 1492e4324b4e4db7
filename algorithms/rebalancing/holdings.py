"""What a book has, what it may trade, and what trading costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import (
    EXACT,
    ZERO,
    add,
    floor_divide,
    floor_to,
    multiply,
    percent,
    subtract,
    to_text,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument


KEPT = "a target, but `keep` leaves it alone: take it out of one of the two"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One ticker: its class, the units held (>= 0), its current price if it is known.

    ``sellable`` are the units that may be sold now; None: all that is held. ``untaxed``: its
    sales bear no tax.
    """

    asset_class: str
    instrument: Instrument
    price: Decimal | None
    held: Decimal
    name: str = ""
    sellable: Decimal | None = None
    untaxed: bool = False

    def __post_init__(self) -> None:
        if self.held < ZERO:
            raise ValueError(f"{self.ticker}: a book holds nothing below zero")

    @property
    def ticker(self) -> Symbol:
        return self.instrument.symbol

    @property
    def may_sell(self) -> Decimal:
        """Units that can be sold, whole lots."""
        free = self.held if self.sellable is None else min(self.held, self.sellable)
        return self.instrument.floor_to_lot(free)


@dataclass(frozen=True, slots=True)
class Fees:
    """What the broker and the state take of an order's value, in percent."""

    commission_percent: Decimal = ZERO
    sell_tax_percent: Decimal = ZERO

    def cost(self, value: Decimal) -> Decimal:
        """Cash that a buy of this value takes."""
        return add(value, percent(value, self.commission_percent))

    def proceeds(self, value: Decimal, asset: Asset) -> Decimal:
        """Cash that a sale of an asset for this value brings."""
        tax = ZERO if asset.untaxed else self.sell_tax_percent
        return subtract(value, percent(value, add(self.commission_percent, tax)))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing may be ordered. ``code`` is stable; ``ticker`` is None for the whole plan."""

    code: str
    ticker: Symbol | None
    message: str


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A book's own cash and assets, all of them taken at one moment.

    ``buyable`` is the cash that may be spent now, None: all of it.
    """

    cash: Decimal
    assets: Mapping[Symbol, Asset]
    buyable: Decimal | None = None

    @property
    def spendable(self) -> Decimal:
        """Cash that may be spent now."""
        return self.cash if self.buyable is None else min(self.cash, self.buyable)

    def value(self, ticker: Symbol) -> Decimal:
        """What is held of a ticker is worth. Its price must be known."""
        asset = self.assets[ticker]
        assert asset.price is not None  # problems() was asked before
        return multiply(asset.held, asset.price)

    @property
    def equity(self) -> Decimal:
        """Cash and holdings at current prices."""
        return add(self.cash, total(self.value(t) for t, a in self.assets.items() if a.held))

    def problems(self, wanted: Mapping[Symbol, Decimal]) -> Iterator[Problem]:
        """Yield what keeps a plan from being made. ``wanted``: weights of the targets."""
        for ticker, asset in self.assets.items():
            weight = wanted.get(ticker, ZERO)
            if not asset.held and not weight:
                continue
            yield from _price_problems(asset)
            if asset.sellable is not None and asset.sellable < ZERO:
                yield Problem("not_sellable", ticker, "less than nothing can be sold")
        for ticker, weight in wanted.items():
            if weight and ticker not in self.assets:
                yield Problem("kept", ticker, KEPT)


def _price_problems(asset: Asset) -> Iterator[Problem]:
    price, ticks = asset.price, asset.instrument.ticks
    if price is None or price <= ZERO:
        yield Problem("no_price", asset.ticker, "no price of it is known")
    elif not ticks.is_valid(price):
        below = floor_to(price, ticks.tick_at(price))
        near = f"{to_text(below)} or {to_text(ticks.above(below))}"
        tick = to_text(ticks.tick_at(price))
        message = f"{to_text(price)} is not on the tick {tick}: {near} would be"
        yield Problem("price_off_tick", asset.ticker, message)
    elif asset.held and ticks.below(price) is None:
        message = f"no valid price lies below {to_text(price)} to sell at"
        yield Problem("no_lower_price", asset.ticker, message)


def lots(units: Decimal, instrument: Instrument) -> int:
    """Whole lots in ``units``, of either sign, towards zero."""
    count = floor_divide(EXACT.abs(units), instrument.lot)
    return -count if units < ZERO else count
