"""Targets as a form has them: rows of classes and tickers, their sums, and who set which when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import EXACT, HUNDRED, subtract, to_text, total
from algorithms.rebalancing.targets import SUM_TOLERANCE, Targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from daemon.rebalancing.planner import StoredTargets

SHOWN = 20
"""Most targets that are listed, the newest ones."""


@dataclass(frozen=True, slots=True)
class Row:
    """A class, or a ticker of ``of``, and its weight in percent. Empty texts: to be written."""

    name: str
    weight: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """What the weights of one level come to."""

    name: str
    text: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Editor:
    """What somebody edits."""

    classes: Sequence[Row]
    tickers: Sequence[Row]
    sum: Sum
    sums: Sequence[Sum]


@dataclass(frozen=True, slots=True)
class Entry:
    """Targets of the history, in one line."""

    at: datetime
    by: str
    text: str
    is_in_force: bool


FIRST = Editor((Row("", ""), Row("cash", "")), (Row("", ""),), Sum("", "0", is_whole=False), ())
"""Where nobody has set any yet."""


def editor(newest: StoredTargets | None) -> Editor:
    """Return the newest targets as rows."""
    if newest is None:
        return FIRST
    targets = newest.targets
    return Editor(
        classes=[Row(name, to_text(weight)) for name, weight in targets.mp.items()],
        tickers=[
            Row(ticker, to_text(weight), name)
            for name, tickers in targets.sub_mp.items()
            for ticker, weight in tickers.items()
        ],
        sum=_sum("", targets.mp.values()),
        sums=[_sum(name, tickers.values()) for name, tickers in targets.sub_mp.items()],
    )


def history(stored: Iterable[StoredTargets], in_force: str | None) -> list[Entry]:
    """Return who set which targets when; ``in_force`` is the id of those that count."""
    return [
        Entry(each.at, each.set_by, _spelled(each.targets), each.id == in_force) for each in stored
    ]


def _sum(name: str, weights: Iterable[Decimal]) -> Sum:
    found = total(weights)
    return Sum(name, to_text(found), EXACT.abs(subtract(found, HUNDRED)) <= SUM_TOLERANCE)


def _spelled(targets: Targets) -> str:
    """Write targets as ``stocks 60 (A 70, B 30), cash 40``."""
    parts = []
    for name, weight in targets.mp.items():
        inside = targets.sub_mp.get(name, {})
        tickers = ", ".join(f"{ticker} {to_text(each)}" for ticker, each in inside.items())
        parts.append(f"{name} {to_text(weight)}" + (f" ({tickers})" if tickers else ""))
    return ", ".join(parts)
