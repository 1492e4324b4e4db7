"""The job that begins the next slice of every order that is worked at the day's twap times.

It only says that a slice's turn has come, and how many are left: the account's worker nets, plans
and sends, as it does for orders with a schedule of their own. The run and the turn are stored in
one transaction, so a restart neither repeats a slice nor loses one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from daemon.signals import WorkArrived
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from adapters.clock import Clock
    from algorithms.domain import AccountName
    from daemon.jobs.runs import JobRun
    from daemon.jobs.timetable import Timetable
    from daemon.storage.tx import Tx


class TwapTick:
    """Begins slices."""

    once_a_day = False

    def __init__(
        self, clock: Clock, timetable: Callable[[AccountName], Awaitable[Timetable]]
    ) -> None:
        self._clock = clock
        self._timetable = timetable

    async def run(self, run: JobRun) -> Callable[[Tx], str]:
        timetable = await self._timetable(run.account)
        return partial(
            begin_slices,
            account=run.account,
            since=timetable.begins(run.day),
            left=1 + timetable.slices_left(run.due_at),
            now=self._clock.now(),
        )


def begin_slices(tx: Tx, account: AccountName, *, since: datetime, left: int, now: datetime) -> str:
    """Let the next slice of each order begin that was made after ``since``; ``left`` with it."""
    begun = tx.execute(
        "begin_slices", account=account, since=to_us(since), left=left, now=to_us(now)
    )
    for row in tx.fetch("symbols_due", account=account, now=to_us(now)):
        tx.signal(WorkArrived(account, row["symbol"]))
    return f"{begun} slices, {left - 1} times left"
