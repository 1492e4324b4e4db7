# ruff: noqa: ANN401 - any field of a run can be spoiled

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from algorithms.rebalancing.states import RunState
from tests.algorithms.invariants.day import DAY, REBALANCE, found_in


def numbers(**changes: Any) -> set[int]:
    return found_in(replace(DAY, rebalances=(replace(REBALANCE, **changes),))).numbers


@pytest.mark.parametrize("state", RunState)
def test_a_run_is_over_only_when_what_it_sold_was_spent_or_people_were_alarmed(
    state: RunState,
) -> None:
    assert numbers(state=state, alarmed=True, bought=False) == set()
    expected = {8} if state in {RunState.STOPPED, RunState.DONE, RunState.FAILED} else set()
    assert numbers(state=state, bought=False) == expected


def test_what_was_to_become_cash_was_not_to_be_spent() -> None:
    assert numbers(bought=False, wanted=False) == set()
    assert numbers(bought=False, sold=False) == set()


def test_a_stopped_run_that_alarmed_nobody_is_found() -> None:
    spoiled = found_in(replace(DAY, rebalances=(replace(REBALANCE, state=RunState.STOPPED),)))
    assert spoiled.says("nobody was alarmed")
