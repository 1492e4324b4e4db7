"""What a run has come to: weights against targets, what explains the rest, tracking error."""

from __future__ import annotations

from dataclasses import dataclass
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
    total,
)
from algorithms.rebalancing.drift import PLACES
from algorithms.rebalancing.rounding import tracking_error
from algorithms.rebalancing.targets import CASH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from algorithms.rebalancing.holdings import Portfolio
    from algorithms.rebalancing.targets import Targets


@dataclass(frozen=True, slots=True)
class Achieved:
    """Weights in percent of equity, those of all tickers and ``cash`` sum to 100.

    ``beyond`` are further from their target than one lot and the cash buffer explain.
    """

    equity: Decimal
    weights: Mapping[str, Decimal]
    targets: Mapping[str, Decimal]
    tracking_error: Decimal
    beyond: tuple[str, ...]


def achieved(portfolio: Portfolio, targets: Targets, cash_buffer_percent: Decimal) -> Achieved:
    """Hold a portfolio whose prices are known against its targets.

    A ticker may be off by one lot and by the buffer's part of equity, which is kept for fees;
    cash by one lot of every ticker and the buffer.
    """
    equity = portfolio.equity
    wanted: dict[str, Decimal] = {str(t): weight for t, weight in targets.weights().items()}
    wanted[CASH] = targets.cash
    values: dict[str, Decimal] = {
        ticker: portfolio.value(ticker)
        for ticker, asset in portfolio.assets.items()
        if asset.held or wanted.get(ticker)
    }
    lots: dict[str, Decimal] = {
        ticker: multiply(asset.instrument.lot, asset.price or ZERO)
        for ticker, asset in portfolio.assets.items()
        if ticker in values
    }
    spare = percent(equity, subtract(HUNDRED, cash_buffer_percent))
    values[CASH], lots[CASH] = portfolio.cash, total(lots.values())
    gaps = {
        name: subtract(percent(equity, wanted.get(name, ZERO)), value)
        for name, value in values.items()
    }
    return Achieved(
        equity=equity,
        weights=_weights(values, equity),
        targets={name: weight for name, weight in wanted.items() if weight},
        tracking_error=tracking_error(gaps.values(), equity),
        beyond=tuple(n for n, gap in gaps.items() if EXACT.abs(gap) > add(lots[n], spare)),
    )


def _weights(values: Mapping[str, Decimal], equity: Decimal) -> dict[str, Decimal]:
    """Percents; cash takes what rounding leaves, so that they sum to 100."""
    if equity <= ZERO:
        return {}
    shares = {
        name: divide(multiply(value, HUNDRED), equity, PLACES)
        for name, value in values.items()
        if name != CASH
    }
    return {**shares, CASH: subtract(HUNDRED, total(shares.values()))}
