"""The one price at which a group of orders nets, and when there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from algorithms.decimals import EXACT, HUNDRED, ZERO, multiply, subtract

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from decimal import Decimal


class PriceProblem(StrEnum):
    """Why a group is not netted: there is no price that both sides can trust."""

    MISSING = "price_missing"
    ZERO = "price_zero"
    CROSSED = "quote_crossed"
    STALE = "price_stale"
    DEVIATES = "price_deviates"


class Quote(Protocol):
    """What a broker reported about a symbol. Prices in its currency, ``at`` an aware time."""

    @property
    def last(self) -> Decimal: ...
    @property
    def bid(self) -> Decimal | None: ...
    @property
    def ask(self) -> Decimal | None: ...
    @property
    def previous_close(self) -> Decimal | None: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class PriceLimits:
    """How old a price may be, and how far from the previous close in percent."""

    max_age: timedelta
    max_deviation_percent: Decimal


def clamp_price(last: Decimal, bid: Decimal | None, ask: Decimal | None) -> Decimal:
    """The netting price: the last trade, moved into [bid, ask] where known.

    A bid or ask of zero means that nobody bids or offers: unknown.
    """
    if bid and last < bid:
        return bid
    if ask and last > ask:
        return ask
    return last


def price_problem(quote: Quote | None, now: datetime, limits: PriceLimits) -> PriceProblem | None:
    """Why ``clamp_price`` of this quote must not be used; None if it may.

    Exactly as old, or exactly as far from the previous close, as allowed is allowed. Without a
    previous close the distance is not checked. A bid above the ask is no range to clamp into.
    """
    if quote is None:
        return PriceProblem.MISSING
    if quote.last <= ZERO:
        return PriceProblem.ZERO
    if quote.bid and quote.ask and quote.bid > quote.ask:
        return PriceProblem.CROSSED
    if now - quote.at > limits.max_age:
        return PriceProblem.STALE
    close = quote.previous_close
    if close:
        price = clamp_price(quote.last, quote.bid, quote.ask)
        distance = EXACT.abs(subtract(price, close))
        if multiply(distance, HUNDRED) > multiply(close, limits.max_deviation_percent):
            return PriceProblem.DEVIATES
    return None
