"""However many look at a portfolio, its broker is asked now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.api.errors import Refused
from daemon.rebalancing.desk import Standing
from daemon.rebalancing.standings import KEPT_S
from daemon.signals import StandingChanged
from tests.daemon.rebalancing.portfolios import HALVES, house

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_a_broker_is_asked_once_in_a_while_and_anew_when_something_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        standings, desk = here.world.engine.standings, here.desk
        assert isinstance(await standings.of("main"), Refused)
        await here.want(HALVES)
        assert isinstance(await standings.of("main"), Standing)
        asked = 0
        real = desk.standing

        async def counted(account: str) -> Standing:
            nonlocal asked
            asked += 1
            return await real(account)

        monkeypatch.setattr(desk, "standing", counted)
        for _ in range(10):
            await standings.of("main")
            await here.world.pass_time(1)
        assert asked == 0
        await here.world.pass_time(KEPT_S)
        for _ in range(10):
            await standings.of("main")
        await here.world.pass_time(1)
        assert asked == 1


async def test_a_slow_broker_delays_nobody_who_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        await here.want(HALVES)
        exchange = here.world.exchange()
        real = exchange.holdings

        async def slow() -> object:
            await here.world.clock.sleep(7)
            return await real()

        monkeypatch.setattr(exchange, "holdings", slow)
        before = here.world.now
        assert await here.world.engine.standings.of("main") is None
        assert (here.world.now - before).total_seconds() < 1
        await here.world.pass_time(8)
        assert isinstance(await here.world.engine.standings.of("main"), Standing)


async def test_what_was_asked_before_a_change_is_not_taken_for_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Targets are set while a slow broker is asked; the page looked at the old ones for long."""
    async with house(tmp_path) as here:
        exchange = here.world.exchange()
        real = exchange.holdings

        async def slow() -> object:
            await here.world.clock.sleep(3)
            return await real()

        await here.want(HALVES)
        monkeypatch.setattr(exchange, "holdings", slow)
        standings = here.world.engine.standings
        told: list[StandingChanged] = []
        here.world.engine.bus.subscribe(StandingChanged, told.append)
        assert await standings.of("main") is None
        standings.renew()
        await here.world.pass_time(2)
        assert await standings.of("main") is None
        await here.world.pass_time(1.5)
        assert told == [], "the first answer is older than the change"
        await here.world.pass_time(2)
        assert told == [StandingChanged("main")]
        assert isinstance(await standings.of("main"), Standing)
