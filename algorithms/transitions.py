"""Which change of state is possible, for parent and child orders: one table each.

A change that is not in its table is a mistake of ours, never of the broker: what a broker says
about an order is evidence, and the tables allow for evidence that comes late. An order that we
believed ended may turn out to have filled; an order that we believed open may turn out to have
ended for reasons of the venue's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import FINAL_CHILDREN, TAKEN_CHILDREN, ChildState, ParentStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

CHILD: Mapping[ChildState, frozenset[ChildState]] = {
    # Not sent: it may be sent, or given up without asking anybody.
    ChildState.PLANNED: frozenset(
        {ChildState.SENDING, ChildState.CANCELLED, ChildState.EXPIRED, ChildState.REJECTED}
    ),
    # Under way: every answer is possible, and so is none. A stream may tell of a fill before
    # the answer to the request itself arrives. A venue that judged nothing and wants to be left
    # alone proves that nothing was placed: the order waits to be sent again.
    ChildState.SENDING: TAKEN_CHILDREN | FINAL_CHILDREN | {ChildState.UNKNOWN, ChildState.PLANNED},
    ChildState.UNKNOWN: TAKEN_CHILDREN | FINAL_CHILDREN,
    # An order the broker had taken and shows no more is as unknown as one it never answered.
    ChildState.OPEN: FINAL_CHILDREN
    | {ChildState.PARTIALLY_FILLED, ChildState.CANCELLING, ChildState.UNKNOWN},
    ChildState.PARTIALLY_FILLED: FINAL_CHILDREN | {ChildState.CANCELLING, ChildState.UNKNOWN},
    # A refused or lost cancel leaves the order alive until the broker confirms its end.
    ChildState.CANCELLING: FINAL_CHILDREN
    | {ChildState.OPEN, ChildState.PARTIALLY_FILLED, ChildState.UNKNOWN},
    # Late evidence: a fill that was on its way when the end was reported.
    ChildState.CANCELLED: frozenset({ChildState.FILLED}),
    ChildState.EXPIRED: frozenset({ChildState.FILLED, ChildState.CANCELLED}),
    ChildState.REJECTED: frozenset({ChildState.FILLED, ChildState.CANCELLED, ChildState.EXPIRED}),
    ChildState.FILLED: frozenset(),
}

PARENT: Mapping[ParentStatus, frozenset[ParentStatus]] = {
    ParentStatus.OPEN: frozenset(
        {
            ParentStatus.WORKING,
            ParentStatus.DONE,
            ParentStatus.EXPIRED,
            ParentStatus.CANCELLED,
            ParentStatus.FAILED,
        }
    ),
    ParentStatus.WORKING: frozenset(
        {
            ParentStatus.DONE,
            ParentStatus.EXPIRED,
            ParentStatus.CANCELLED,
            ParentStatus.FAILED,
        }
    ),
    # A late fill may complete an order that had been given up.
    ParentStatus.EXPIRED: frozenset({ParentStatus.DONE}),
    ParentStatus.CANCELLED: frozenset({ParentStatus.DONE}),
    ParentStatus.FAILED: frozenset({ParentStatus.DONE}),
    ParentStatus.DONE: frozenset(),
}


class ImpossibleTransitionError(Exception):
    """Our own code asked for a change of state that no order can make."""


def check_child(current: ChildState, new: ChildState) -> None:
    """Raise ImpossibleTransitionError unless a child order can go from one state to the other."""
    if new not in CHILD[current]:
        message = f"a child order cannot go from {current.value} to {new.value}"
        raise ImpossibleTransitionError(message)


def check_parent(current: ParentStatus, new: ParentStatus) -> None:
    """Raise ImpossibleTransitionError unless a parent order can go from one status to the other."""
    if new not in PARENT[current]:
        message = f"a parent order cannot go from {current.value} to {new.value}"
        raise ImpossibleTransitionError(message)
