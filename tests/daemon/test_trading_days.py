"""A broker's holiday that our calendar does not know is told while there is time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from adapters.sessions import AlwaysOpen
from adapters.virtual_time import VirtualTimeLoop
from daemon.trading_days import DayWatch
from tests.support.books import told
from tests.support.houses import house
from tests.support.world import world

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

loop_factory = VirtualTimeLoop
ONE = house({"a": ("alpha", "main")}, paper={"main": ""})
TUESDAY = date(2026, 11, 24)


def says(patch: pytest.MonkeyPatch, broker: object, *, closed: date | None) -> None:
    """Let the broker know its days: the market of these books never closes."""

    async def is_trading_day(day: date) -> bool | None:
        if closed is None:
            raise BrokerUnavailableError("no answer")
        return None if day > closed + timedelta(days=3) else day != closed

    # On this one broker: `isinstance` remembers for ever what a class could once.
    patch.setattr(broker, "is_trading_day", is_trading_day, raising=False)


async def test_a_day_that_the_broker_calls_otherwise_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, ONE) as day:
        watch = DayWatch(day.engine.services, lambda _: AlwaysOpen())
        says(monkeypatch, day.exchange(), closed=None)
        await watch.run()
        assert told(day, "calendar_doubtful") == []  # a broker that cannot say leaves it to us
        says(monkeypatch, day.exchange(), closed=TUESDAY)
        for _ in range(3):
            await watch.run()
        (notice,) = told(day, "calendar_doubtful")
    assert notice["day"] == "2026-11-24"
    assert (notice["calendar"], notice["broker"]) == ("it is a trading day", "it is none")
