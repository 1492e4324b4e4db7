"""Drift: how far a book is from its targets, in percent, target less current.

A class is measured in equity, a ticker inside its class. Comparisons are made on exact products,
never on rounded quotients: a threshold reached exactly counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import EXACT, HUNDRED, ZERO, add, divide, multiply, subtract
from algorithms.rebalancing.targets import CASH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from algorithms.domain import Symbol
    from algorithms.rebalancing.holdings import Portfolio
    from algorithms.rebalancing.targets import Targets

PLACES = 8
"""Digits after the point of what is shown."""


@dataclass(frozen=True, slots=True)
class Drift:
    """``target`` percent less what ``value`` is of ``whole``; an empty whole counts as none."""

    target: Decimal
    value: Decimal
    whole: Decimal

    @property
    def percent(self) -> Decimal:
        """For people, rounded to ``PLACES``."""
        if not self.whole:
            return self.target
        return subtract(self.target, divide(multiply(self.value, HUNDRED), self.whole, PLACES))

    def reaches(self, threshold: Decimal) -> bool:
        """Whether the unrounded drift is at least this many percent, either way."""
        if not self.whole:
            return EXACT.abs(self.target) >= threshold
        gap = subtract(multiply(self.target, self.whole), multiply(self.value, HUNDRED))
        return EXACT.abs(gap) >= multiply(threshold, self.whole)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which drift on a run is needed, in percent."""

    mp: Decimal
    sub_mp: Decimal


@dataclass(frozen=True, slots=True)
class Drifts:
    """Of every class against the MP, of every ticker inside its class against the Sub-MP."""

    mp: Mapping[str, Drift]
    sub_mp: Mapping[str, Mapping[Symbol, Drift]]

    def reasons(self, thresholds: Thresholds) -> Iterator[tuple[str, ...]]:
        """Yield which class, or class and ticker, has drifted too far. None: no run is needed."""
        for name, drift in self.mp.items():
            if drift.reaches(thresholds.mp):
                yield (name,)
        for name, tickers in self.sub_mp.items():
            for ticker, drift in tickers.items():
                if drift.reaches(thresholds.sub_mp):
                    yield (name, ticker)


def drifts(portfolio: Portfolio, targets: Targets) -> Drifts:
    """Measure a portfolio whose prices are known.

    What is held counts to the class that names it in its Sub-MP, else to its own.
    """
    equity = portfolio.equity
    owner = targets.class_of()
    held: dict[str, dict[Symbol, Decimal]] = {name: {} for name in (*targets.mp, *targets.sub_mp)}
    for ticker, asset in portfolio.assets.items():
        if asset.held:
            name = owner.get(ticker, asset.asset_class)
            held.setdefault(name, {})[ticker] = portfolio.value(ticker)
    totals = {name: _sum(values) for name, values in held.items()}
    if portfolio.cash or CASH in targets.mp:
        totals[CASH] = add(totals.get(CASH, ZERO), portfolio.cash)
    of_classes = {
        name: Drift(targets.mp.get(name, ZERO), value, equity) for name, value in totals.items()
    }
    inside = {}
    for name, values in held.items():
        # Inside a class that is to be empty no weights are wanted.
        wanted = targets.sub_mp.get(name, {}) if targets.mp.get(name) else {}
        tickers = dict.fromkeys((*wanted, *values))
        if tickers:
            inside[name] = {
                ticker: Drift(wanted.get(ticker, ZERO), values.get(ticker, ZERO), totals[name])
                for ticker in tickers
            }
    return Drifts(of_classes, inside)


def _sum(values: Mapping[Symbol, Decimal]) -> Decimal:
    found = ZERO
    for value in values.values():
        found = add(found, value)
    return found
