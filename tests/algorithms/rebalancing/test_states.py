from __future__ import annotations

import pytest

from algorithms.rebalancing.states import (
    ACTIVE,
    RunState,
    after_buying,
    broken_off,
    check_run,
    resumed,
)

WAYS = {
    ("planned", "selling"), ("planned", "sold"), ("planned", "done"), ("planned", "failed"),
    ("planned", "stopped"),
    ("selling", "planned"), ("selling", "sold"), ("selling", "stopped"), ("selling", "failed"),
    ("sold", "buying"), ("sold", "stopped"), ("sold", "failed"),
    ("buying", "planned"), ("buying", "sold"), ("buying", "done"),
    ("buying", "stopped"), ("buying", "failed"),
    ("stopped", "selling"), ("stopped", "sold"), ("stopped", "buying"), ("stopped", "failed"),
}  # fmt: skip


@pytest.mark.parametrize("old", RunState)
@pytest.mark.parametrize("new", RunState)
def test_a_run_takes_these_ways_and_no_others(old: RunState, new: RunState) -> None:
    if (old.value, new.value) in WAYS:
        check_run(old, new)
    else:
        with pytest.raises(ValueError, match=f"is {old.value} does not become {new.value}"):
            check_run(old, new)


def test_what_is_over_stays_over_and_what_is_stopped_waits_for_a_person() -> None:
    for state in RunState:
        ways = [new for old, new in WAYS if old == state.value]
        assert state.is_over == (not ways)
        assert state.is_active == (state in ACTIVE)
    assert not RunState.STOPPED.is_active
    assert not RunState.STOPPED.is_over


def test_a_run_that_has_sold_or_may_yet_sell_is_never_just_over() -> None:
    assert broken_off(sold=True, alive=False) is RunState.STOPPED
    assert broken_off(sold=False, alive=True) is RunState.STOPPED
    assert broken_off(sold=False, alive=False) is RunState.FAILED


def test_a_resumed_run_first_sees_its_living_orders_to_their_end() -> None:
    assert resumed(selling=True, buying=True) is RunState.SELLING
    assert resumed(selling=False, buying=True) is RunState.BUYING
    assert resumed(selling=False, buying=False) is RunState.SOLD


@pytest.mark.parametrize(
    ("sold", "bought", "ordered", "missing", "state"),
    [
        (True, True, True, False, RunState.DONE),
        (True, False, True, False, RunState.DONE),  # all that was sold was to become cash
        (True, True, True, True, RunState.STOPPED),
        (True, False, True, True, RunState.STOPPED),
        (False, True, True, True, RunState.DONE),  # nothing was sold for what is missing
        (False, False, True, True, RunState.FAILED),
        (False, False, False, False, RunState.DONE),  # there was nothing to trade
    ],
)
def test_where_a_run_ends_whose_buys_are_final(
    *, sold: bool, bought: bool, ordered: bool, missing: bool, state: RunState
) -> None:
    found = after_buying(sold=sold, bought=bought, ordered=ordered, missing=missing)
    assert found is state
