"""Orders stand one tick away, and buys never take more cash than there is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import Side, Symbol
from algorithms.rebalancing.holdings import Asset, Fees
from algorithms.rebalancing.orders import (
    LeftOutReason,
    Order,
    Purse,
    cash_after,
    fit_buys,
    is_too_small,
    limit_price,
)
from tests.algorithms.rebalancing.houses import FINE, asset, named

PLENTY = Decimal(10**12)
NO_FEES = Fees()


@pytest.mark.parametrize("row", named("tick follows the instrument")["prices"])
def test_the_published_prices_hold(row: dict[str, object]) -> None:
    one = asset(str(row["ticker"]), str(row["price"]), kind=str(row["type"]))
    assert limit_price(one, Side.SELL) == row["sell_limit"]
    assert limit_price(one, Side.BUY) == row["buy_limit"]


def test_at_a_border_between_ticks_each_side_has_its_own() -> None:
    assert limit_price(asset("A", "50000"), Side.SELL) == 49_950
    assert limit_price(asset("A", "50000"), Side.BUY) == 50_100
    with pytest.raises(ValueError, match="no valid price lies below 1"):
        limit_price(asset("A", "1"), Side.SELL)


def buy(one: Asset, quantity: int | str) -> Order:
    return Order(one, Side.BUY, Decimal(quantity), limit_price(one, Side.BUY))


def fitted(
    wanted: list[Order],
    cash: int | str,
    buffer: str = "100",
    excess: Decimal = PLENTY,
    drift: dict[str, int] | None = None,
    fees: Fees = NO_FEES,
) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    lacking = {Symbol(ticker): Decimal(value) for ticker, value in (drift or {}).items()}
    buys, left = fit_buys(wanted, Purse(Decimal(cash), Decimal(buffer), excess), fees, lacking)
    return (
        {order.asset.ticker: int(order.quantity) for order in buys},
        {(each.ticker, each.reason.value): int(each.quantity) for each in left},
    )


def test_with_cash_for_all_everything_is_bought() -> None:
    wanted = [buy(asset("A", "999"), 3), buy(asset("B", "99"), 5)]
    assert fitted(wanted, 3500) == ({"A": 3, "B": 5}, {})


def test_with_too_little_each_gets_its_part_and_the_largest_drift_the_rest() -> None:
    wanted = [buy(asset("A", "999"), 6), buy(asset("B", "1999"), 3)]
    # 5,000 are shared in halves: two A, one B; the thousand left over buys one more A.
    bought, left = fitted(wanted, 5000, drift={"A": 1, "B": 9})
    assert bought == {"A": 3, "B": 1}
    assert left == {("A", "cash"): 3, ("B", "cash"): 2}
    bought, _ = fitted(wanted, 6500, drift={"A": 1, "B": 9})
    assert bought == {"A": 4, "B": 1}  # 1,500 are left, and B costs 2,000


def test_fees_come_out_of_the_buffer_and_beyond_it_out_of_the_budget() -> None:
    wanted = [buy(asset("A", "999"), 10)]
    assert fitted(wanted, 10_000, "98.5", fees=Fees(Decimal("0.015")))[0] == {"A": 9}
    assert fitted(wanted, 10_000, "100", fees=Fees(Decimal("0.015")))[0] == {"A": 9}
    assert fitted(wanted, 10_002, "100", fees=Fees(Decimal("0.015")))[0] == {"A": 10}
    assert fitted(wanted, 10_100, "98.5", fees=Fees(Decimal(5)))[0] == {"A": 9}


def test_without_cash_nothing_is_bought() -> None:
    assert fitted([buy(asset("A", "999"), 2)], 0) == ({}, {("A", "cash"): 2})


def test_a_lot_that_only_takes_cash_away_from_its_own_weight_is_left_out() -> None:
    one = asset("A", "1000")
    assert fitted([buy(one, 3)], 10_000, excess=Decimal(0)) == ({}, {("A", "drift"): 3})
    assert fitted([buy(one, 3)], 10_000, excess=Decimal(1500))[0] == {"A": 2}


def test_what_the_market_takes_no_order_for_is_left_out() -> None:
    small = asset("A", "1000", min_notional="5000")
    assert is_too_small(buy(small, 4))
    assert fitted([buy(small, 4)], 10_000) == ({}, {("A", "below_minimum"): 4})
    assert fitted([buy(small, 9)], 4_100) == (
        {},
        {("A", "cash"): 5, ("A", "below_minimum"): 4},
    )


def test_cash_after_all_orders_is_what_is_left() -> None:
    one = asset("A", "1000", "5")
    sale = Order(one, Side.SELL, Decimal(5), limit_price(one, Side.SELL))
    fees = Fees(Decimal(1), Decimal(2))
    expected = 100 + Decimal(999) * 5 * Decimal("0.97") - Decimal(1001) * 2 * Decimal("1.01")
    assert cash_after(Decimal(100), [sale], [buy(one, 2)], fees) == expected


@given(
    st.lists(st.tuples(st.integers(2, 10**6), st.integers(1, 50)), min_size=1, max_size=8),
    st.integers(0, 10**7),
    st.sampled_from(["100", "98.5", "50"]),
    st.sampled_from(["0", "0.015", "0.25", "5"]),
    st.integers(-(10**6), 10**7),
)
def test_buys_stay_inside_cash_and_buffer_and_below_what_was_wanted(
    rows: list[tuple[int, int]], cash: int, buffer: str, commission: str, excess: int
) -> None:
    wanted = [
        buy(asset(f"T{number}", str(price), ticks=FINE), quantity)
        for number, (price, quantity) in enumerate(rows)
    ]
    fees = Fees(Decimal(commission))
    purse = Purse(Decimal(cash), Decimal(buffer), Decimal(excess))
    buys, left = fit_buys(wanted, purse, fees, {})
    assert cash_after(Decimal(cash), (), buys, fees) >= 0
    assert sum(order.value for order in buys) <= purse.budget
    for order in wanted:
        ticker = order.asset.ticker
        bought = sum(each.quantity for each in buys if each.asset.ticker == ticker)
        missing = sum(each.quantity for each in left if each.ticker == ticker)
        assert bought + missing == order.quantity
    assert {each.reason for each in left} <= {LeftOutReason.CASH, LeftOutReason.DRIFT}
    # No lot was left out for want of cash that the cash would have paid for.
    spare = min(fees.cost(purse.budget), purse.buyable) - sum(fees.cost(b.value) for b in buys)
    if not any(each.reason is LeftOutReason.DRIFT for each in left):
        prices = {order.asset.ticker: order.limit for order in wanted}
        assert all(fees.cost(prices[each.ticker]) > spare for each in left)
