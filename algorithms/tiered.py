"""Value averaging in tiers: what a book does with one symbol on one day.

The further a book has invested, the less it asks of a sale: its point price begins above the
average cost, meets it at ``zero_at`` of the tiers and lies below it beyond. Fractions are exact
(two thirds of the tiers is no decimal); what is shown to people is rounded, what decides is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, ZERO, divide, exactly, floor_to, to_text
from algorithms.domain import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN_PLACES = 4
TIER_PLACES = 2
_PARTS_SOLD = {Kind.SELL: Fraction(1), Kind.SELL_3_4: Fraction(3, 4), Kind.SELL_1_4: Fraction(1, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredTerms:
    """How a book averages. ``seed`` is the cash of one tier; percentages are of the average cost.

    ``zero_at`` is the part of ``max_tiers`` where the point price meets the average cost, above
    0 and at most 1. ``sell_cooldown_days`` counts trading days without sells after a sale.
    """

    seed: Decimal
    max_tiers: int
    profit_percent: Decimal
    point_percent: Decimal
    zero_at: Fraction
    buy_below_average: bool = True
    buy_below_point: bool = True
    sell_cooldown_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredHolding:
    """What the book has: units, what they cost without fees, and the current price.

    ``added_seed`` is profit put into later buys. ``days_since_sale`` counts trading days, 0 on
    the day of the sale; None: nothing was sold that still counts.
    """

    quantity: Decimal
    invested: Decimal
    price: Decimal
    lot: Decimal
    added_seed: Decimal = ZERO
    days_since_sale: int | None = None


class Why(StrEnum):
    """What decided."""

    ABOVE_BOTH = "above the take-profit and the point price"
    ABOVE_PROFIT = "above the take-profit price"
    ABOVE_POINT = "above the point price"
    FIRST_BUY = "nothing held yet"
    BELOW = "conditions to buy are met"
    ALL_TIERS_USED = "all tiers are used"
    NOT_BELOW = "no condition to buy is met"


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredDecision:
    """What to do, ``kind`` None for nothing: ``cash`` of a buy, ``quantity`` of a sell.

    ``numbers`` are those that decided, for people.
    """

    kind: Kind | None
    why: Why
    cash: Decimal = ZERO
    quantity: Decimal = ZERO
    numbers: str


@dataclass(frozen=True, slots=True)
class _Levels:
    """Where the price is compared. All but ``tier`` are exact."""

    tier: Decimal
    average: Fraction
    point_percent: Fraction
    profit_price: Fraction
    point_price: Fraction


def decide(terms: TieredTerms, holding: TieredHolding) -> TieredDecision:
    """Sell if the price is high enough, else buy if it is low enough, else do nothing.

    A sale that comes to less than one lot is none, and the buy is looked at instead.
    """
    if not holding.quantity:
        return TieredDecision(
            kind=Kind.BUY,
            why=Why.FIRST_BUY,
            cash=terms.seed,
            numbers=f"price {to_text(holding.price)}, seed {to_text(terms.seed)}",
        )
    levels = _levels(terms, holding)
    cooling = _is_cooling(terms, holding)
    sale = None if cooling else _sale(holding, levels)
    if sale is not None:
        kind, why, quantity = sale
        return TieredDecision(
            kind=kind, why=why, quantity=quantity, numbers=_numbers(terms, holding, levels)
        )
    return _purchase(terms, holding, levels)


def tier_of(invested: Decimal, seed: Decimal) -> Decimal:
    """T: the tiers used, to two decimals, half up."""
    return divide(invested, seed, TIER_PLACES)


def point_percent_at(terms: TieredTerms, tier: Decimal) -> Fraction:
    """Distance of the point price from the average cost at ``tier``, in percent."""
    used, most, top = Fraction(tier), terms.max_tiers, Fraction(terms.point_percent)
    zero = terms.zero_at * most
    if used <= zero:
        return top * (1 - used / zero)
    return -top if zero == most else -top * (used - zero) / (most - zero)


def added_seed_after(
    added: Decimal, sales: Iterable[tuple[Decimal, bool]], fraction: Decimal
) -> Decimal:
    """Carry ``added_seed`` over sales, oldest first: each is its profit, and whether it was full.

    A partial sale adds a fraction of its profit; a loss adds nothing. A full sale ends the cycle.
    """
    with exactly():
        for profit, was_full in sales:
            added = ZERO if was_full else added + max(profit, ZERO) * fraction
    return added


def grown_seed(
    seed: Decimal,
    *,
    last_close: Decimal,
    close_before: Decimal,
    drop_percent: Decimal,
    factor: Decimal,
    most: Decimal,
) -> Decimal:
    """The seed after a close: multiplied if it fell by at least ``drop_percent``, up to ``most``.

    A seed that is larger than ``most`` already stays.
    """
    with exactly():
        if (close_before - last_close) * HUNDRED < close_before * drop_percent:
            return seed
        return max(seed, min(seed * factor, most))


def _is_cooling(terms: TieredTerms, holding: TieredHolding) -> bool:
    days = holding.days_since_sale
    return days is not None and 0 < terms.sell_cooldown_days >= days


def _levels(terms: TieredTerms, holding: TieredHolding) -> _Levels:
    tier = tier_of(holding.invested, terms.seed)
    average = Fraction(holding.invested) / Fraction(holding.quantity)
    point = point_percent_at(terms, tier)
    return _Levels(
        tier=tier,
        average=average,
        point_percent=point,
        profit_price=average * (1 + Fraction(terms.profit_percent) / 100),
        point_price=average * (1 + point / 100),
    )


def _sale(holding: TieredHolding, levels: _Levels) -> tuple[Kind, Why, Decimal] | None:
    price = Fraction(holding.price)
    match price > levels.profit_price, price > levels.point_price:
        case True, True:
            kind, why = Kind.SELL, Why.ABOVE_BOTH
        case True, False:
            kind, why = Kind.SELL_3_4, Why.ABOVE_PROFIT
        case False, True:
            kind, why = Kind.SELL_1_4, Why.ABOVE_POINT
        case _:
            return None
    part = _PARTS_SOLD[kind]
    with exactly():
        share = holding.quantity * part.numerator / part.denominator
        quantity = floor_to(share, holding.lot)
    return (kind, why, quantity) if quantity else None


def _purchase(terms: TieredTerms, holding: TieredHolding, levels: _Levels) -> TieredDecision:
    numbers = _numbers(terms, holding, levels)
    with exactly():
        if holding.invested > terms.seed * (terms.max_tiers - 1):
            return TieredDecision(kind=None, why=Why.ALL_TIERS_USED, numbers=numbers)
        price = Fraction(holding.price)
        conditions = [
            price < level
            for enabled, level in (
                (terms.buy_below_average, levels.average),
                (terms.buy_below_point, levels.point_price),
            )
            if enabled
        ]
        met = sum(conditions)
        if not met:
            return TieredDecision(kind=None, why=Why.NOT_BELOW, numbers=numbers)
        cash = (terms.seed + holding.added_seed) * met / len(conditions)
    return TieredDecision(
        kind=Kind.BUY,
        why=Why.BELOW,
        cash=cash,
        numbers=f"{numbers}, {met} of {len(conditions)} conditions",
    )


def _numbers(terms: TieredTerms, holding: TieredHolding, levels: _Levels) -> str:
    shown = [
        f"price {to_text(holding.price)}",
        f"average {_shown(levels.average)}",
        f"take-profit {_shown(levels.profit_price)}",
        f"point price {_shown(levels.point_price)} ({_shown(levels.point_percent)} %)",
        f"T {to_text(levels.tier)} of {terms.max_tiers}",
        f"invested {to_text(holding.invested)}",
        f"seed {to_text(terms.seed)}",
    ]
    if holding.added_seed:
        shown.append(f"added {to_text(holding.added_seed)}")
    if _is_cooling(terms, holding):
        shown.append(f"no sells, day {holding.days_since_sale} of {terms.sell_cooldown_days}")
    return ", ".join(shown)


def _shown(value: Fraction) -> str:
    """A fraction as people read it."""
    return to_text(divide(Decimal(value.numerator), Decimal(value.denominator), SHOWN_PLACES))
