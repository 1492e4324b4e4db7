"""A clock that is off is told once, and once more when it is right again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError
from algorithms.domain import AccountName
from daemon.execution.skew import SkewWatch
from tests.support.books import told
from tests.support.houses import house
from tests.support.world import world

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.paper import PaperBroker
    from tests.support.world import World

ONE = house({"a": ("alpha", "main")}, paper={"main": "latency_ms = 50"})
MAIN = AccountName("main")


def ahead(day: World, patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the broker's clock be ahead of ours."""
    broker: PaperBroker = day.exchange()
    honest = type(broker).server_time

    async def server_time(self: PaperBroker) -> datetime:
        return await honest(self) + timedelta(seconds=seconds)

    patch.setattr(type(broker), "server_time", server_time)


async def test_the_paper_broker_s_clock_is_ours(tmp_path: Path) -> None:
    async with world(tmp_path, ONE) as day:
        watch = SkewWatch(day.engine.services)
        await watch.run()
        assert abs(watch.measured[MAIN]) <= timedelta(milliseconds=60)
        await day.pass_time(200)
        assert day.told("clock_skew") == 0


@pytest.mark.parametrize("seconds", [-3.0, 3.0])
async def test_a_clock_that_is_off_is_told_once_until_it_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    async with world(tmp_path, ONE) as day:
        with monkeypatch.context() as patch:
            ahead(day, patch, seconds)
            await day.pass_time(200)
        assert [one["seconds"][:4] for one in told(day, "clock_skew")] == [
            "+3.0" if seconds > 0 else "-2.9"
        ]
        await day.pass_time(61)
        assert day.told("clock_right") == 1


async def test_a_broker_that_does_not_say_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: object) -> datetime:
        raise BrokerUnavailableError("no clock here")

    async with world(tmp_path, ONE) as day:
        monkeypatch.setattr(type(day.exchange()), "server_time", silent)
        watch = SkewWatch(day.engine.services)
        await watch.run()
        assert watch.measured == {}
