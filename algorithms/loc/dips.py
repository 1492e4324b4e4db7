"""Buying dips at the close: what one book would have at the next close, worked out from its lots.

One base buy a little above or below the previous close; for each lot held one sell, at a profit or
because it was held for long; stops, whose trigger is the other way round and which therefore stand
outside the curve; and spread buys, which say what a further fall would buy and are never sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import (
    EXACT,
    HUNDRED,
    ONE,
    ZERO,
    add,
    divide,
    exactly,
    floor_divide,
    multiply,
    round_to,
    subtract,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from algorithms.instruments import Instrument
    from algorithms.loc.lots import Lot

MOST_LEVELS = 100
"""Spread buys shown at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What a further fall would buy: level n where the budget buys ``reference + n x step`` units.

    ``reference`` None: the units of the base buy. No level is lower than ``floor_percent`` below
    the previous close.
    """

    step: Decimal
    floor_percent: Decimal
    reference: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DipTerms:
    """How a book buys dips. Percentages are of the previous close (buy) or a lot's entry.

    ``budget``: cash for the base buy. ``max_days`` and ``sl_percent`` None: no expiry, no stop.
    """

    budget: Decimal
    buy_percent: Decimal
    tp_percent: Decimal
    max_days: int | None = None
    sl_percent: Decimal | None = None
    spread: Spread | None = None


class Why(StrEnum):
    """Why a lot is sold; ``value`` is its label on the sheet."""

    TAKE_PROFIT = "TP"
    EXPIRY = "EXP"
    STOP = "SL"


class HeldLot(NamedTuple):
    """A lot, and for how many trading days it will have been held at the close."""

    lot: Lot
    days: int


class DipBuy(NamedTuple):
    """A buy for the close. ``percent`` is its price from the previous close, for people."""

    price: Decimal
    quantity: Decimal
    percent: Decimal


class LotSell(NamedTuple):
    """The one sell of a lot. ``price`` None: market-on-close."""

    held: HeldLot
    price: Decimal | None
    why: Why


class LotStop(NamedTuple):
    """Where a lot is given up: at a close at or below ``price``. ``hit``: the last one was."""

    held: HeldLot
    price: Decimal
    hit: bool


class DipPlan(NamedTuple):
    """What a book would have at the next close. ``buy`` None: the budget buys less than a lot."""

    previous_close: Decimal
    buy: DipBuy | None
    sells: tuple[LotSell, ...]
    stops: tuple[LotStop, ...]
    spread: tuple[DipBuy, ...]


def plan_dips(
    terms: DipTerms,
    previous_close: Decimal,
    lots: Sequence[HeldLot],
    instrument: Instrument,
    *,
    sends: bool,
) -> DipPlan:
    """Plan the next close. ``sends``: a lot whose stop was hit is sold at any price."""
    stops = tuple(_stops(terms, previous_close, lots, instrument))
    hit = {stop.held for stop in stops if stop.hit}
    sells = tuple(
        LotSell(held, None, Why.STOP)
        if sends and held in hit
        else _sell(terms, previous_close, held, instrument)
        for held in lots
    )
    buy = _base(terms, previous_close, instrument)
    spread = tuple(_spread(terms, previous_close, buy, instrument))
    return DipPlan(previous_close, buy, sells, stops, spread)


def _base(terms: DipTerms, close: Decimal, instrument: Instrument) -> DipBuy | None:
    target = multiply(close, add(ONE, multiply(terms.buy_percent, Decimal("0.01"))))
    if target <= ZERO:
        return None
    price = round_to(target, instrument.tick_at(target))
    return _buy(terms.budget, price, close, instrument) if price > ZERO else None


def _buy(cash: Decimal, price: Decimal, close: Decimal, instrument: Instrument) -> DipBuy | None:
    lots = floor_divide(cash, multiply(price, instrument.lot))
    if not lots:
        return None
    return DipBuy(price, multiply(instrument.lot, Decimal(lots)), _percent(price, close))


def _percent(price: Decimal, close: Decimal) -> Decimal:
    return divide(multiply(subtract(price, close), HUNDRED), close, 2)


def _sell(terms: DipTerms, close: Decimal, held: HeldLot, instrument: Instrument) -> LotSell:
    """The lower of take-profit and expiry, whichever apply."""
    target = multiply(held.lot.entry, add(ONE, multiply(terms.tp_percent, Decimal("0.01"))))
    profit = instrument.round_up_to_tick(target)
    if terms.max_days is not None and held.days >= terms.max_days:
        expiry = instrument.round_up_to_tick(close)
        if expiry < profit:
            return LotSell(held, expiry, Why.EXPIRY)
    return LotSell(held, profit, Why.TAKE_PROFIT)


def _stops(
    terms: DipTerms, close: Decimal, lots: Sequence[HeldLot], instrument: Instrument
) -> Iterator[LotStop]:
    if terms.sl_percent is None:
        return
    kept = subtract(ONE, multiply(terms.sl_percent, Decimal("0.01")))
    for held in lots:
        # Closes are on the tick: one at or below the exact price is at or below this one.
        price = instrument.round_down_to_tick(multiply(held.lot.entry, kept))
        if price > ZERO:
            yield LotStop(held, price, close <= price)


def _spread(
    terms: DipTerms, close: Decimal, buy: DipBuy | None, instrument: Instrument
) -> Iterator[DipBuy]:
    """Levels below the base buy, each for one step more than the one before."""
    spread = terms.spread
    if spread is None or buy is None:
        return
    reference = buy.quantity if spread.reference is None else spread.reference
    floor = multiply(close, subtract(ONE, multiply(spread.floor_percent, Decimal("0.01"))))
    step = instrument.floor_to_lot(spread.step)
    for level in range(1, MOST_LEVELS + 1):
        units = add(reference, multiply(spread.step, Decimal(level)))
        price = _highest_price(terms.budget, units, instrument)
        if price < floor or price <= ZERO or not step:
            return
        if price < buy.price:
            yield DipBuy(price, step, _percent(price, close))


def _highest_price(cash: Decimal, units: Decimal, instrument: Instrument) -> Decimal:
    """The highest valid price at which ``cash`` pays for so many units; zero if there is none."""
    with exactly():
        rough = Decimal(floor_divide(cash, units * Decimal("1e-18"))) * Decimal("1e-18")
    return instrument.round_down_to_tick(EXACT.plus(rough))
