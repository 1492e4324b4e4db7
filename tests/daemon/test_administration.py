from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.administration import Administration
from daemon.execution.halts import Scope
from daemon.signals import NoticeRaised
from tests.support.loops import in_virtual_time
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path


def test_names_are_those_of_the_configuration(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            admin = Administration(here.engine, here.clock)
            assert set(admin.names(Scope.ACCOUNT)) == {"main"}
            assert set(admin.names(Scope.STRATEGY)) == {"alpha", "beta", "gamma"}
            assert set(admin.names(Scope.BOOK)) == {"a", "b", "c"}
            assert set(admin.names(Scope.ALL)) == set()

    in_virtual_time(story())


def test_a_halted_strategy_places_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            admin = Administration(here.engine, here.clock)
            await admin.halt(Scope.STRATEGY, "alpha", "holiday")
            assert (await here.submit("alpha", buy("TQQQ", "1"))).http_status == 422
            assert (await here.submit("beta", buy("TQQQ", "1"))).http_status == 200
            assert await admin.resume(Scope.STRATEGY, "alpha", "back")
            assert (await here.submit("alpha", buy("TQQQ", "1"))).http_status == 200
            assert not await admin.resume(Scope.STRATEGY, "alpha", "back again")

    in_virtual_time(story())


def test_a_halt_and_its_end_are_told_once_each(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            told: list[str] = []
            here.engine.bus.subscribe(NoticeRaised, lambda notice: told.append(notice.text))
            admin = Administration(here.engine, here.clock)
            await admin.halt(Scope.ALL, "", "fire drill")
            await admin.resume(Scope.ALL, "", "over")
            await admin.resume(Scope.ALL, "", "over")
            assert told == ["all accounts halted, fire drill", "all accounts resumed"]

    in_virtual_time(story())
