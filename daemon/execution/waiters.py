"""Callers that wait for the answer of a request, for a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from daemon.execution import answers
from daemon.execution.answers import RequestStatus
from daemon.signals import RequestSettled

if TYPE_CHECKING:
    from daemon.setup import Current
    from daemon.signals import SignalBus


class Reply(NamedTuple):
    """An answer ready to send."""

    http_status: int
    body: bytes


Waiter = asyncio.Future[Reply]
INTERIM = {
    RequestStatus.STORED: "stored; it waits for its turn",
    RequestStatus.WORKING: "working; ask again for the outcome",
}


class Waiters:
    """Who waits for which request, each for ``webhook.wait_seconds`` at most."""

    def __init__(self, bus: SignalBus, current: Current) -> None:
        self._current = current
        self._waiters: dict[str, list[Waiter]] = {}
        bus.subscribe(RequestSettled, self._settled)

    def __len__(self) -> int:
        return len(self._waiters)

    def add(self, request_id: str) -> Waiter:
        """Begin to wait; to be done before the request can possibly be settled."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(request_id, []).append(waiter)
        return waiter

    def remove(self, request_id: str, waiter: Waiter) -> None:
        waiters = self._waiters.get(request_id)
        if waiters is not None and waiter in waiters:
            waiters.remove(waiter)
            if not waiters:
                del self._waiters[request_id]

    async def reply(self, request_id: str, waiter: Waiter) -> Reply:
        """Return the answer, or in time that there is none yet."""
        try:
            async with asyncio.timeout(self._current.setup.desk.wait.total_seconds()):
                return await waiter
        except TimeoutError:
            working = RequestStatus.WORKING
            body = answers.interim(request_id, working, INTERIM[working])
            return Reply(answers.STILL_WORKING, body)
        finally:
            self.remove(request_id, waiter)

    def _settled(self, signal: RequestSettled) -> None:
        for waiter in self._waiters.pop(signal.request_id, ()):
            if not waiter.done():
                waiter.set_result(Reply(signal.http_status, signal.answer))
