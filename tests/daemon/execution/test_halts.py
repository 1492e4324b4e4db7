from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.execution.halts import Halts, Scope
from tests.support.world import buy, cancel_all, world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("scope", "name"),
    [(Scope.ALL, ""), (Scope.ACCOUNT, "main"), (Scope.STRATEGY, "alpha"), (Scope.BOOK, "a")],
)
async def test_a_halt_covers_its_scope_and_says_why(
    scope: Scope, name: str, tmp_path: Path
) -> None:
    async with world(tmp_path) as w:
        await w.engine.halts.halt(scope, name, "the market is mad", w.clock.now())

        reason = w.engine.halts.reason("main", "alpha", "a")

        assert reason is not None
        assert "the market is mad" in reason


async def test_a_halt_of_one_strategy_leaves_the_others(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.engine.halts.halt(Scope.STRATEGY, "alpha", "no", w.clock.now())

        refused = await w.submit("alpha", buy("TQQQ", "1"))
        taken = await w.submit("beta", buy("TQQQ", "1"))

        assert refused.http_status == 422
        assert refused.body["results"][0]["orders"][0]["error"].startswith("halted")
        assert taken.http_status == 200


async def test_cancels_stay_allowed_while_everything_is_halted(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.engine.halts.halt(Scope.ALL, "", "no", w.clock.now())

        assert (await w.submit("alpha", cancel_all())).http_status == 200


async def test_a_halt_outlives_a_restart_and_a_resume_ends_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.engine.halts.halt(Scope.BOOK, "a", "no", w.clock.now())
    async with world(tmp_path) as w:
        assert w.engine.halts.reason("main", "alpha", "a") is not None

        assert await w.engine.halts.resume(Scope.BOOK, "a")
        assert not await w.engine.halts.resume(Scope.BOOK, "a")

        assert w.engine.halts.reason("main", "alpha", "a") is None
        fresh = Halts(w.engine.store)
        await fresh.load()
        assert fresh.reason("main", "alpha", "a") is None
