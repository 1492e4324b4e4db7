from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.notify.errors import NotDeliveredError
from daemon.api.metrics import Metrics
from daemon.config.notify import NotifierConfig, QuietHours
from daemon.notices import Level, raise_notice
from daemon.notify.courier import LATEST, LONGEST_PAUSE_S, TELL_AFTER, Courier
from daemon.notify.outbox import follow
from daemon.signals import NoticeRaised
from daemon.storage.tx import View
from tests.daemon.api.test_metrics import samples
from tests.daemon.notify.told import Pager
from tests.support.world import THREE_BOOKS, buy, started, world

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator
    from pathlib import Path
    from sqlite3 import Row

    from daemon.storage.tx import SqlValue, Tx
    from tests.support.world import World


@dataclass(slots=True)
class Desk:
    """A daemon, a pager, and the courier between them."""

    day: World
    pager: Pager
    metrics: Metrics
    task: asyncio.Task[None]

    async def raised(self, code: str, **params: str) -> None:
        services = self.day.engine.services
        at = services.clock.now()

        def tell(tx: Tx) -> None:
            raise_notice(tx, services.ids.new(), code, at, **params)

        await services.persistence.write(tell)

    async def fill(self) -> None:
        await self.raised("sold", book="a", quantity="1", symbol="TQQQ", price="9")

    async def alarm(self) -> None:
        await self.raised("clock_skew", seconds="3")


@asynccontextmanager
async def desk(
    day: World, pager: Pager | None = None, terms: NotifierConfig | None = None
) -> AsyncIterator[Desk]:
    """Let a courier begin; entering again is a restart of it."""
    services, pager, metrics = day.engine.services, pager or Pager(), Metrics()
    await day.pass_time(1)
    await services.persistence.write(lambda tx: follow(tx, ["pager"], services.clock.now()))
    courier = Courier("pager", pager, terms or NotifierConfig(), services, metrics)
    day.engine.bus.subscribe(NoticeRaised, courier.noticed)
    task = started(courier.run())
    await day.pass_time(10)
    yield Desk(day, pager, metrics, task)
    task.cancel()


async def test_what_comes_together_is_sent_together(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        await here.fill()
        await day.pass_time(1)
        await here.fill()
        assert here.pager.codes == []
        await day.pass_time(3)
        assert here.pager.codes == [["sold", "sold"]]
        await here.fill()
        await day.pass_time(4)
        assert here.pager.codes == [["sold", "sold"], ["sold"]]
        assert samples(here.metrics)["nettingd_notices_sent_total", "pager"] == 3


async def test_an_alarm_waits_for_nobody_and_takes_along_what_waits(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        await here.fill()
        await day.pass_time(0.5)
        await here.alarm()
        await day.pass_time(0.1)
        assert here.pager.codes == [["sold", "clock_skew"]]


async def test_at_night_alarms_alone_are_sent_and_the_rest_in_the_morning(tmp_path: Path) -> None:
    quiet = NotifierConfig(quiet=QuietHours(time(8, 0), time(10, 0)))  # it is nine
    async with world(tmp_path) as day, desk(day, terms=quiet) as here:
        await here.fill()
        await day.advance(timedelta(minutes=30))
        assert here.pager.codes == []
        await here.alarm()
        await day.pass_time(0.1)
        assert here.pager.codes == [["clock_skew"]]
        await here.fill()
        await day.advance(timedelta(minutes=32))
        assert here.pager.codes == [["clock_skew"], ["sold", "sold"]]


async def test_the_night_is_that_of_the_people(tmp_path: Path) -> None:
    night = NotifierConfig(quiet=QuietHours(time(17, 0), time(19, 0)))  # it is six in Seoul
    text = f'{THREE_BOOKS}\n[daemon]\ntimezone = "Asia/Seoul"\n'
    async with world(tmp_path, text) as day, desk(day, terms=night) as here:
        await here.fill()
        await day.advance(timedelta(minutes=50))
        assert here.pager.codes == []
        await day.advance(timedelta(minutes=12))
        assert here.pager.codes == [["sold"]]


async def test_what_is_less_than_wanted_is_not_sent_and_does_not_wait(tmp_path: Path) -> None:
    terms = NotifierConfig(level=Level.WARNING)
    async with world(tmp_path) as day, desk(day, terms=terms) as here:
        await here.fill()
        await here.raised("netting_skipped", symbol="TQQQ", reason="no price")
        await day.pass_time(5)
        assert here.pager.codes == [["netting_skipped"]]
        events = await day.listed("events")
        assert [each["code"] for each in events[:2]] == ["netting_skipped", "sold"]
        assert all(each["delivered_at"] for each in events[:2])


async def test_a_pager_that_is_gone_is_tried_ever_more_rarely_and_gets_everything(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        here.pager.faults = [NotDeliveredError("cannot be reached")] * 12
        await here.fill()
        await day.pass_time(20)
        assert here.pager.tries == 5  # 3, 4, 6, 10 and 18 seconds later
        await here.fill()
        await day.advance(timedelta(minutes=30))
        assert here.pager.codes[0] == ["sold", "sold", "notifier_failed"]
        await day.pass_time(10)
        assert here.pager.codes[1:] == [["notifier_restored"]]
        assert samples(here.metrics)["nettingd_notifier_failures_total", "pager"] == 12


async def test_a_short_fault_is_nobodys_business(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        here.pager.faults = [NotDeliveredError("cannot be reached")] * 3
        await here.fill()
        await day.advance(TELL_AFTER)
        assert here.pager.codes == [["sold"]]


async def test_a_fault_that_needs_a_person_is_told_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        here.pager.faults = [NotDeliveredError("401: Unauthorized", lasting=True)]
        await here.fill()
        await day.pass_time(4)
        assert day.told("notifier_failed") == 1
        assert "pager takes no notices, 401: Unauthorized" in day.notices[-1].text
        await day.pass_time(LONGEST_PAUSE_S)
        assert here.pager.codes[0] == ["sold", "notifier_failed"]


async def test_a_pager_that_asks_to_wait_is_left_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        here.pager.faults = [NotDeliveredError("429", retry_after_s=100)]
        await here.fill()
        await day.pass_time(102)
        assert here.pager.tries == 1
        await day.pass_time(3)
        assert here.pager.codes[0] == ["sold"]


async def test_a_pager_that_is_dead_delays_no_order(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        here.pager.faults = [NotDeliveredError("cannot be reached")] * 100
        before = day.now
        for _ in range(5):
            assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 200
        await day.settle()
        assert day.now - before < timedelta(seconds=5)
        assert await day.held("a", "TQQQ") == 5


async def test_what_could_not_be_sent_is_there_for_the_next_courier(tmp_path: Path) -> None:
    async with world(tmp_path) as day:
        dead = Pager()
        async with desk(day, dead) as here:
            dead.faults = [NotDeliveredError("cannot be reached")] * 100
            await here.fill()
            await day.pass_time(60)
        async with desk(day) as here:
            assert dead.messages == []
            assert here.pager.codes == [["sold", "notifier_failed"]]


async def test_what_waits_for_another_is_not_looked_through_again(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        services = day.engine.services
        await services.persistence.write(lambda tx: follow(tx, ["pager", "dead"], day.now))
        asked: list[str] = []
        fetch = View.fetch

        def listening(view: View, query: str, **values: SqlValue) -> list[Row]:
            if query == "waiting_notices":
                asked.append(str(values["after"]))
            return fetch(view, query, **values)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(View, "fetch", listening)
            for _ in range(3):
                await here.fill()
                await day.advance(LATEST)
            await here.fill()
            await day.pass_time(5)
        assert len(here.pager.messages) == 4
        earlier = {message[0].id for message in here.pager.messages[:3]}
        assert asked[0] == ""
        assert asked[-1] in earlier


async def test_a_notice_that_reaches_the_disk_late_is_not_passed_over(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        services = day.engine.services
        early, at = services.ids.new(), day.now
        await here.fill()
        await day.advance(timedelta(minutes=9))
        await here.fill()
        await day.pass_time(10)

        def tell(tx: Tx) -> None:
            raise_notice(tx, early, "clock_right", at, seconds="0")

        await services.persistence.write(tell)
        await day.pass_time(10)
        assert here.pager.codes == [["sold"], ["sold"], ["clock_right"]]


async def test_a_flood_is_sent_in_bounded_messages(tmp_path: Path) -> None:
    async with world(tmp_path) as day, desk(day) as here:
        services = day.engine.services

        def flood(tx: Tx) -> None:
            for _ in range(1200):
                raise_notice(tx, services.ids.new(), "clock_right", day.now, seconds="0")

        await services.persistence.write(flood)
        await day.pass_time(20)
        assert [len(each) for each in here.pager.messages] == [500, 500, 200]
