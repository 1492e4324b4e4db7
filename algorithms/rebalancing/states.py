"""The life of a run: its states, which may follow which, and where a run ends that breaks off.

A run sells first and buys with what that brought. Between the two it holds cash that it was not
meant to hold, so a run that breaks off there is never over by itself: it is ``stopped``, people
are alarmed, and it can be resumed.
"""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands."""

    PLANNED = "planned"
    """It sells next: at once, again, or on the next day of a run over several."""
    SELLING = "selling"
    SOLD = "sold"
    """Every sell is final; what to buy is worked out from what is there now."""
    BUYING = "buying"
    DONE = "done"
    STOPPED = "stopped"
    """Broken off with something sold, or with an order whose end is not known."""
    FAILED = "failed"
    """Over without having done what it was for. It has sold nothing, or a person gave it up."""

    @property
    def is_active(self) -> bool:
        """Whether it goes on by itself."""
        return self in ACTIVE

    @property
    def is_over(self) -> bool:
        """Whether nothing can come of it any more. A stopped run can be resumed."""
        return self in {RunState.DONE, RunState.FAILED}


ACTIVE = frozenset({RunState.PLANNED, RunState.SELLING, RunState.SOLD, RunState.BUYING})

_FOLLOWING = {
    RunState.PLANNED: {
        RunState.SELLING,
        RunState.SOLD,
        RunState.DONE,
        RunState.STOPPED,
        RunState.FAILED,
    },
    RunState.SELLING: {RunState.PLANNED, RunState.SOLD, RunState.STOPPED, RunState.FAILED},
    RunState.SOLD: {RunState.BUYING, RunState.STOPPED, RunState.FAILED},
    RunState.BUYING: {
        RunState.PLANNED,
        RunState.SOLD,
        RunState.DONE,
        RunState.STOPPED,
        RunState.FAILED,
    },
    RunState.STOPPED: {RunState.SELLING, RunState.SOLD, RunState.BUYING, RunState.FAILED},
    RunState.DONE: set(),
    RunState.FAILED: set(),
}


def check_run(old: RunState, new: RunState) -> None:
    """Raise ``ValueError`` unless ``new`` may follow ``old``."""
    if new not in _FOLLOWING[old]:
        raise ValueError(f"a run that is {old} does not become {new}")


def broken_off(*, sold: bool, alive: bool) -> RunState:
    """Where a run ends that cannot go on: ``alive`` means an order of it may still trade."""
    return RunState.STOPPED if sold or alive else RunState.FAILED


def resumed(*, selling: bool, buying: bool) -> RunState:
    """Where a stopped run goes on: with the orders that still live, else with buying."""
    if selling:
        return RunState.SELLING
    return RunState.BUYING if buying else RunState.SOLD


def after_buying(*, sold: bool, bought: bool, ordered: bool, missing: bool) -> RunState:
    """Where a run, or a slice of it, ends whose buys are final.

    ``missing``: something was to be bought and was not, for want of a seller or of cash that is
    late. ``ordered``: it had anything to trade at all.
    """
    if sold and missing:
        return RunState.STOPPED
    if ordered and not (sold or bought):
        return RunState.FAILED
    return RunState.DONE
