from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.broker import FillEvent, OrderEvent, StreamLost, StreamRestored
from adapters.clock import LoopClock
from adapters.followers import MOST_UNREAD
from adapters.paper.faults import Fault, Faults
from adapters.paper.orders import View
from adapters.paper.settings import FaultSettings
from adapters.paper.stream import GAP, LATE_BY, Stream
from adapters.tasks import TaskSupervisor
from tests.support.paper_engine import NOON, make_engine, place, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.broker import BrokerEvent
    from adapters.followers import Follower

VIEW = View("USD", with_client_ids=True)


def what_happens(count: int) -> list[OrderEvent | FillEvent]:
    """The events of so many market orders: open, fill, filled, each."""
    engine = make_engine(cash=10**9)
    for number in range(count):
        place(engine, request(f"c{number}"))
    return [VIEW.event(report) for report in engine.changes.reports]


class Heard:
    """Collects what a follower hears, with the seconds after which it came."""

    def __init__(self, tasks: TaskSupervisor, follower: Follower) -> None:
        self.events: list[BrokerEvent] = []
        self.after_s: list[float] = []
        self._started = asyncio.get_running_loop().time()
        tasks.spawn(self._listen(follower), name="listener")

    async def _listen(self, follower: Follower) -> None:
        async for event in follower:
            self.events.append(event)
            self.after_s.append(asyncio.get_running_loop().time() - self._started)


@pytest.fixture
async def tasks() -> AsyncIterator[TaskSupervisor]:
    supervisor = TaskSupervisor()
    yield supervisor
    await supervisor.close(timeout_s=1)


def stream(tasks: TaskSupervisor, *, latency_s: float = 0.0) -> Stream:
    faults = Faults(FaultSettings(), 1, 0)
    return Stream(LoopClock(NOON), faults, tasks, latency=timedelta(seconds=latency_s))


async def test_all_followers_hear_everything_from_when_they_began(tasks: TaskSupervisor) -> None:
    told = stream(tasks)
    events = what_happens(2)
    early = Heard(tasks, told.follow())
    told.publish(events[:3])
    late = Heard(tasks, told.follow())
    told.publish(events[3:])
    await asyncio.sleep(1)
    assert early.events == events
    assert late.events == events[3:]


async def test_events_travel_as_long_as_answers_and_keep_their_order(
    tasks: TaskSupervisor,
) -> None:
    told = stream(tasks, latency_s=0.05)
    heard = Heard(tasks, told.follow())
    events = what_happens(5)
    told.publish(events)
    await asyncio.sleep(1)
    assert heard.events == events
    assert heard.after_s == pytest.approx([0.05] * len(events), abs=0.001)


async def test_a_late_fill_is_overtaken(tasks: TaskSupervisor) -> None:
    told = stream(tasks, latency_s=0.05)
    heard = Heard(tasks, told.follow())
    told.faults.script_event(Fault.LATE_FILL)
    opened, fill, filled = what_happens(1)
    told.publish([opened, fill, filled])
    await asyncio.sleep(10)
    assert heard.events == [opened, filled, fill]
    assert heard.after_s[-1] == pytest.approx(0.05 + LATE_BY.total_seconds(), abs=0.001)


async def test_a_duplicate_follows_its_original(tasks: TaskSupervisor) -> None:
    told = stream(tasks)
    heard = Heard(tasks, told.follow())
    told.faults.script_event(Fault.DUPLICATE_FILL)
    opened, fill, filled = what_happens(1)
    told.publish([opened, fill, filled])
    await asyncio.sleep(1)
    assert heard.events == [opened, fill, fill, filled]


async def test_a_gap_swallows_what_is_under_way_and_what_happens_in_it(
    tasks: TaskSupervisor,
) -> None:
    told = stream(tasks, latency_s=0.05)
    heard = Heard(tasks, told.follow())
    events = what_happens(3)
    told.publish(events[:3])
    await asyncio.sleep(0.01)
    told.disconnect()
    told.disconnect()  # while it is lost it cannot break off again
    told.publish(events[3:6])
    await asyncio.sleep(GAP.total_seconds() + 0.01)
    told.publish(events[6:])
    await asyncio.sleep(1)
    assert [type(event) for event in heard.events[:2]] == [StreamLost, StreamRestored]
    assert heard.events[2:] == events[6:]


async def test_a_stream_that_breaks_off_by_chance_comes_back(tasks: TaskSupervisor) -> None:
    told = stream(tasks)
    heard = Heard(tasks, told.follow())
    told.faults.script_event(Fault.DISCONNECT)
    told.publish(what_happens(1))
    await asyncio.sleep(GAP.total_seconds() + 1)
    assert [type(event) for event in heard.events] == [OrderEvent, StreamLost, StreamRestored]


async def test_a_lost_event_is_never_told(tasks: TaskSupervisor) -> None:
    told = stream(tasks)
    heard = Heard(tasks, told.follow())
    told.faults.script_event(Fault.LOST_EVENT)
    opened, fill, filled = what_happens(1)
    told.publish([opened, fill, filled])
    await asyncio.sleep(1)
    assert heard.events == [fill, filled]


async def test_who_does_not_read_is_told_that_events_are_missing(tasks: TaskSupervisor) -> None:
    told = stream(tasks)
    follower = told.follow()
    (event, *_) = what_happens(1)
    told.publish([event] * (MOST_UNREAD + 1))
    assert isinstance(await anext(follower), StreamLost)
    assert isinstance(await anext(follower), StreamRestored)
    assert await anext(follower) == event


async def test_a_closed_stream_ends_all_who_listen(tasks: TaskSupervisor) -> None:
    told = stream(tasks)
    before = told.follow()
    told.publish(what_happens(1))
    told.close()
    told.publish(what_happens(1))
    assert len([event async for event in before]) == 3
    assert [event async for event in told.follow()] == []


async def test_a_follower_nobody_holds_is_forgotten(tasks: TaskSupervisor) -> None:
    told = stream(tasks)
    told.follow()
    kept = told.follow()
    told.publish(what_happens(1))
    told.close()
    assert len([event async for event in kept]) == 3
