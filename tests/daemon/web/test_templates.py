"""A page is made in steps, so that nothing waits for the whole of it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING

from daemon.web import templates
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_a_long_page_lets_others_go_first_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        turns.append(seconds)
        await sleep(seconds)

    async with served(tmp_path) as here:
        whole = await here.page("/log")
        monkeypatch.setattr(templates, "STEP_S", 0.0)
        monkeypatch.setattr(templates, "asyncio", SimpleNamespace(sleep=noted))
        assert await here.page("/log") == whole
        assert len(turns) > 5
        assert set(turns) == {0}
