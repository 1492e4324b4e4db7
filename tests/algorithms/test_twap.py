"""An order is worked in slices: evenly in time, never more than asked, never past its limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from algorithms.decimals import multiply, percent, subtract, to_text
from algorithms.domain import Measure, Side, Symbol
from algorithms.instruments import Instrument, default_instrument
from algorithms.twap import effective_fill_timeout, slice_limit, slice_quantity, slice_times

OPEN = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
SAMSUNG = default_instrument(Symbol("005930"), "XKRX", "KRW")
TQQQ = default_instrument(Symbol("TQQQ"), "XNYS", "USD")
BTCUSDT = default_instrument(Symbol("BTCUSDT"), "24/7", "USDT")


def units(
    measure: Measure,
    free: str,
    slices_left: int,
    *,
    limit: str = "100",
    fee: str = "0",
    lot: str = "1",
) -> str:
    return to_text(
        slice_quantity(
            measure=measure,
            free=Decimal(free),
            slices_left=slices_left,
            limit_price=Decimal(limit),
            commission_percent=Decimal(fee),
            lot=Decimal(lot),
        )
    )


def worked(measure: Measure, value: Decimal, slices: int, cost: Decimal, lot: Decimal) -> list[str]:
    """The slices of an order of which every slice fills at once, at ``cost`` a unit."""
    sizes = []
    for left in range(slices, 0, -1):
        size = slice_quantity(
            measure=measure,
            free=value,
            slices_left=left,
            limit_price=cost,
            commission_percent=Decimal(0),
            lot=lot,
        )
        value = subtract(value, multiply(size, cost) if measure is Measure.CASH else size)
        sizes.append(to_text(size))
    return sizes


def test_three_shares_in_five_slices_are_sent_as_none_none_and_three_single_ones() -> None:
    assert worked(Measure.QUANTITY, Decimal(3), 5, Decimal(1), Decimal(1)) == list("00111")


def test_ten_shares_in_four_slices_grow_towards_the_end() -> None:
    assert worked(Measure.QUANTITY, Decimal(10), 4, Decimal(1), Decimal(1)) == list("2233")


def test_the_last_slice_takes_all_whole_lots_that_are_left() -> None:
    assert units(Measure.QUANTITY, "7.9", 1) == "7"
    assert units(Measure.CASH, "799.99", 1) == "7"


def test_cash_is_cut_by_slices_price_and_commission_at_once() -> None:
    assert units(Measure.CASH, "3000", 3) == "10"
    assert units(Measure.CASH, "3000", 3, fee="0.25") == "9"
    assert units(Measure.CASH, "3007.5", 3, fee="0.25") == "10"
    assert units(Measure.CASH, "329.7", 1, limit="109.9") == "3"


def test_cash_buys_coins_in_lots_of_a_satoshi() -> None:
    assert units(Measure.CASH, "100", 3, limit="60123.45", lot="0.00000001") == "0.00055441"


def test_a_slice_below_one_lot_sends_nothing() -> None:
    assert units(Measure.CASH, "299", 3) == "0"
    assert units(Measure.QUANTITY, "0", 1) == "0"


def test_nothing_is_sent_while_children_may_fill_more_than_remains() -> None:
    assert units(Measure.QUANTITY, "-2", 2) == "0"


def test_there_is_no_slice_after_the_last() -> None:
    with pytest.raises(ValueError, match="no slice"):
        units(Measure.QUANTITY, "1", 0)


def test_cash_needs_a_price() -> None:
    with pytest.raises(ValueError, match="buys nothing"):
        units(Measure.CASH, "1", 1, limit="0")
    assert units(Measure.QUANTITY, "1", 1, limit="0") == "1"


values = st.decimals(min_value=0, max_value=10**12, places=8)
lots = st.sampled_from([Decimal(1), Decimal("0.00000001"), Decimal(10), Decimal("0.3")])
prices = st.decimals(min_value=Decimal("0.01"), max_value=10**6, places=4)


@given(st.sampled_from(Measure), values, st.integers(1, 40), prices, lots)
def test_slices_never_exceed_the_order_and_leave_less_than_a_lot(
    measure: Measure, value: Decimal, slices: int, price: Decimal, lot: Decimal
) -> None:
    sizes = [Fraction(size) for size in worked(measure, value, slices, price, lot)]
    unit = Fraction(price) if measure is Measure.CASH else Fraction(1)
    left = Fraction(value) - sum(sizes) * unit
    assert 0 <= left < Fraction(lot) * unit
    assert all(size >= 0 and size % Fraction(lot) == 0 for size in sizes)
    assert max(sizes) - min(sizes) <= Fraction(lot)
    assert sizes == sorted(sizes)


@given(values, st.integers(1, 40), prices, st.decimals(0, 5, places=4), lots)
def test_a_cash_slice_is_the_floor_of_the_formula(
    free: Decimal, slices_left: int, price: Decimal, fee: Decimal, lot: Decimal
) -> None:
    found = slice_quantity(
        measure=Measure.CASH,
        free=free,
        slices_left=slices_left,
        limit_price=price,
        commission_percent=fee,
        lot=lot,
    )
    unit = Fraction(price) * (1 + Fraction(fee) / 100) * Fraction(lot)
    assert Fraction(found) == Fraction(free) / slices_left // unit * Fraction(lot)


@pytest.mark.parametrize(
    ("side", "price", "offset", "own", "limit"),
    [
        (Side.BUY, "75000", "0.5", None, "75300"),
        (Side.SELL, "75000", "0.5", None, "74700"),
        (Side.BUY, "49900", "0.5", None, "50100"),
        (Side.SELL, "50100", "0.5", None, "49850"),
        (Side.BUY, "75000", "0", None, "75000"),
        (Side.BUY, "75000", "0.5", "75150", "75100"),
        (Side.SELL, "75000", "0.5", "74850", "74900"),
        (Side.BUY, "75000", "0.5", "80000", "75300"),
        (Side.SELL, "75000", "0.5", "70000", "74700"),
    ],
)
def test_a_limit_is_rounded_to_the_tick_inside_it(
    side: Side, price: str, offset: str, own: str | None, limit: str
) -> None:
    own_limit = None if own is None else Decimal(own)
    found = slice_limit(Decimal(price), side, Decimal(offset), SAMSUNG, own_limit)
    assert to_text(found) == limit


@given(
    st.decimals(min_value=Decimal("0.5"), max_value=10**6, places=4),
    st.sampled_from(Side),
    st.decimals(min_value=0, max_value=50, places=3),
    st.sampled_from([SAMSUNG, TQQQ, BTCUSDT]),
    st.none() | st.decimals(min_value=1, max_value=10**6, places=4),
)
def test_a_limit_is_on_the_tick_inside_the_offset_and_inside_the_orders_own(
    price: Decimal, side: Side, offset: Decimal, instrument: Instrument, own: Decimal | None
) -> None:
    away = Fraction(percent(price, offset))
    inside = {Fraction(price) + away if side is Side.BUY else Fraction(price) - away}
    if own is not None:
        inside.add(Fraction(own))
    worst = min(inside) if side is Side.BUY else max(inside)
    assume(worst >= 1)
    limit = slice_limit(price, side, offset, instrument, own)
    assert instrument.is_on_tick(limit)
    if side is Side.BUY:
        assert limit <= worst < instrument.next_tick_up(limit)
    else:
        assert worst <= limit
        assert limit == 1 or instrument.next_tick_down(limit) < worst


def test_a_coin_cheaper_than_its_tick_cannot_be_bought_by_limit() -> None:
    with pytest.raises(ValueError, match=r"no valid price inside 0\.005"):
        slice_limit(Decimal("0.005"), Side.BUY, Decimal(0), BTCUSDT)
    assert slice_limit(Decimal("0.005"), Side.SELL, Decimal(0), BTCUSDT) == Decimal("0.01")


def test_a_sell_at_any_price_has_no_limit_to_stand_at() -> None:
    with pytest.raises(ValueError, match="no valid price inside -50"):
        slice_limit(Decimal(100), Side.SELL, Decimal(150), TQQQ)


@pytest.mark.parametrize(("price", "offset"), [("0", "1"), ("-1", "1"), ("1", "-1")])
def test_a_limit_needs_a_price_and_an_offset_that_helps(price: str, offset: str) -> None:
    with pytest.raises(ValueError, match="no limit at"):
        slice_limit(Decimal(price), Side.BUY, Decimal(offset), TQQQ)


def test_four_slices_in_an_hour_stand_in_the_middle_of_their_quarters() -> None:
    times = slice_times(OPEN, 60, 4)
    assert [at - OPEN for at in times] == [
        timedelta(minutes=7, seconds=30),
        timedelta(minutes=22, seconds=30),
        timedelta(minutes=37, seconds=30),
        timedelta(minutes=52, seconds=30),
    ]


def test_a_schedule_crosses_the_change_of_clocks_in_real_minutes() -> None:
    before = datetime(2026, 3, 8, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    (at,) = slice_times(before, 120, 1)
    assert at - before == timedelta(hours=1)
    assert at.tzinfo is UTC
    assert at == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


@given(
    st.decimals(min_value=Decimal("0.1"), max_value=10_000, places=3),
    st.integers(min_value=1, max_value=500),
)
def test_slice_times_do_not_drift(minutes: Decimal, slices: int) -> None:
    times = slice_times(OPEN, minutes, slices)
    whole = Fraction(minutes) * 60_000_000
    for k, at in enumerate(times):
        microseconds = (at - OPEN) // timedelta(microseconds=1)
        assert microseconds == (k + Fraction(1, 2)) * whole / slices // 1
    assert list(times) == sorted(set(times))
    assert times[0] > OPEN
    assert times[-1] < OPEN + timedelta(microseconds=int(whole))


@pytest.mark.parametrize(("minutes", "slices"), [(0, 1), (-5, 1), (5, 0), (5, -1), (1, 60_000_001)])
def test_a_schedule_without_time_or_slices_is_refused(minutes: int, slices: int) -> None:
    with pytest.raises(ValueError, match="no schedule"):
        slice_times(OPEN, minutes, slices)


def test_a_schedule_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        slice_times(OPEN.replace(tzinfo=None), 5, 1)


def test_a_slice_never_rests_past_the_next_one() -> None:
    half, minute = timedelta(seconds=30), timedelta(minutes=1)
    assert effective_fill_timeout(half, minute) == half
    assert effective_fill_timeout(minute, half) == half
