"""When a TWAP is worked next, and by when it must be done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from algorithms.domain import AccountName, OrderType
from daemon.config.jobs import JobKind
from daemon.execution.approvals import WAITING
from daemon.jobs.board import NotNowError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.api.order_life import OrderLife
    from daemon.jobs.timetable import Timetable

    TimetableOf = Callable[[AccountName], Awaitable[Timetable]]


class Slices(NamedTuple):
    """Where a TWAP stands. ``next_at``: None if no slice is to come, or none can be told now.

    ``is_late``: its time has come, and it is worked as soon as broker and limits let it.
    ``ends_at``: the deadline; without a schedule of its own, the day's last twap job.
    """

    left: int
    next_at: datetime | None
    is_late: bool
    ends_at: datetime | None


async def slices_of(life: OrderLife, timetable_of: TimetableOf, now: datetime) -> Slices | None:
    """Tell it of a TWAP that lives; None of any other order."""
    if life["order_type"] != OrderType.TWAP:
        return None
    if life["ended_at"] is not None or life["cancel_requested_at"] is not None:
        return None
    due = None if life["due_at"] is None else datetime.fromisoformat(life["due_at"])
    ends_at: datetime | None
    if life["deadline"] is not None:
        ends_at = datetime.fromisoformat(life["deadline"])
        coming = None if due is None or due >= ends_at else due
    else:
        times = await _job_times(life, timetable_of)
        ends_at = times[-1] if times else None
        later = [at for at in times if at > now] if life["slices_left"] else []
        coming = due or (later[0] if later else None)
    if life["reason"] == WAITING:
        coming = None
    return Slices(life["slices_left"], coming, coming is not None and coming <= now, ends_at)


async def _job_times(life: OrderLife, timetable_of: TimetableOf) -> list[datetime]:
    """Return the times of the twap jobs on the order's market day; none if they are not known."""
    try:
        timetable = await timetable_of(AccountName(life["account"]))
    except NotNowError:
        return []
    day = timetable.sessions.day_at(datetime.fromisoformat(life["created_at"]))
    return sorted({due.at for due in timetable.on(day) if due.kind is JobKind.TWAP})
