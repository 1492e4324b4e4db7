"""The plan of a rebalance, whole before its first order: what is sold, what is bought, what then.

Sells come first and bring the cash for the buys. Before anything is ordered everything that
stands against it is looked for, and told together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from algorithms.decimals import (
    EXACT,
    HUNDRED,
    ZERO,
    add,
    divide,
    multiply,
    percent,
    subtract,
    to_text,
    total,
)
from algorithms.domain import Side
from algorithms.rebalancing.drift import PLACES, Drifts, Thresholds, drifts
from algorithms.rebalancing.holdings import Fees, Portfolio, Problem, lots
from algorithms.rebalancing.orders import (
    LeftOut,
    LeftOutReason,
    Order,
    Purse,
    cash_after,
    fit_buys,
    is_too_small,
    limit_price,
)
from algorithms.rebalancing.rounding import floor_targets, nearest_targets, tracking_error
from algorithms.rebalancing.targets import CASH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from algorithms.domain import Symbol
    from algorithms.rebalancing.targets import Targets


class Rounding(StrEnum):
    """How target quantities become whole lots."""

    FLOOR = "floor"
    NEAREST_CASH = "nearest_cash"


DEFAULT_THRESHOLDS = Thresholds(Decimal(3), Decimal(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a rebalance goes by. ``max_order_percent`` is of equity.

    ``slices`` (>= 1) are the days that are left for it: only so much of each trade is ordered now.
    """

    thresholds: Thresholds = field(default=DEFAULT_THRESHOLDS)
    fees: Fees = field(default=Fees())
    rounding: Rounding = Rounding.FLOOR
    cash_buffer_percent: Decimal = Decimal("98.5")
    max_order_percent: Decimal = Decimal(50)
    slices: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do. Orders are empty unless it is needed and feasible.

    ``target`` and ``net_trade`` are units of every ticker. ``expected`` are weights in percent
    when every order has filled at its limit; those of all tickers and ``cash`` sum to 100.
    ``large`` are tickers whose order a person has to confirm.
    """

    equity: Decimal | None
    drifts: Drifts
    reasons: tuple[tuple[str, ...], ...] = ()
    target: Mapping[Symbol, Decimal] = field(default_factory=dict)
    net_trade: Mapping[Symbol, Decimal] = field(default_factory=dict)
    sells: tuple[Order, ...] = ()
    buys: tuple[Order, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    large: tuple[Symbol, ...] = ()
    problems: tuple[Problem, ...] = ()
    expected: Mapping[str, Decimal] = field(default_factory=dict)
    expected_cash: Decimal | None = None
    tracking_error: Decimal | None = None

    @property
    def feasible(self) -> bool:
        return not self.problems

    @property
    def needed(self) -> bool | None:
        """None: nobody can say, for prices are missing."""
        return None if self.equity is None else bool(self.reasons)


def make_plan(portfolio: Portfolio, targets: Targets, settings: Settings) -> Plan:
    """Plan a rebalance of a portfolio to targets, which must be free of faults."""
    weights = targets.weights()
    problems = list(portfolio.problems(weights))
    if any(asset.held and asset.price is None for asset in portfolio.assets.values()):
        return Plan(equity=None, drifts=Drifts({}, {}), problems=tuple(problems))
    found = drifts(portfolio, targets)
    equity = portfolio.equity
    if equity <= ZERO:
        problems.append(Problem("no_equity", None, "there is neither cash nor any holding"))
    reasons = tuple(found.reasons(settings.thresholds))
    if problems:
        return Plan(equity=equity, drifts=found, reasons=reasons, problems=tuple(problems))
    draft = min(
        (_drawn(portfolio, targets, settings, target, ordered=bool(reasons))
         for target in target_units(portfolio, targets, settings)),
        key=lambda each: each.after.tracking_error(),
    )  # fmt: skip
    sells, buys, after = draft.sells, draft.buys, draft.after
    most = percent(equity, settings.max_order_percent)
    return Plan(
        equity=equity,
        drifts=found,
        reasons=reasons,
        target=draft.target,
        net_trade=draft.net_trade,
        sells=tuple(sells),
        buys=tuple(buys),
        left_out=tuple(draft.left_out),
        large=tuple(each.asset.ticker for each in (*sells, *buys) if each.value > most),
        expected=after.weights(),
        expected_cash=after.cash,
        tracking_error=after.tracking_error(),
    )


def target_units(
    portfolio: Portfolio, targets: Targets, settings: Settings
) -> Iterator[Mapping[Symbol, Decimal]]:
    """Yield units of every ticker that are to be held, in whole lots: the better ways first.

    What comes of them is known when they are fitted to the cash, so that the nearest rounding has
    the plain one beside it: by its orders it must not be farther from the weights.
    """
    weights = targets.weights()
    if settings.rounding is Rounding.NEAREST_CASH:
        yield nearest_targets(portfolio, weights, settings.fees, settings.cash_buffer_percent)
    yield floor_targets(portfolio, weights)


def plan_buys(
    portfolio: Portfolio, targets: Targets, settings: Settings
) -> tuple[list[Order], list[LeftOut]]:
    """Plan the buys alone, from what is held when the sells are final.

    Whatever drift is left is no reason to stop. Prices of all targets must be known.
    """
    found = []
    for target in target_units(portfolio, targets, settings):
        wanted = {
            ticker: change
            for ticker, units in target.items()
            if (change := subtract(units, portfolio.assets[ticker].held)) > ZERO
        }
        today = _first_slice(portfolio, wanted, settings)
        found.append(next_buys(portfolio, targets, settings, portfolio.spendable, today))
    return min(
        found, key=lambda each: _after(portfolio, targets, settings, each[0]).tracking_error()
    )


def _first_slice(
    portfolio: Portfolio, net_trade: Mapping[Symbol, Decimal], settings: Settings
) -> Mapping[Symbol, Decimal]:
    """Return the part of every trade that is due when as many slices are left: whole lots."""
    if settings.slices == 1:
        return net_trade
    due = {}
    for ticker, change in net_trade.items():
        instrument = portfolio.assets[ticker].instrument
        count = abs(lots(change, instrument)) // settings.slices
        units = multiply(instrument.lot, Decimal(count))
        due[ticker] = units if change > ZERO else EXACT.minus(units)
    return due


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One way to plan, and what comes of it."""

    target: Mapping[Symbol, Decimal]
    net_trade: Mapping[Symbol, Decimal]
    sells: list[Order]
    buys: list[Order]
    left_out: list[LeftOut]
    after: _After


def _drawn(
    portfolio: Portfolio,
    targets: Targets,
    settings: Settings,
    target: Mapping[Symbol, Decimal],
    *,
    ordered: bool,
) -> _Drawn:
    """Plan orders to targets in whole lots; none unless ``ordered``."""
    net_trade = {
        ticker: subtract(units, portfolio.assets[ticker].held) for ticker, units in target.items()
    }
    trade = _NetTrade(portfolio, targets, settings, _first_slice(portfolio, net_trade, settings))
    sells, buys, left_out = trade.orders() if ordered else ([], [], [])
    after = _after(portfolio, targets, settings, (*sells, *buys))
    return _Drawn(target, net_trade, sells, buys, left_out, after)


def _after(
    portfolio: Portfolio, targets: Targets, settings: Settings, orders: Sequence[Order]
) -> _After:
    return _After(portfolio, targets.weights(), targets.cash, settings.fees, orders)


@dataclass(frozen=True, slots=True)
class _NetTrade:
    """Net trades on their way to orders."""

    portfolio: Portfolio
    targets: Targets
    settings: Settings
    net_trade: Mapping[Symbol, Decimal]

    def orders(self) -> tuple[list[Order], list[Order], list[LeftOut]]:
        """Return sells, buys, and what of the net trades is not ordered.

        Only orders that bring the weights nearer to the targets, all together, are made; what no
        target names is sold in any case. Where lots are too large for the equity, a sale may bring
        cash that nothing can be bought for: then what has a target is not sold.
        """
        before = self._distance(())
        found = self._orders(self.net_trade)
        if self._is_nearer(found, before):
            return found
        weights = self.targets.weights()
        kept = {t: units for t, units in self.net_trade.items() if units < ZERO and weights.get(t)}
        found = self._orders({t: u for t, u in self.net_trade.items() if t not in kept})
        if not found[0] and not self._is_nearer(found, before):
            found = ([], [], [])
            kept = {ticker: units for ticker, units in self.net_trade.items() if units}
        for ticker, units in kept.items():
            side = Side.SELL if units < ZERO else Side.BUY
            found[2].append(LeftOut(ticker, side, EXACT.abs(units), LeftOutReason.DRIFT))
        return found

    def _orders(
        self, net_trade: Mapping[Symbol, Decimal]
    ) -> tuple[list[Order], list[Order], list[LeftOut]]:
        left_out: list[LeftOut] = []
        sells = list(self._sells(net_trade, left_out))
        cash = cash_after(self.portfolio.spendable, sells, (), self.settings.fees)
        buys, missing = next_buys(self.portfolio, self.targets, self.settings, cash, net_trade)
        return sells, buys, [*left_out, *missing]

    def _is_nearer(
        self,
        found: tuple[list[Order], list[Order], list[LeftOut]],
        before: tuple[Decimal, Decimal],
    ) -> bool:
        """Compare sums of drifts as shares of equity, which fees make smaller."""
        gaps, equity = self._distance((*found[0], *found[1]))
        return multiply(gaps, before[1]) < multiply(before[0], equity)

    def _distance(self, orders: tuple[Order, ...]) -> tuple[Decimal, Decimal]:
        return _after(self.portfolio, self.targets, self.settings, orders).distance()

    def _sells(
        self, net_trade: Mapping[Symbol, Decimal], left_out: list[LeftOut]
    ) -> Iterator[Order]:
        for ticker, change in net_trade.items():
            if change >= ZERO:
                continue
            asset, wanted = self.portfolio.assets[ticker], EXACT.minus(change)
            whole = asset.instrument.floor_to_lot(wanted)
            units = min(whole, asset.may_sell)
            for missing, reason in (
                (subtract(wanted, whole), LeftOutReason.BELOW_LOT),
                (subtract(whole, units), LeftOutReason.NOT_SELLABLE),
            ):
                if missing:
                    left_out.append(LeftOut(ticker, Side.SELL, missing, reason))
            if not units:
                continue
            order = Order(asset, Side.SELL, units, limit_price(asset, Side.SELL))
            if is_too_small(order):
                left_out.append(LeftOut(ticker, Side.SELL, units, LeftOutReason.BELOW_MINIMUM))
            else:
                yield order


def next_buys(
    portfolio: Portfolio,
    targets: Targets,
    settings: Settings,
    buyable: Decimal,
    net_trade: Mapping[Symbol, Decimal],
) -> tuple[list[Order], list[LeftOut]]:
    """Fit the buys among net trades to the cash there is, before the sells or after them.

    ``buyable`` is the cash at the time of buying, ``portfolio`` what the net trades are measured
    from. Used for the plan, and again with what the broker says after the sells.
    """
    wanted, odd = [], []
    lacking: dict[Symbol, Decimal] = {}
    equity, weights = portfolio.equity, targets.weights()
    for ticker, change in net_trade.items():
        if change <= ZERO:
            continue
        asset = portfolio.assets[ticker]
        units = asset.instrument.floor_to_lot(change)
        if units != change:
            missing = subtract(change, units)
            odd.append(LeftOut(ticker, Side.BUY, missing, LeftOutReason.BELOW_LOT))
        if units:
            wanted.append(Order(asset, Side.BUY, units, limit_price(asset, Side.BUY)))
            goal = percent(equity, weights.get(ticker, ZERO))
            lacking[ticker] = subtract(goal, portfolio.value(ticker))
    excess = subtract(buyable, percent(equity, targets.cash))
    purse = Purse(max(buyable, ZERO), settings.cash_buffer_percent, excess)
    buys, left_out = fit_buys(wanted, purse, settings.fees, lacking)
    return buys, [*odd, *left_out]


class _After:
    """What a book holds when every order has filled at its limit, at current prices."""

    def __init__(
        self,
        portfolio: Portfolio,
        weights: Mapping[Symbol, Decimal],
        cash_weight: Decimal,
        fees: Fees,
        orders: Sequence[Order],
    ) -> None:
        units = {ticker: asset.held for ticker, asset in portfolio.assets.items()}
        for order in orders:
            change = add if order.side is Side.BUY else subtract
            units[order.asset.ticker] = change(units[order.asset.ticker], order.quantity)
        sells = [order for order in orders if order.side is Side.SELL]
        buys = [order for order in orders if order.side is Side.BUY]
        self.cash = cash_after(portfolio.cash, sells, buys, fees)
        self._values = {
            ticker: multiply(count, portfolio.assets[ticker].price or ZERO)
            for ticker, count in units.items()
        }
        self._weights = weights
        self._cash_weight = cash_weight
        self._equity = add(self.cash, total(self._values.values()))

    def weights(self) -> dict[str, Decimal]:
        """Percents of equity; cash takes what rounding leaves, so that they sum to 100."""
        if not self._equity:
            return {}
        shares: dict[str, Decimal] = {
            ticker: divide(multiply(value, HUNDRED), self._equity, PLACES)
            for ticker, value in self._values.items()
            if value or self._weights.get(ticker)
        }
        return {**shares, CASH: subtract(HUNDRED, total(shares.values()))}

    def tracking_error(self) -> Decimal:
        """How far the weights are from the targets, all tickers and cash together."""
        return tracking_error(self._gaps(), self._equity)

    def distance(self) -> tuple[Decimal, Decimal]:
        """Return the sum of all drifts, that of cash included, as values; and the equity."""
        return total(EXACT.abs(gap) for gap in self._gaps()), self._equity

    def _gaps(self) -> list[Decimal]:
        """What each ticker, and cash, lacks to its weight."""
        gaps = [
            subtract(percent(self._equity, self._weights.get(ticker, ZERO)), value)
            for ticker, value in self._values.items()
        ]
        return [*gaps, subtract(percent(self._equity, self._cash_weight), self.cash)]


def describe_reason(reason: tuple[str, ...], found: Drifts) -> str:
    """Say of one class or ticker how far it has drifted."""
    name, *ticker = reason
    if ticker:
        drift = next(each for key, each in found.sub_mp[name].items() if key == ticker[0])
        return f"{ticker[0]} in {name} is {to_text(drift.percent)} percent from its weight"
    return f"{name} is {to_text(found.mp[name].percent)} percent from its weight"
