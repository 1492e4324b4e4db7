"""Sends attacks, many at once, and a good request now and then; keeps what each was answered."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.fuzz.attacks import Attack

AT_ONCE = 48
PATIENCE_S = 60.0
GOOD_EVERY_S = 0.05
NO_ANSWER = "none"
CONTINUE = b"HTTP/1.1 100"


@dataclass(slots=True)
class Outcome:
    """What was answered: statuses by kind of attack, and how the good requests fared."""

    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    without_reason: int = 0
    good: Counter[str] = field(default_factory=Counter)
    good_s: list[float] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Say what should not have been."""
        found = [
            f"{kind}: {count} answered {status}"
            for kind, statuses in sorted(self.answers.items())
            for status, count in statuses.items()
            if not status.startswith("4")
        ]
        if self.without_reason:
            found.append(f"{self.without_reason} answers without a problem's code")
        found += [f"good requests: {n} answered {s}" for s, n in self.good.items() if s != "200"]
        return found if self.good else [*found, "no good request was made"]


class Siege:
    """All attacks on one server."""

    def __init__(self, host: str, port: int, good_request: bytes) -> None:
        self._host = host
        self._port = port
        self._good_request = good_request
        self.outcome = Outcome()

    async def run(self, attacks: Iterable[Attack]) -> Outcome:
        """Send all attacks; good requests are made until the last one is answered."""
        all_answered = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._good_ones(all_answered))
            async with asyncio.TaskGroup() as attackers:
                fast: list[Attack] = []
                for attack in attacks:
                    if attack.is_slow:
                        attackers.create_task(self._attack(attack))
                    else:
                        fast.append(attack)
                queue = iter(fast)
                for _ in range(AT_ONCE):
                    attackers.create_task(self._attack_all(queue))
            all_answered.set()
        return self.outcome

    async def _attack_all(self, attacks: Iterator[Attack]) -> None:
        for attack in attacks:
            await self._attack(attack)

    async def _attack(self, attack: Attack) -> None:
        answer = await self._exchange(attack.pieces, attack.pause_s)
        status = status_of(answer)
        self.outcome.answers[attack.kind][status] += 1
        if status != NO_ANSWER and not _has_code(answer):
            self.outcome.without_reason += 1

    async def _good_ones(self, all_answered: asyncio.Event) -> None:
        """Ask for good ones; each is waited for, so that none is served and not counted."""
        while not all_answered.is_set():
            began = perf_counter()
            answer = await self._exchange((self._good_request,), 0)
            self.outcome.good_s.append(perf_counter() - began)
            self.outcome.good[status_of(answer)] += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(GOOD_EVERY_S):
                    await all_answered.wait()

    async def _exchange(self, pieces: tuple[bytes, ...], pause_s: float) -> bytes:
        """Send pieces and read until the other end closes; what comes before an end counts."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as both:
                sending = both.create_task(_send(writer, pieces, pause_s))
                answer = await _read_all(reader)
                sending.cancel()
        except TimeoutError:
            return b""
        finally:
            writer.transport.abort()
        return answer


async def _send(writer: asyncio.StreamWriter, pieces: tuple[bytes, ...], pause_s: float) -> None:
    # A server that has answered may hang up before it has heard everything.
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if pause_s:
                await asyncio.sleep(pause_s)


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    answer = bytearray()
    with suppress(ConnectionError):
        while part := await reader.read(65_536):
            answer += part
    return bytes(answer)


def status_of(answer: bytes) -> str:
    """Return the status of an answer; ``none`` if there is none."""
    if answer.startswith(CONTINUE):
        answer = answer.partition(b"\r\n\r\n")[2]
    line = answer.partition(b"\r\n")[0].split()
    return line[1].decode() if len(line) > 1 and line[0].startswith(b"HTTP/1.") else NO_ANSWER


def _has_code(answer: bytes) -> bool:
    try:
        return bool(orjson.loads(answer.rpartition(b"\r\n\r\n")[2])["code"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False
