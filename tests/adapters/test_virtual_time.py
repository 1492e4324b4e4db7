from __future__ import annotations

import asyncio
import socket
from time import perf_counter

import pytest

from adapters.virtual_time import NothingScheduledError, VirtualTimeLoop


def test_years_pass_in_no_time() -> None:
    async def story() -> float:
        for _ in range(10):
            await asyncio.sleep(365 * 86_400)
            await asyncio.sleep(0.000_001)
        return asyncio.get_running_loop().time()

    started = perf_counter()
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(story()) == pytest.approx(10 * 365 * 86_400)
    assert perf_counter() - started < 5


def test_timers_fire_in_their_order_and_time_stands_while_others_run() -> None:
    async def story() -> list[tuple[str, float]]:
        loop, seen = asyncio.get_running_loop(), []

        async def note(name: str, after_s: float) -> None:
            await asyncio.sleep(after_s)
            for _ in range(100):
                await asyncio.sleep(0)
            seen.append((name, loop.time()))

        await asyncio.gather(note("late", 3.0), note("early", 1.0), note("middle", 2.0))
        return seen

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(story()) == [("early", 1.0), ("middle", 2.0), ("late", 3.0)]


def test_waiting_for_what_nothing_brings_is_a_deadlock() -> None:
    with (
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
        pytest.raises(NothingScheduledError),
    ):
        runner.run(asyncio.Event().wait())


def test_what_has_arrived_on_a_socket_is_read_before_time_jumps() -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)  # noqa: FBT003 - the library's own signature
            there.send(b"x")
            assert await loop.sock_recv(here, 1) == b"x"
        return loop.time()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(story()) == 0


def test_what_a_thread_would_do_takes_no_time() -> None:
    def fail() -> None:
        raise ValueError("as in a thread")

    async def story() -> None:
        assert await asyncio.to_thread(sum, [1, 2, 3]) == 6
        with pytest.raises(ValueError, match="as in a thread"):
            await asyncio.to_thread(fail)
        assert asyncio.get_running_loop().time() == 0

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(story())
