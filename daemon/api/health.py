"""``GET /health`` and ``GET /ready``: whether the process lives, and whether it can work."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from daemon.api.operation import Access, Answer, Operation
from daemon.api.respond import json_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor

    Check = Callable[[], str | None]

LAG_EVERY_S = 0.5
LAG_MAX_S = 0.5
NOT_READY = 503

log = logging.getLogger(__name__)


class Readiness:
    """Named checks: each says why the daemon cannot work now, or None."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._looks: list[Callable[[], Awaitable[None]]] = []

    def register(self, name: str, check: Check) -> None:
        """Add a check, or replace the one of this name. It is called often and must not wait."""
        self._checks[name] = check

    def look_first(self, look: Callable[[], Awaitable[None]]) -> None:
        """Have ``/ready`` look anew, for a moment, at what a check only remembers."""
        self._looks.append(look)

    async def look(self) -> None:
        """Renew what the checks remember."""
        for look in self._looks:
            await look()

    def remove(self, name: str) -> None:
        """Forget a check, of an account that is no more."""
        self._checks.pop(name, None)

    def reasons(self) -> dict[str, str]:
        """Return every reason not to be ready; none of them means ready."""
        found = {}
        for name, check in self._checks.items():
            try:
                reason = check()
            except Exception:
                log.exception("the check %r of /ready failed", name)
                reason = "the check itself failed; the log says more"
            if reason is not None:
                found[name] = reason
        return found


class LoopLag:
    """Measures how late the event loop wakes from a sleep: what a blocking call costs everybody."""

    def __init__(self, clock: Clock, observe: Callable[[float], None] | None = None) -> None:
        self._clock = clock
        self._observe = observe
        self.seconds = 0.0
        """The lag of the latest wake-up."""

    def start(self, tasks: TaskSupervisor) -> None:
        """Measure until the supervisor closes."""
        tasks.spawn(self._measure(), name="loop lag")

    def reason(self) -> str | None:
        """Say whether the loop is too late; a check for ``Readiness``."""
        if self.seconds <= LAG_MAX_S:
            return None
        return f"the event loop woke {self.seconds:.2f} s late"

    async def _measure(self) -> None:
        while True:
            began = self._clock.monotonic()
            await self._clock.sleep(LAG_EVERY_S)
            self.seconds = max(0.0, self._clock.monotonic() - began - LAG_EVERY_S)
            if self._observe is not None:
                self._observe(self.seconds)


class HealthAnswer(TypedDict):
    """The process is alive."""

    status: Literal["ok"]


class ReadyAnswer(TypedDict):
    """``reasons``: what does not work, and why."""

    status: Literal["ready", "not_ready"]
    reasons: dict[str, str]


class Health:
    """The two questions a load balancer or a supervisor asks; neither needs a token."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="GET",
                path="/health",
                summary="Whether the process is alive.",
                handler=self.health,
                access=Access.ANYBODY,
                answers={200: Answer("It is.", HealthAnswer)},
                asks_database=False,
            ),
            Operation(
                method="GET",
                path="/ready",
                summary="Whether everything works, and if not, why.",
                handler=self.ready,
                access=Access.ANYBODY,
                answers={
                    200: Answer("Everything works.", ReadyAnswer),
                    503: Answer("Something does not; every reason.", ReadyAnswer),
                },
                asks_database=False,
            ),
        ]

    async def health(self, _: web.Request) -> web.StreamResponse:
        """Answer at once: the process is alive and its loop turns."""
        return json_response({"status": "ok"})

    async def ready(self, _: web.Request) -> web.StreamResponse:
        """Answer whether orders can be worked, with every reason why not."""
        await self._readiness.look()
        reasons = self._readiness.reasons()
        if reasons:
            return json_response({"status": "not_ready", "reasons": reasons}, NOT_READY)
        return json_response({"status": "ready", "reasons": {}})
