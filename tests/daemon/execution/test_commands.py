from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import StrategyName
from daemon.execution.commands import Submission
from tests.support.world import buy, cancel, cancel_all

if TYPE_CHECKING:
    from daemon.execution.commands import Command


@pytest.mark.parametrize(
    ("commands", "cancels_only"),
    [
        ((cancel("1"),), True),
        ((cancel_all(), cancel("1")), True),
        ((cancel_all(), buy("TQQQ", "1")), False),
        ((buy("TQQQ", "1"),), False),
    ],
)
def test_only_a_request_of_nothing_but_cancels_may_come_again_and_again(
    commands: tuple[Command, ...], *, cancels_only: bool
) -> None:
    submission = Submission(
        strategy=StrategyName("alpha"),
        source="webhook",
        commands=commands,
        key=None,
        body_hash=b"",
        body="{}",
        warnings=(),
        received_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    assert submission.cancels_only is cancels_only
