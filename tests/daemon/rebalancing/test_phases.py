"""A step that is taken twice, or too late, changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from algorithms.rebalancing.states import RunState
from daemon.rebalancing.phases import Phases
from daemon.rebalancing.runs import save_run
from daemon.storage.rows import EPOCH
from tests.daemon.rebalancing.portfolios import HALVES, TURNED, House, house
from tests.support.world import sell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from daemon.rebalancing.runs import Run
    from daemon.storage.tx import Tx

ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)


async def planned(here: House, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that nobody moves on but the test."""
    await here.want(HALVES)
    await here.until(await here.start(), *ENDED)
    await here.want(TURNED)
    monkeypatch.setattr("daemon.rebalancing.runner.Runners.wake", lambda *_: None)
    return await here.start()


async def step(here: House, work: Callable[[Tx], None]) -> None:
    await here.world.engine.store.write(work)


async def test_sells_are_ordered_once_however_often_that_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        run = await planned(here, monkeypatch)
        phases = Phases(here.world.engine.services)
        for _ in range(3):
            await step(here, lambda tx: phases.begin_selling(tx, run.id, here.world.now))
        await here.world.settle()
        assert len([each for each in await here.orders() if each["side"] == "sell"]) == 1
        for _ in range(2):
            await step(here, lambda tx: phases.end_selling(tx, run.id, here.world.now))
        assert (await here.look(run)).state is RunState.SOLD
        await step(here, lambda tx: phases.end_buying(tx, run.id, None, here.world.now))
        await step(here, lambda tx: phases.expire(tx, run.id, "late", here.world.now))
        await step(here, lambda tx: phases.replan(tx, run.id, (), {}, (), here.world.now))
        assert (await here.look(run)).state is RunState.SOLD
        for _ in range(2):
            await step(here, lambda tx: phases.begin_buying(tx, run.id, (), (), {}, here.world.now))
        assert (await here.look(run)).state is RunState.BUYING


async def test_units_that_somebody_else_has_sold_meanwhile_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        run = await planned(here, monkeypatch)
        await here.world.submit("house", sell("AAA", "150"))
        phases = Phases(here.world.engine.services)
        await step(here, lambda tx: phases.begin_selling(tx, run.id, here.world.now))
        sale = (await here.trades(run))[0]
        assert sale.quantity == 250
        left = (await here.look(run)).outcome["left"]
        missing = {"ticker": "AAA", "action": "sell", "quantity": "150", "reason": "not_sellable"}
        assert missing in left  # type: ignore[operator]


async def test_a_run_whose_book_has_left_the_configuration_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        run = await planned(here, monkeypatch)
        phases = Phases(here.world.engine.services)
        stored = replace(run, planned_at=EPOCH)
        await step(here, lambda tx: save_run(tx, stored))
        monkeypatch.delitem(here.world.engine.registry.books, run.book)
        await step(here, lambda tx: phases.begin_selling(tx, run.id, here.world.now))
        ended = await here.look(run)
        assert ended.state is RunState.FAILED
        assert "left the configuration" in ended.reason
