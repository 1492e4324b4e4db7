"""The heartbeat to an outside watcher, which notices when this host is dead.

What has died cannot say so. So a service elsewhere (healthchecks.io, Uptime Kuma and the like)
expects a call every ``heartbeat.seconds`` and alarms people when it stays away. A call is made
only while ``/ready`` would answer 200: a daemon that cannot work is as good as dead to its users.

Nothing waits for a call. It has a time limit and a task of its own; people are told when calls
begin to fail and when they arrive again. The address may hold a key, so it is never told.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp

from adapters.sqlite.errors import StorageError
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from daemon.api.health import Readiness
    from daemon.execution.services import Services
    from daemon.storage.tx import Tx

CALL_S = 10.0
LOOK_S = 5.0
"""How often a heartbeat that is off looks whether it was switched on."""
_GOOD = range(200, 300)

log = logging.getLogger(__name__)


class Heartbeat:
    """Calls the watcher while the daemon is well."""

    def __init__(self, services: Services, readiness: Readiness) -> None:
        self._services = services
        self._readiness = readiness
        self._fails = False

    async def run(self) -> None:
        """Call again and again until cancelled; the configuration is asked anew each time."""
        while True:
            settings = self._services.current.setup.config.heartbeat
            if settings.url is None:
                await self._services.clock.sleep(LOOK_S)
                continue
            reasons = self._readiness.reasons()
            if reasons:
                log.warning("no heartbeat, the daemon is not well: %s", ", ".join(reasons))
            else:
                await self._call(settings.url)
            await self._services.clock.sleep(float(settings.seconds))

    async def _call(self, url: str) -> None:
        problem = await _get(url)
        if problem is None and self._fails:
            await self._tell("heartbeat_restored")
        elif problem is not None and not self._fails:
            await self._tell("heartbeat_failed", reason=problem)
        self._fails = problem is not None

    async def _tell(self, code: str, **params: str) -> None:
        services = self._services
        now = services.clock.now()

        def tell(tx: Tx) -> None:
            raise_notice(tx, services.ids.new(), code, now, **params)

        try:
            await services.persistence.write(tell)
        except StorageError as error:
            log.warning("nobody could be told of the heartbeat: %s", error)


async def _get(url: str) -> str | None:
    """Call once; say what went wrong, in words without the address."""
    timeout = aiohttp.ClientTimeout(total=CALL_S)
    try:
        async with (
            asyncio.timeout(CALL_S),
            aiohttp.ClientSession(timeout=timeout) as session,
            # Where it leads is the configuration's to say, not the watcher's.
            session.get(url, allow_redirects=False) as answer,
        ):
            return None if answer.status in _GOOD else f"the watcher answered {answer.status}"
    except TimeoutError:
        return f"no answer within {CALL_S:.0f} s"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return f"the watcher cannot be reached ({type(error).__name__})"
