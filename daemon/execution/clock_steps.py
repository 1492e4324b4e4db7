"""A clock that was set back: what was stored while it ran ahead is put back by as much.

An order that was stored by a clock an hour ahead would be due in an hour, and count as fresh
then; a cancel would wait as long for its deadline. So a step back, of more than NTP ever needs, is
looked for while the daemon runs, by the clock that is never set, and at its start, by the latest
time that was ever written down: a daemon that dies with the clock just set back may have written
an earlier one since. What was stored before the clock ran ahead is left alone.
"""

from __future__ import annotations

import logging
import math
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.sqlite.errors import StorageError
from daemon.notices import raise_notice
from daemon.signals import Committed
from daemon.storage.rows import from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from daemon.execution.services import Services
    from daemon.signals import SignalBus
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View

LOOK_EVERY_S = 5.0
NOTE_EVERY_S = 60.0
LEAST = timedelta(minutes=2)
"""A smaller step back is waited out: it delays nothing by more. It is larger than the time between
two notes, so that no order that came after the last of them is left waiting for longer."""

log = logging.getLogger(__name__)


class ClockSteps:
    """Looks for steps back. ``went_back`` is told of each, with how far."""

    def __init__(
        self,
        store: Store,
        services: Services,
        bus: SignalBus,
        went_back: Callable[[timedelta], None],
    ) -> None:
        self._store = store
        self._clock = services.clock
        self._persistence = services.persistence
        self._ids = services.ids
        self._went_back = went_back
        self._noted_at = -math.inf
        self._has_news = True
        """Whether anything was stored since the note, which could wait for the wrong time."""
        bus.subscribe(Committed, self._committed)

    async def since_last_life(self) -> None:
        """Compare with the latest time that was written down."""

        def last(view: View) -> datetime | None:
            row = view.fetch_one("fact", name="clock")
            return None if row is None else from_us(int(row["value"]))

        before = await self._persistence.read(last)
        if before is not None:
            await self._look(before - self._clock.now())

    async def run(self) -> None:
        """Compare with the clock that is never set, until cancelled."""
        clock = self._clock
        while True:
            await self._note()
            at, began = clock.now(), clock.monotonic()
            await clock.sleep(LOOK_EVERY_S)
            passed = timedelta(seconds=clock.monotonic() - began)
            try:
                await self._look(at + passed - clock.now())
            except Exception:
                log.exception("what was stored ahead of the clock could not be put back")

    def _committed(self, _: Committed) -> None:
        self._has_news = True

    async def _note(self) -> None:
        """Write down how late it is, now and then; never an earlier time than is written."""
        if not self._has_news or self._clock.monotonic() - self._noted_at < NOTE_EVERY_S:
            return
        now = str(to_us(self._clock.now()))
        with suppress(StorageError):  # told by whoever watches the database; tried again
            await self._store.write(lambda tx: tx.execute("note_clock", now=now))
            self._noted_at = self._clock.monotonic()
            self._has_news = False

    async def _look(self, back: timedelta) -> None:
        if back <= LEAST:
            return
        log.error("the clock went back by %s", back)
        now = self._clock.now()
        await self._persistence.write(lambda tx: self._put_back(tx, back, now))
        self._went_back(back)

    def _put_back(self, tx: Tx, back: timedelta, now: datetime) -> None:
        times = {"now": to_us(now), "by": back // timedelta(microseconds=1)}
        tx.execute("put_back_parents", **times)
        tx.execute("put_back_children", **times)
        tx.execute("put_back_requests", **times)
        tx.execute("put_back_rebalances", **times)
        tx.execute("put_back_clock", now=str(times["now"]))
        minutes = str(round(back.total_seconds() / 60))
        raise_notice(tx, self._ids.new(), "clock_set_back", now, minutes=minutes)
