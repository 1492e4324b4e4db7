"""Whatever the OpenAPI document lets a caller ask, the answer is one that it tells."""

from __future__ import annotations

from random import randrange
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.schema import ask_everything

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
async def test_no_answer_is_undocumented(tmp_path: Path) -> None:
    code, told = await ask_everything(tmp_path, 2, randrange(1 << 30), "coverage,fuzzing")
    assert code == 0, told
