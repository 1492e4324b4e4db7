"""Invariant 8: a rebalance that sold has bought, or has raised an alarm and can be resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.rebalancing.states import RunState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from algorithms.invariants.findings import Check
    from algorithms.invariants.snapshot import Rebalance


def check_rebalances(rebalances: Iterable[Rebalance], check: Check) -> None:
    """Look at every run, those that are over and those that are not."""
    for run in rebalances:
        check.checked += 1
        for what in rebalance_faults(run):
            check.broken(f"rebalance {run.id}", what)


def rebalance_faults(run: Rebalance) -> Iterator[str]:
    """What is wrong with one run. What goes on by itself may have sold and not bought yet."""
    if run.alarmed:
        return
    if run.state is RunState.STOPPED:
        yield "is stopped, and nobody was alarmed"
    elif run.state.is_over and run.sold and run.wanted and not run.bought:
        yield f"is {run.state.value}, has sold and not bought, and nobody was alarmed"
