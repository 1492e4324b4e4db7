"""A load client as lean as Python allows: what is measured is the server.

Each connection sends a request, waits for its answer, sends the next. Runs in a process of its
own: ``python -m tests.bench.load`` reads a ``Plan`` as JSON from standard input and writes what
happened as JSON.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import cycle
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING, cast

import orjson
import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator

ID_MARK = "@@@@@@@@@@@@@@@@@@@@"
"""Stands in a body for an id that no other request has; as long as one."""

_LENGTH = b"\r\nContent-Length: "
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send, how, and for how long."""

    host: str
    port: int
    path: str
    bodies: tuple[str, ...]
    """Sent in turn, again and again."""
    connections: int = 64
    warm_up_s: float = 1.0
    seconds: float = 4.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What came back. Times are in milliseconds, from sending to the whole answer."""

    requests: int
    seconds: float
    requests_a_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    statuses: dict[str, int] = field(default_factory=dict)


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], seen: list[tuple[float, float]]) -> None:
        self._requests = requests
        self._seen = seen
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport
        self.statuses: Counter[bytes] = Counter()
        self.stopped = False
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        head = data.find(_END)
        if head < 0:
            self._buffer = data
            return
        mark = data.find(_LENGTH) + len(_LENGTH)
        whole = head + len(_END) + int(data[mark : data.find(b"\r", mark)])
        if len(data) < whole:
            self._buffer = data
            return
        self._buffer = b""
        now = perf_counter()
        self.statuses[data[9:12]] += 1
        self._seen.append((now, now - self._sent))
        if self.stopped:
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(exc)

    def _send(self) -> None:
        self._sent = perf_counter()
        self._transport.write(next(self._requests))


def _requests(plan: Plan) -> Iterator[bytes]:
    halves = []
    for body in plan.bodies:
        head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
        )
        before, _, after = (head + body).encode().partition(ID_MARK.encode())
        halves.append((before, after))
    run = token_hex(4).encode()
    for number, (before, after) in enumerate(cycle(halves)):
        yield before + b"%s%012d" % (run, number) + after


async def load(plan: Plan) -> Measured:
    """Carry out a plan."""
    loop = asyncio.get_running_loop()
    seen: list[tuple[float, float]] = []
    requests = _requests(plan)
    connections = []
    for _ in range(plan.connections):
        _, protocol = await loop.create_connection(
            lambda: _Connection(requests, seen), plan.host, plan.port
        )
        connections.append(protocol)
    await asyncio.sleep(plan.warm_up_s)
    began = perf_counter()
    for protocol in connections:
        protocol.statuses.clear()
    await asyncio.sleep(plan.seconds)
    ended = perf_counter()
    for protocol in connections:
        protocol.stopped = True
    async with asyncio.timeout(10):
        await asyncio.gather(*(protocol.closed for protocol in connections))
    took = sorted(took for at, took in seen if began <= at <= ended)
    statuses = sum((protocol.statuses for protocol in connections), Counter())
    return Measured(
        requests=len(took),
        seconds=round(ended - began, 3),
        requests_a_second=round(len(took) / (ended - began), 1),
        p50_ms=round(took[len(took) // 2] * 1000, 3),
        p99_ms=round(took[len(took) * 99 // 100] * 1000, 3),
        max_ms=round(took[-1] * 1000, 3),
        statuses={status.decode(): number for status, number in sorted(statuses.items())},
    )


def main() -> None:
    """Read a plan, carry it out, write what was measured."""
    plan = Plan(**orjson.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(orjson.dumps(asdict(uvloop.run(load(plan)))))


if __name__ == "__main__":
    main()
