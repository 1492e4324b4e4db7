"""The target: a model portfolio of asset classes, and a sub-model portfolio of tickers in each.

Weights are percents. Those of the model portfolio (MP) are of equity, those of a sub-model
portfolio (Sub-MP) are of its class; each sums to 100, give or take 0.01. Cash is a class without
tickers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import EXACT, HUNDRED, ZERO, multiply, subtract, to_text, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from algorithms.domain import Symbol

CASH = "cash"
UNCLASSED = "unclassified"
"""The class of a holding that neither a Sub-MP nor its instrument names."""
SUM_TOLERANCE = Decimal("0.01")
"""How far a level's weights may sum from 100, in percent."""


@dataclass(frozen=True, slots=True)
class TargetFault:
    """What is wrong with targets, and where: ``("sub_mp", "stocks", "A")``."""

    path: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Targets:
    """Weights in percent: of classes in equity, of tickers in their class."""

    mp: Mapping[str, Decimal]
    sub_mp: Mapping[str, Mapping[Symbol, Decimal]]

    def weights(self) -> dict[Symbol, Decimal]:
        """Every named ticker's share of equity in percent, exact."""
        return {
            ticker: multiply(self.mp.get(name, ZERO), weight).scaleb(-2, EXACT)
            for name, tickers in self.sub_mp.items()
            for ticker, weight in tickers.items()
        }

    def class_of(self) -> dict[Symbol, str]:
        """The class that names each ticker."""
        return {ticker: name for name, tickers in self.sub_mp.items() for ticker in tickers}

    @property
    def cash(self) -> Decimal:
        """Cash's share of equity in percent."""
        return self.mp.get(CASH, ZERO)


def target_faults(targets: Targets) -> Iterator[TargetFault]:
    """Yield everything that is wrong: names, sums, signs, missing and unknown classes, tickers."""
    misnamed = {fault.path[1]: fault for fault in _name_faults(targets)}
    yield from misnamed.values()
    yield from _level_faults(("mp",), targets.mp)
    for name, weight in targets.mp.items():
        if name != CASH and name not in misnamed and weight > ZERO and not targets.sub_mp.get(name):
            yield TargetFault(("mp", name), f"weight {to_text(weight)} but no Sub-MP of this class")
    owners: dict[Symbol, str] = {}
    for name, tickers in targets.sub_mp.items():
        if name == CASH:
            yield TargetFault(("sub_mp", name), "cash has no tickers: give them another class")
        elif name not in targets.mp:
            yield TargetFault(("sub_mp", name), "no such class in mp")
        yield from _level_faults(("sub_mp", name), tickers)
        for ticker in tickers:
            if ticker in owners:
                where = f"already in the class {owners[ticker]}"
                yield TargetFault(("sub_mp", name, ticker), where)
            owners.setdefault(ticker, name)


def _name_faults(targets: Targets) -> Iterator[TargetFault]:
    """Yield names of classes that a person would take for one, or for cash."""
    seen: dict[str, str] = {}
    for name in dict.fromkeys((*targets.mp, *targets.sub_mp)):
        path = ("mp" if name in targets.mp else "sub_mp", name)
        plain = name.strip().casefold()
        if name != name.strip():
            yield TargetFault(path, "the name of a class neither begins nor ends with a blank")
        elif plain == CASH and name != CASH:
            yield TargetFault(path, f"write {CASH} in small letters, or name the class otherwise")
        elif plain in seen:
            yield TargetFault(path, f"only capitals tell it from the class {seen[plain]}")
        else:
            seen[plain] = name


def _level_faults(
    path: tuple[str, ...], weights: Mapping[str, Decimal] | Mapping[Symbol, Decimal]
) -> Iterator[TargetFault]:
    for name, weight in weights.items():
        if weight < ZERO:
            yield TargetFault((*path, name), "below zero")
    found = total(weights.values())
    if EXACT.abs(subtract(found, HUNDRED)) > SUM_TOLERANCE:
        yield TargetFault(path, f"the weights sum to {to_text(found)}, not to 100")
