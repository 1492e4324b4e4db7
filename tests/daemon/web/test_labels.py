"""No state is shown as the machine calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from algorithms.domain import ChildState, FillSource, ParentStatus, Side
from daemon.config.jobs import JobKind
from daemon.execution.answers import Outcome, RequestStatus
from daemon.execution.halts import Scope
from daemon.notices import Level
from daemon.web.labels import LABELS

if TYPE_CHECKING:
    from enum import StrEnum

SHOWN = [ParentStatus, ChildState, Side, FillSource, RequestStatus, Outcome, JobKind, Scope, Level]


@pytest.mark.parametrize("words", SHOWN)
def test_every_state_has_words_for_people(words: type[StrEnum]) -> None:
    assert set(map(str, words)) <= LABELS.keys()
