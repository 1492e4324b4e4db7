"""Every pair of states, in a table of its own: who changes the code's must change this one."""

from __future__ import annotations

from itertools import product

import pytest

from algorithms.domain import FINAL_CHILDREN, ChildState, ParentStatus
from algorithms.transitions import (
    CHILD,
    PARENT,
    ImpossibleTransitionError,
    check_child,
    check_parent,
)

# In each row: planned sending unknown open partially_filled cancelling, then
# filled cancelled rejected expired.
CHILD_TABLE = """
planned          . x . . . . . x x x
sending          x . x x x x x x x x
unknown          . . . x x x x x x x
open             . . x . x x x x x x
partially_filled . . x . . x x x x x
cancelling       . . x x x . x x x x
filled           . . . . . . . . . .
cancelled        . . . . . . x . . .
rejected         . . . . . . x x . x
expired          . . . . . . x x . .
"""

PARENT_TABLE = """
open      . x x x x x
working   . . x x x x
done      . . . . . .
expired   . . x . . .
cancelled . . x . . .
failed    . . x . . .
"""


def read(table: str) -> dict[tuple[str, str], bool]:
    """Read a table whose columns stand in the order of its rows."""
    rows = [row.split() for row in table.strip().splitlines()]
    names = [name for name, *_ in rows]
    return {
        (name, new): mark == "x"
        for name, *marks in rows
        for new, mark in zip(names, marks, strict=True)
    }


@pytest.mark.parametrize(("current", "new"), tuple(product(ChildState, ChildState)))
def test_a_child_order_changes_only_as_the_table_says(current: ChildState, new: ChildState) -> None:
    if read(CHILD_TABLE)[current.value, new.value]:
        check_child(current, new)
    else:
        with pytest.raises(ImpossibleTransitionError, match=f"from {current} to {new}"):
            check_child(current, new)


@pytest.mark.parametrize(("current", "new"), tuple(product(ParentStatus, ParentStatus)))
def test_a_parent_order_changes_only_as_the_table_says(
    current: ParentStatus, new: ParentStatus
) -> None:
    if read(PARENT_TABLE)[current.value, new.value]:
        check_parent(current, new)
    else:
        with pytest.raises(ImpossibleTransitionError, match=f"from {current} to {new}"):
            check_parent(current, new)


def test_nothing_that_ended_comes_to_life_again() -> None:
    for state in FINAL_CHILDREN:
        assert CHILD[state] <= FINAL_CHILDREN
    for status in ParentStatus:
        if status.is_final:
            assert all(after.is_final for after in PARENT[status])


def test_what_may_be_at_the_broker_is_never_taken_for_unsent_or_on_its_way_again() -> None:
    """But for one being sent of which the venue says itself that it judged nothing."""
    for state in set(ChildState) - {ChildState.PLANNED}:
        assert ChildState.SENDING not in CHILD[state]
    for state in set(ChildState) - {ChildState.SENDING}:
        assert ChildState.PLANNED not in CHILD[state]


def test_every_state_has_its_row() -> None:
    assert set(CHILD) == set(ChildState)
    assert set(PARENT) == set(ParentStatus)
