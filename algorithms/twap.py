"""TWAP: an order worked in slices over time, so that it trades near the time-weighted average.

Only arithmetic: when each slice is due, how much it is, at which price. What is free, what a
cancelled slice gives back and how often a slice failed is the caller's knowledge.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from algorithms.decimals import ONE, ZERO, add, exactly, floor_divide, multiply, percent, to_text
from algorithms.domain import Measure, Side

if TYPE_CHECKING:
    from algorithms.instruments import Instrument

MINUTE_US = 60_000_000
US = timedelta(microseconds=1)


@lru_cache(maxsize=1024)
def span_of(minutes: Decimal | int) -> timedelta:
    """Length of a schedule, to the microsecond below."""
    whole = floor_divide(multiply(Decimal(minutes), Decimal(MINUTE_US)), ONE)
    return timedelta(microseconds=whole)


def slice_time(start: datetime, span: timedelta, slices: int, k: int) -> datetime:
    """When slice k (from 0) of ``slices`` equal parts of the time from ``start`` is worked, in UTC.

    It is due at ``start + (k + 1/2) x span / slices``: the middle of its part. The average of the
    middles is the middle of the whole, so no end of it is favoured, and the last slice still has
    half a part to fill before the deadline, ``start + span``. Each time is computed from the
    start, to the microsecond below, and so does not drift.
    """
    whole = span // US
    # Local times would jump where the clocks change.
    begin = start if start.tzinfo is UTC else start.astimezone(UTC)
    return begin + timedelta(microseconds=(2 * k + 1) * whole // (2 * slices))


def first_slice_after(span: timedelta, slices: int) -> timedelta:
    """How long after its start the first of ``slices`` parts of a schedule is worked."""
    return timedelta(microseconds=span // US // (2 * slices))


def slice_times(start: datetime, minutes: Decimal | int, slices: int) -> tuple[datetime, ...]:
    """When each slice of a schedule is worked, in UTC; see ``slice_time``.

    Raises ``ValueError`` for a start without time zone, no slices, or parts below a microsecond.
    """
    if start.tzinfo is None:
        raise ValueError("a schedule starts at a time with a zone")
    span = span_of(minutes)
    if slices < 1 or span // US < slices:
        raise ValueError(f"no schedule of {slices} slices in {minutes} minutes")
    return tuple(slice_time(start, span, slices, k) for k in range(slices))


def effective_fill_timeout(configured: timedelta, gap: timedelta) -> timedelta:
    """How long a slice may rest: as configured, but never past the next slice."""
    return min(configured, gap)


def slice_quantity(
    *,
    measure: Measure,
    free: Decimal,
    slices_left: int,
    limit_price: Decimal,
    commission_percent: Decimal,
    lot: Decimal,
) -> Decimal:
    """Units of the next slice: whole lots, rounded down; the last slice takes all that is left.

    ``free`` is what remains of the order less what its children may still fill, in its measure;
    ``slices_left`` counts this slice too. A quantity is divided by the slices left. Cash is also
    divided by what a unit costs at worst: ``limit_price`` and the commission on it. Zero means
    that nothing is sent and the value waits for the next slice.
    """
    if slices_left < 1:
        raise ValueError("no slice is left")
    share = multiply(lot, Decimal(slices_left))
    if measure is Measure.CASH:
        if limit_price <= ZERO:
            raise ValueError(f"cash buys nothing at a price of {to_text(limit_price)}")
        share = multiply(share, add(limit_price, percent(limit_price, commission_percent)))
    return multiply(lot, Decimal(max(0, floor_divide(free, share))))


def slice_limit(
    price: Decimal,
    side: Side,
    offset_percent: Decimal,
    instrument: Instrument,
    own_limit: Decimal | None = None,
) -> Decimal:
    """The limit price of a slice: the current price and an offset that lets it fill.

    A buy pays at most ``price`` plus the offset, rounded down to the tick, a sell takes at least
    ``price`` less the offset, rounded up; neither ever goes past the order's ``own_limit``.
    Raises ``ValueError`` where no valid price is inside, as for a coin cheaper than its tick.
    """
    if price <= ZERO or offset_percent < ZERO:
        raise ValueError(
            f"no limit at {to_text(price)} with an offset of {to_text(offset_percent)} percent"
        )
    offset = percent(price, offset_percent)
    with exactly():
        if side is Side.BUY:
            worst = price + offset if own_limit is None else min(price + offset, own_limit)
            limit = instrument.round_down_to_tick(max(worst, ZERO))
        else:
            worst = price - offset if own_limit is None else max(price - offset, own_limit)
            limit = instrument.round_up_to_tick(max(worst, ZERO))
    if limit <= ZERO:
        raise ValueError(f"{instrument.symbol}: no valid price inside {to_text(worst)}")
    return limit
