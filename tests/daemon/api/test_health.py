"""Alive at once; ready with every reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.tasks import TaskSupervisor
from daemon.api.health import LAG_EVERY_S, LAG_MAX_S, LoopLag, Readiness
from tests.daemon.api.fakes import START, House
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    import pytest


async def test_the_process_is_alive_whatever_else() -> None:
    house = House()
    house.readiness.register("database", lambda: "disk full")
    async with house.client() as client:
        response = await client.get("/health")
        assert response.status == 200
        assert await response.json() == {"status": "ok"}
        assert (await client.head("/health")).status == 200


async def test_readiness_names_every_reason() -> None:
    house = House()
    reasons: dict[str, str | None] = {"database": None, "account main": "not connected"}
    house.readiness.register("database", lambda: reasons["database"])
    house.readiness.register("account main", lambda: reasons["account main"])
    async with house.client() as client:
        response = await client.get("/ready")
        assert response.status == 503
        assert await response.json() == {
            "status": "not_ready",
            "reasons": {"account main": "not connected"},
        }
        reasons["database"] = "disk full"
        assert len((await (await client.get("/ready")).json())["reasons"]) == 2
        reasons.update({"database": None, "account main": None})
        response = await client.get("/ready")
        assert response.status == 200
        assert await response.json() == {"status": "ready", "reasons": {}}


def test_a_check_may_be_replaced_and_removed() -> None:
    readiness = Readiness()
    readiness.register("account main", lambda: "not connected")
    readiness.register("account main", lambda: None)
    assert readiness.reasons() == {}
    readiness.register("account main", lambda: "not connected")
    readiness.remove("account main")
    readiness.remove("account main")
    assert readiness.reasons() == {}


def test_a_check_that_fails_is_a_reason_and_hides_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    readiness = Readiness()
    readiness.register("broken", lambda: str(1 // 0))
    readiness.register("database", lambda: "disk full")
    assert readiness.reasons().keys() == {"broken", "database"}
    assert "ZeroDivisionError" in caplog.text


def test_a_blocked_loop_is_seen_and_forgotten_when_it_turns_again() -> None:
    seen: list[float] = []

    async def story() -> None:
        clock = StallingClock()
        lag = LoopLag(clock, seen.append)
        tasks = TaskSupervisor()
        lag.start(tasks)
        await clock.sleep(2.1 * LAG_EVERY_S)
        assert lag.reason() is None
        clock.stalled = LAG_MAX_S + 1
        await clock.sleep(LAG_EVERY_S)
        assert lag.reason() == "the event loop woke 1.50 s late"
        await clock.sleep(LAG_EVERY_S)
        assert lag.reason() is None
        await tasks.close(1)

    in_virtual_time(story())
    assert [round(each, 9) for each in seen] == [0, 0, 1.5, 0]


class StallingClock(LoopClock):
    """Jumps once, as time does for a loop that was blocked."""

    def __init__(self) -> None:
        super().__init__(START)
        self.stalled = 0.0
        self._jumped = 0.0

    def monotonic(self) -> float:
        self._jumped += self.stalled
        self.stalled = 0.0
        return super().monotonic() + self._jumped
