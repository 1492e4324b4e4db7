"""What holds for every plan, of portfolios as people have them and of degenerate ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import Side, Symbol
from algorithms.instruments import market_ticks
from algorithms.rebalancing.drift import Thresholds
from algorithms.rebalancing.holdings import Asset, Fees, Portfolio
from algorithms.rebalancing.plan import Plan, Rounding, Settings, make_plan, plan_buys
from algorithms.rebalancing.targets import CASH, Targets, target_faults
from tests.algorithms.rebalancing.houses import FINE, asset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from algorithms.rebalancing.orders import Order

NOW = Settings(thresholds=Thresholds(Decimal(0), Decimal(0)))
"""Whatever the drift, it is a reason."""
ROUNDED = 1e-7
"""Errors are compared with eight digits after the point."""


@dataclass(frozen=True)
class Case:
    """A book, where it is to go, and how."""

    book: Portfolio
    wanted: Targets
    settings: Settings


def spread(shares: list[int], digits: int) -> list[Decimal]:
    """Percents with so many digits that sum to 100 exactly."""
    step, whole = Decimal(1).scaleb(-digits), sum(shares)
    weights = [(Decimal(share) * 100 / whole).quantize(step) for share in shares]
    most = max(range(len(shares)), key=weights.__getitem__)
    weights[most] += 100 - sum(weights)
    return weights


KOREAN = ["2", "7", "999", "50000", "75100", "1234000"]
FOREIGN = ["0.0002", "3.21", "99999.9999"]
BROKEN = [None, "0", "0.0001", "1", "75050"]
"""Unknown, zero, without a lower price to sell at, off its tick."""


@st.composite
def assets(draw: st.DrawFn, ticker: str, *, is_broken: bool) -> Asset:
    lot = draw(st.sampled_from(["1", "1", "1", "10", "1000", "0.001", "0.00000001"]))
    held = Decimal(lot) * draw(st.sampled_from([0, 0, 1, 3, 50, 12_345]))
    odd = draw(st.sampled_from(["0", "0", "0", "0.5", "0.000000001"]))
    korean = draw(st.booleans())
    prices = st.sampled_from(KOREAN if korean else FOREIGN)
    price = draw(st.sampled_from(BROKEN) if is_broken else prices)
    return asset(
        ticker,
        price,
        str(held + Decimal(odd)),
        lot=lot,
        ticks=market_ticks("XKRX", "stock") if korean else FINE,
        min_notional=draw(st.sampled_from([None, None, "5", "100000"])),
        sellable=draw(st.sampled_from([None, None, None, "0", str(held / 2)])),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    names = [f"T{number}" for number in range(draw(st.integers(1, 5)))]
    dropped = [f"Z{number}" for number in range(draw(st.integers(0, 2)))]
    digits = draw(st.sampled_from([0, 2, 18]))
    at = draw(st.integers(1, len(names)))
    members = {"one": names[:at], "two": names[at:]}
    members = {name: tickers for name, tickers in members.items() if tickers}
    classes = [*members, *([CASH] if draw(st.booleans()) else [])]
    shares = st.integers(1, 1000)
    mp = spread([draw(shares) for _ in classes], digits)
    wanted = Targets(
        dict(zip(classes, mp, strict=True)),
        {
            name: dict(
                zip(map(Symbol, tickers), spread([draw(shares) for _ in tickers], digits),
                    strict=True)
            )
            for name, tickers in members.items()
        },
    )  # fmt: skip
    assert not list(target_faults(wanted))
    broken = draw(st.sampled_from([None, None, None, None, *names, *dropped]))
    held = [draw(assets(name, is_broken=name == broken)) for name in (*names, *dropped)]
    cash = Decimal(
        draw(st.sampled_from(["0", "0.01", "1", "999", "1000000", "123456789012", "-5"]))
    )
    buyable = draw(st.sampled_from([None, None, Decimal(0), cash / 3]))
    settings = Settings(
        thresholds=NOW.thresholds,
        fees=Fees(*map(Decimal, draw(st.sampled_from([("0", "0"), ("0.25", "0.2"), ("5", "40")])))),
        rounding=draw(st.sampled_from(Rounding)),
        cash_buffer_percent=Decimal(draw(st.sampled_from(["100", "98.5", "50", "0"]))),
        slices=draw(st.sampled_from([1, 1, 1, 3])),
    )
    book = Portfolio(cash, {each.ticker: each for each in held}, buyable)
    return Case(book, wanted, settings)


def worth(orders: Iterable[Order]) -> Fraction:
    return sum((Fraction(each.quantity) * Fraction(each.limit) for each in orders), Fraction(0))


def cash_after(
    case: Case, cash: Decimal, sells: Iterable[Order], buys: Iterable[Order]
) -> Fraction:
    """Reckoned anew, in fractions."""
    fees = case.settings.fees
    kept = 1 - Fraction(fees.commission_percent + fees.sell_tax_percent) / 100
    taken = 1 + Fraction(fees.commission_percent) / 100
    return Fraction(cash) + worth(sells) * kept - worth(buys) * taken


def distance(
    case: Case, units: Mapping[Symbol, Decimal], cash: Fraction
) -> tuple[Fraction, Fraction]:
    """Return the sum of all drifts in value, that of cash included, and the equity."""
    prices = {t: Fraction(a.price or 0) for t, a in case.book.assets.items()}
    values = {t: Fraction(count) * prices[t] for t, count in units.items()}
    equity = cash + sum(values.values())
    weights = case.wanted.weights()
    gaps = [Fraction(weights.get(t, Decimal(0))) / 100 * equity - v for t, v in values.items()]
    gaps.append(Fraction(case.wanted.cash) / 100 * equity - cash)
    return sum(map(abs, gaps), Fraction(0)), equity


def units_after(case: Case, orders: Iterable[Order]) -> dict[Symbol, Decimal]:
    units = {ticker: each.held for ticker, each in case.book.assets.items()}
    for order in orders:
        units[order.asset.ticker] += order.quantity if order.side is Side.BUY else -order.quantity
    return units


@given(cases())
def test_a_plan_takes_no_more_than_there_is_and_says_what_it_leaves(case: Case) -> None:
    plan = make_plan(case.book, case.wanted, case.settings)
    if plan.problems:
        assert (plan.sells, plan.buys) == ((), ())
        return
    assert plan.equity is not None
    assert plan.equity > 0
    ordered = [*plan.sells, *plan.buys]
    assert len({order.asset.ticker for order in ordered}) == len(ordered)
    for order in ordered:
        lot = order.asset.instrument.lot
        assert order.quantity > 0
        assert order.quantity % lot == 0
        least = order.asset.instrument.min_notional
        assert least is None or order.value >= least
    for sale in plan.sells:
        assert sale.quantity <= sale.asset.may_sell <= sale.asset.held
        assert sale.limit == sale.asset.instrument.ticks.below(sale.asset.price or Decimal(0))
    brought = cash_after(case, case.book.spendable, plan.sells, ())
    assert worth(plan.buys) <= max(
        brought * Fraction(case.settings.cash_buffer_percent) / 100, Fraction(0)
    )
    if plan.buys:
        assert cash_after(case, case.book.spendable, plan.sells, plan.buys) >= 0
    assert plan.expected_cash == cash_after(case, case.book.cash, plan.sells, plan.buys)
    assert sum(plan.expected.values()) == (100 if plan.expected else 0)
    says_what_it_leaves(case, plan)
    comes_nearer_or_does_nothing(case, plan)


def says_what_it_leaves(case: Case, plan: Plan) -> None:
    """Every unit of a net trade is ordered, or left out with a reason."""
    if case.settings.slices > 1 or not plan.reasons:
        return
    for ticker, change in plan.net_trade.items():
        ordered = sum(
            order.quantity for order in (*plan.sells, *plan.buys) if order.asset.ticker == ticker
        )
        left = sum(each.quantity for each in plan.left_out if each.ticker == ticker)
        assert ordered + left == abs(change), ticker
        if not case.wanted.weights().get(ticker):
            assert change == -case.book.assets[ticker].held


def comes_nearer_or_does_nothing(case: Case, plan: Plan) -> None:
    """What has no weight has to go, whatever that does to the weights of the rest."""
    named = {ticker for ticker, weight in case.wanted.weights().items() if weight}
    orders = [*plan.sells, *plan.buys]
    if not orders or any(sale.asset.ticker not in named for sale in plan.sells):
        return
    before, equity = distance(case, units_after(case, ()), Fraction(case.book.cash))
    assert plan.expected_cash is not None
    after, rest = distance(case, units_after(case, orders), Fraction(plan.expected_cash))
    assert after * equity < before * rest


@given(cases())
def test_buys_after_the_sells_spend_what_there_is_and_come_nearer(case: Case) -> None:
    if list(case.book.problems(case.wanted.weights())) or case.book.equity <= 0:
        return
    buys, left = plan_buys(case.book, case.wanted, case.settings)
    spendable = max(case.book.spendable, Decimal(0))
    assert cash_after(case, spendable, (), buys) >= 0
    assert worth(buys) <= Fraction(spendable) * Fraction(case.settings.cash_buffer_percent) / 100
    assert all(each.quantity > 0 and each.side is Side.BUY for each in left)
    for order in buys:
        assert order.limit == order.asset.instrument.ticks.above(order.asset.price or Decimal(0))
    before, _ = distance(case, units_after(case, ()), Fraction(case.book.cash))
    after, rest = distance(
        case, units_after(case, buys), cash_after(case, case.book.cash, (), buys)
    )
    lost = Fraction(case.book.equity) - rest
    assert after <= before + 2 * lost


@given(cases())
def test_the_nearest_rounding_is_never_farther_than_rounding_down(case: Case) -> None:
    """By its orders, whatever lots, fees and smallest orders make of them."""
    if list(case.book.problems(case.wanted.weights())) or case.book.equity <= 0:
        return
    plans, errors = {}, {}
    for rounding in Rounding:
        settings = replace(case.settings, rounding=rounding)
        plans[rounding] = make_plan(case.book, case.wanted, settings).tracking_error
        buys, _ = plan_buys(case.book, case.wanted, settings)
        errors[rounding] = squares(case, buys)
    assert (plans[Rounding.NEAREST_CASH] or 0) <= (plans[Rounding.FLOOR] or 0)
    assert errors[Rounding.NEAREST_CASH] <= errors[Rounding.FLOOR] + ROUNDED


def squares(case: Case, buys: Iterable[Order]) -> float:
    """The tracking error after these buys in percent, reckoned anew."""
    cash = cash_after(case, case.book.cash, (), buys)
    prices = {t: Fraction(a.price or 0) for t, a in case.book.assets.items()}
    values = {t: Fraction(count) * prices[t] for t, count in units_after(case, buys).items()}
    equity, weights = cash + sum(values.values()), case.wanted.weights()
    gaps = [Fraction(weights.get(t, Decimal(0))) / 100 - v / equity for t, v in values.items()]
    gaps.append(Fraction(case.wanted.cash) / 100 - cash / equity)
    return 100 * math.sqrt(sum(gap**2 for gap in gaps))
