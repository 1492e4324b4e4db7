"""Executions out of totals, where a venue tells only how much of an order traded, and for how much.

A total divides into units at one price, or at two prices one smallest step apart. Either way the
parts add up to exactly what was told, which an average price would not.
"""

from __future__ import annotations

from decimal import Decimal

from algorithms.decimals import EXACT, ONE, ZERO, add, divide, floor_divide, multiply, subtract

MOST_PLACES = 18
FINEST_TICKS = {"KRW": ONE}
US_TICK = Decimal("0.0001")
"""Of prices below a dollar."""


def finest_tick(currency: str) -> Decimal:
    """Return a step on which every limit in a currency lies."""
    return FINEST_TICKS.get(currency, US_TICK)


def priced_parts(
    quantity: Decimal, value: Decimal, tick: Decimal
) -> tuple[tuple[Decimal, Decimal], ...]:
    """Divide ``value`` (> 0) among ``quantity`` (> 0) units: ``(units, price of one)``, one or two.

    The parts add up to both exactly, where the quantity is whole; otherwise there is one part, at
    the rounded price. Prices are ``tick`` (a power of ten) apart, or less where the value is finer:
    none is beyond a limit that lies on the tick and that no execution was beyond.
    """
    if quantity <= ZERO or value <= ZERO:
        raise ValueError(f"nothing to divide: {quantity} units for {value}")
    if quantity != quantity.to_integral_value():
        return ((quantity, divide(value, quantity, MOST_PLACES)),)
    step = min(tick, ONE.scaleb(-_places(value), EXACT))
    while multiply(step, quantity) > value:
        step = step.scaleb(-1, EXACT)
    steps = floor_divide(value, step)
    low, dearer = divmod(steps, int(quantity))
    cheap = multiply(step, Decimal(low))
    parts = (
        (subtract(quantity, Decimal(dearer)), cheap),
        (Decimal(dearer), add(cheap, step)),
    )
    return tuple(part for part in parts if part[0])


def _places(value: Decimal) -> int:
    exponent = value.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)  # finite
    return max(-exponent, 0)
