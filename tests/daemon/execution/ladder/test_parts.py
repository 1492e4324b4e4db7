from __future__ import annotations

from typing import TYPE_CHECKING

from tests.daemon.execution.ladder.stories import evening

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_account_s_ladders_are_worked_by_the_same_parts(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        parts = here.engine.services.ladders
        now = here.clock.now()
        closings = {parts.closings.of(account, now) for account in here.engine.accounts}
        assert [closing.day.isoformat() for closing in closings if closing] == ["2026-11-20"]
