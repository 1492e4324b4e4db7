"""Takes what waits to one channel, again and again, in the background.

Nothing waits for a courier. It gathers what comes within a few seconds into one message, keeps
quiet hours, and when the other side does not answer it tries again, ever more rarely, with
everything that waits by then. What it could not deliver stays in the outbox, over a restart too.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters.clock import wait_until
from adapters.notify.errors import NotDeliveredError
from adapters.sqlite.errors import StorageError
from daemon.notices import Level, raise_notice
from daemon.notify.outbox import mark, waiting
from daemon.notify.quiet import is_quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from daemon.api.metrics import Metrics
    from daemon.config.notify import NotifierConfig
    from daemon.execution.services import Services
    from daemon.notify.channel import Channel
    from daemon.notify.outbox import Notice
    from daemon.signals import NoticeRaised
    from daemon.storage.tx import Tx

BATCH_MAX = 500
"""Notices of one message; more are sent in further ones."""
SEND_S = 20.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
TELL_AFTER = timedelta(seconds=30)
"""A channel that fails for shorter is nobody's business; a fault that lasts is told at once."""
STORAGE_PAUSE_S = 5.0
LATEST = timedelta(minutes=10)
_QUIET_LOOK = timedelta(minutes=1)
_RANKS = {level: rank for rank, level in enumerate(Level)}

log = logging.getLogger(__name__)


class Done:
    """From where on a courier looks for work: ``before`` it, everything is done.

    While another notifier is down, what this one has delivered goes on waiting, and looking
    through all of it again and again would take ever longer. A notice gets its id some moments
    before it is on disk, so only what is older than ``LATEST`` is passed over.
    """

    def __init__(self) -> None:
        self.before = ""
        self._next: Notice | None = None

    def all_up_to(self, notice: Notice, now: datetime) -> None:
        """Learn that everything on disk is done, and that this is the newest of it."""
        if self._next is not None and now - self._next.at > LATEST:
            self.before, self._next = self._next.id, None
        self._next = self._next or notice


class Courier:
    """Serves one notifier."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        terms: NotifierConfig,
        services: Services,
        metrics: Metrics,
    ) -> None:
        self._name = name
        self._channel = channel
        self._terms = terms
        self._services = services
        self._clock = services.clock
        self._metrics = metrics
        metrics.notifier(name)
        self._news = asyncio.Event()
        self._alarm = asyncio.Event()
        self._news.set()  # something may wait since before the start
        self._alarm.set()
        self._done = Done()
        self._fails_since: datetime | None = None
        self._told = False
        self._pause_s = FIRST_PAUSE_S

    def noticed(self, raised: NoticeRaised) -> None:
        """Hear of a notice that is on disk."""
        self._news.set()
        if raised.level == Level.ALARM:
            self._alarm.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._wait()
            try:
                await self._deliver()
            except StorageError as error:
                log.warning("%s: the outbox cannot be read now: %s", self._name, error)
                self._news.set()
                self._alarm.set()
                await self._clock.sleep(STORAGE_PAUSE_S)

    async def _wait(self) -> None:
        """Wait for something to send, and a little longer for what else there will be."""
        while self._is_quiet() and not self._alarm.is_set():
            await wait_until(self._clock, self._alarm, self._clock.now() + _QUIET_LOOK)
        if not self._is_quiet():
            await self._news.wait()
            group = timedelta(seconds=self._terms.group_seconds)
            await wait_until(self._clock, self._alarm, self._clock.now() + group)

    async def _deliver(self) -> None:
        self._news.clear()
        self._alarm.clear()
        while True:
            quiet = self._is_quiet()
            if quiet:
                self._news.set()  # for when it ends
            read = partial(
                waiting,
                notifier=self._name,
                after=self._done.before,
                alarms_only=quiet,
                limit=BATCH_MAX,
            )
            found = await self._services.persistence.read(read)
            if not found:
                return
            least = _RANKS[self._terms.level]
            wanted = [notice for notice in found if _RANKS[notice.level] >= least]
            if wanted and not await self._sent(wanted):
                continue  # with everything that waits by now
            done = partial(mark, notifier=self._name, notices=found, now=self._clock.now())
            await self._services.persistence.write(done)
            if len(found) < BATCH_MAX:
                if not quiet:
                    self._done.all_up_to(found[-1], self._clock.now())
                return
            await self._clock.sleep(max(self._terms.group_seconds, FIRST_PAUSE_S))

    async def _sent(self, notices: Sequence[Notice]) -> bool:
        """Send one message; after a failure, pause and return False."""
        try:
            async with asyncio.timeout(SEND_S):
                await self._channel.send(notices)
        except TimeoutError:
            await self._failed(NotDeliveredError(f"no answer within {SEND_S:.0f} s"), len(notices))
            return False
        except NotDeliveredError as error:
            await self._failed(error, len(notices))
            return False
        self._metrics.notices_sent(self._name, len(notices))
        self._fails_since = None
        self._pause_s = FIRST_PAUSE_S
        if self._told:
            self._told = False
            await self._tell("notifier_restored", notifier=self._name)
        return True

    async def _failed(self, error: NotDeliveredError, waits: int) -> None:
        log.warning("%s: %s notices wait: %s", self._name, waits, error)
        self._metrics.notifier_failed(self._name)
        now = self._clock.now()
        self._fails_since = self._fails_since or now
        if not self._told and (error.lasting or now - self._fails_since >= TELL_AFTER):
            self._told = True
            await self._tell("notifier_failed", notifier=self._name, reason=str(error))
        if error.lasting:
            self._pause_s = LONGEST_PAUSE_S
        await self._clock.sleep(max(self._pause_s, error.retry_after_s or 0.0))
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    async def _tell(self, code: str, **params: str) -> None:
        services, now = self._services, self._clock.now()

        def tell(tx: Tx) -> None:
            raise_notice(tx, services.ids.new(), code, now, **params)

        await services.persistence.write(tell)

    def _is_quiet(self) -> bool:
        zone = self._services.current.setup.config.daemon.timezone
        return is_quiet(self._clock.now(), self._terms.quiet, zone)
