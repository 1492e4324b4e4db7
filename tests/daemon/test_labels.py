"""No state is shown as the machine calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from algorithms.bookkeeping import EventKind
from algorithms.domain import ChildState, FillSource, Kind, Measure, ParentStatus, Side
from algorithms.rebalancing.orders import LeftOutReason
from algorithms.rebalancing.states import RunState
from daemon.config.jobs import JobKind
from daemon.execution.answers import Outcome, RequestStatus
from daemon.execution.halts import Scope
from daemon.labels import LABELS, STATES
from daemon.notices import Level

if TYPE_CHECKING:
    from enum import StrEnum

SHOWN = [
    ChildState,
    EventKind,
    FillSource,
    JobKind,
    Kind,
    LeftOutReason,
    Level,
    Measure,
    Outcome,
    ParentStatus,
    RequestStatus,
    RunState,
    Scope,
    Side,
]


@pytest.mark.parametrize("words", SHOWN)
def test_every_state_has_words_for_people(words: type[StrEnum]) -> None:
    assert set(map(str, words)) <= LABELS.keys()


def test_every_state_is_recognised_inside_a_sentence() -> None:
    states = {str(each) for group in (ParentStatus, ChildState, RequestStatus, RunState, Side)
              for each in group}  # fmt: skip
    assert states <= STATES <= LABELS.keys()
