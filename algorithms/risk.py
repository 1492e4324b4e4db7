"""Limits that people set, as pure decisions: may this order pass, has this book lost too much.

Each limit is off unless it is given. An objection is a text ``code: explanation``; the code is
stable and documented, the explanation has the numbers that decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, ZERO, exactly, percent, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

UNPRICED = "unavailable: there is no current price to check the limits with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What [risk] says. Values are in the currency of the order's account."""

    max_order_value: Decimal | None = None
    max_orders_per_minute: int | None = None
    price_collar_percent: Decimal | None = None
    max_daily_loss: Decimal | None = None

    @property
    def need_price(self) -> bool:
        """Whether orders are judged by the current price."""
        return self.max_order_value is not None or self.price_collar_percent is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An order as the limits look at it.

    ``quantity`` in units; ``limit`` and ``stop`` None where it has none; ``price`` is the last
    price, None where nobody could say.
    """

    quantity: Decimal
    limit: Decimal | None
    stop: Decimal | None
    price: Decimal | None

    @property
    def dearest(self) -> Decimal | None:
        """The highest price that is reckoned with: what it may trade at, as far as that is known.

        A sell may trade above its limit, a stop far from today's price: the higher one counts.
        """
        return max(
            (price for price in (self.limit, self.stop, self.price) if price is not None),
            default=None,
        )


def order_objection(limits: Limits, asked: Asked) -> str | None:
    """Say why an order is not taken, or None. Without a needed price it is not taken either."""
    return _value_objection(limits, asked) or _collar_objection(limits, asked)


def _value_objection(limits: Limits, asked: Asked) -> str | None:
    most = limits.max_order_value
    if most is None:
        return None
    price = asked.dearest
    if price is None:
        return UNPRICED
    with exactly():
        value = asked.quantity * price
    if value <= most:
        return None
    return (
        f"order_too_large: {to_text(asked.quantity)} at {to_text(price)} is {to_text(value)}, "
        f"more than risk.max_order_value, {to_text(most)}"
    )


def _collar_objection(limits: Limits, asked: Asked) -> str | None:
    """Compare the limit with the last price; behind a stop, with the stop that sets it off."""
    widest = limits.price_collar_percent
    if widest is None or asked.limit is None:
        return None
    basis = asked.stop if asked.stop is not None else asked.price
    if basis is None:
        return UNPRICED
    with exactly():
        distance = abs(asked.limit - basis)
        if distance * HUNDRED <= basis * widest:
            return None
        low, high = basis - percent(basis, widest), basis + percent(basis, widest)
    return (
        f"price_collar: {to_text(asked.limit)} is more than {to_text(widest)} % from "
        f"{to_text(basis)}; from {to_text(low)} to {to_text(high)} would pass"
    )


def rate_objection(limits: Limits, sent: int) -> str | None:
    """Say why nothing more is sent now; ``sent`` orders left within the last minute."""
    most = limits.max_orders_per_minute
    if most is None or sent < most:
        return None
    return (
        f"too_many_orders: {sent} were sent within a minute, risk.max_orders_per_minute is {most}"
    )


@dataclass(frozen=True, slots=True)
class DayTrade:
    """A fill of the market day. ``units``: bought above zero, sold below; ``fee`` in cash."""

    units: Decimal
    price: Decimal
    fee: Decimal


def day_result(
    units_now: Decimal,
    *,
    last: Decimal,
    previous_close: Decimal | None,
    trades: Iterable[DayTrade],
    moved: Decimal = ZERO,
) -> Decimal:
    """What a holding has won or lost since its market day began, realised or not, after fees.

    What was held when the day began counts from the previous close (not at all where the venue
    tells none), what was traded from its own price, and what was ``moved`` in or out otherwise
    not at all. So it needs no record of the morning, and a restart changes nothing.
    """
    with exactly():
        result = traded = ZERO
        for trade in trades:
            traded += trade.units
            result += trade.units * (last - trade.price) - trade.fee
        if previous_close is not None:
            result += (units_now - traded - moved) * (last - previous_close)
        return result


def loses_too_much(limits: Limits, result: Decimal) -> bool:
    """Whether a book's result of the day has reached its limit."""
    return limits.max_daily_loss is not None and result <= limits.max_daily_loss.copy_negate()
