"""Whatever the OpenAPI document lets a caller ask, the answer is one that it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz.schema import ask_everything

if TYPE_CHECKING:
    from pathlib import Path


SEED = 1
"""The same questions in every run; others, and more of them: ``make fuzz``."""


@pytest.mark.slow
async def test_no_answer_is_undocumented(tmp_path: Path) -> None:
    code, told = await ask_everything(tmp_path, 1, SEED, "coverage,fuzzing")
    assert code == 0, told
