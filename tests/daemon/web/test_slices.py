"""Somebody who looks at a TWAP sees when it is worked next, and by when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from algorithms.domain import AccountName
from daemon.execution.approvals import WAITING
from daemon.jobs.board import NotNowError
from daemon.jobs.office import Timetables
from daemon.web.slices import slices_of
from tests.support.books import parents
from tests.support.served import served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.api.order_life import OrderLife
    from daemon.jobs.timetable import Timetable

TWAP = {"strategy": "alpha", "order_type": "TWAP", "symbol": "TQQQ", "side": "buy", "qty": 4}
JOBS = """
[[jobs]]
run = "twap"
at = ["10:00", "12:00", "23:00"]
"""


async def unknown(_: AccountName) -> Timetable:
    raise NotNowError("no calendar yet")


async def test_an_order_with_a_schedule_tells_its_next_slice_and_its_deadline(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as here:
        await here.post("/api/orders", {**TWAP, "slices": 4, "minutes": 40})
        (order,) = parents(here.day)
        html = await here.page(f"/orders/{order['id']}")
        assert "<dt>Next slice</dt>" in html
        assert "in 4 min · 4 slices left" in html, "the middle of its part of ten minutes"
        assert "<dt>Deadline</dt>" in html
        life: OrderLife = await here.get(f"/api/orders/{order['id']}")
        now = here.day.clock.now()
        found = await slices_of(life, unknown, now)
        assert found is not None
        assert found.next_at is not None
        assert found.ends_at is not None
        assert found.ends_at - found.next_at == timedelta(minutes=35)
        late = await slices_of(life, unknown, now + timedelta(minutes=6))
        assert late is not None
        assert late.is_late, "something holds it up"
        last: OrderLife = {**life, "due_at": life["deadline"]}
        over = await slices_of(last, unknown, now)
        assert over is not None
        assert over.next_at is None, "every slice has had its turn"
        waiting: OrderLife = {**life, "reason": WAITING}
        held = await slices_of(waiting, unknown, now)
        assert held is not None
        assert (held.next_at, held.ends_at) == (None, found.ends_at), "no yes, no slice"


async def test_an_order_without_one_is_worked_at_the_twap_jobs_of_its_day(tmp_path: Path) -> None:
    async with served(tmp_path, THREE_BOOKS + JOBS) as here:
        engine = here.day.engine
        timetables = Timetables(engine.services, engine.calendars)
        times = [
            due.at
            for due in (await timetables.of(AccountName("main"))).on(here.day.clock.now().date())
        ]
        await here.post("/api/orders", {**TWAP, "slices": 4, "minutes": 40})
        (order,) = parents(here.day)
        stored: OrderLife = await here.get(f"/api/orders/{order['id']}")
        created = times[0] - timedelta(hours=1)
        life: OrderLife = {
            **stored,
            "created_at": created.isoformat(),
            "due_at": None,
            "deadline": None,
            "slices_left": 3,
        }
        for now, coming in (
            (created, times[0]),
            (times[0], times[1]),
            (times[1], times[2]),
            (times[2], None),
        ):
            found = await slices_of(life, timetables.of, now)
            assert found is not None
            assert (found.next_at, found.ends_at, found.is_late) == (coming, times[2], False)
        unsure = await slices_of(life, unknown, created)
        assert unsure is not None
        assert (unsure.next_at, unsure.ends_at) == (None, None), "the calendar is not known"


async def test_what_is_no_twap_or_has_ended_has_no_slices(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        buy = {**TWAP, "order_type": "MARKET"}
        await here.post("/api/orders", buy)
        await here.post("/api/orders", {**TWAP, "strategy": "beta", "slices": 2, "minutes": 40})
        await here.post("/api/cancel", {"strategy": "beta"})
        for order in parents(here.day):
            html = await here.page(f"/orders/{order['id']}")
            assert "Next slice" not in html
            assert "Deadline" not in html
