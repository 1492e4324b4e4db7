from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.clock import SystemClock
from tests.chaos.trial import Trial

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    trial = Trial(tmp_path, seed=7, clock=SystemClock())
    result = await trial.round(0)
    assert result.faults == []
    assert result.kills >= 1
    assert trial.record.acknowledged
    assert trial.record.unanswered == []
