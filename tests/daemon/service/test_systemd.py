from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.virtual_time import VirtualTimeLoop
from daemon.service.systemd import Systemd
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def listen(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)
    listener.settimeout(60)
    return listener


def test_systemd_hears_what_it_is_told(tmp_path: Path) -> None:
    with listen(str(tmp_path / "notify")) as listener:
        Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify")}).tell("READY=1", "STATUS=well")
        assert listener.recv(100) == b"READY=1\nSTATUS=well"


def test_an_abstract_socket_is_written_with_an_at() -> None:
    name = f"nettingd-test-{os.getpid()}"
    with listen(f"\0{name}") as listener:
        Systemd({"NOTIFY_SOCKET": f"@{name}"}).tell("READY=1")
        assert listener.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    Systemd({}).tell("READY=1")
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).tell("READY=1")


def test_the_watchdog_is_fed_twice_in_its_time(tmp_path: Path) -> None:
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "10000000"}

    async def half_a_minute() -> None:
        living = asyncio.timeout(29)
        try:
            async with living:
                await Systemd(environ).show_life(LoopClock(START))
        except TimeoutError:
            assert living.expired()

    with listen(str(tmp_path / "notify")) as listener:
        in_virtual_time(half_a_minute())
        assert [listener.recv(100) for _ in range(6)] == [b"WATCHDOG=1"] * 6  # 0, 5 ... 25 s


class Recording(Systemd):
    """Remembers when it spoke."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self.spoke: list[float] = []

    def tell(self, *words: str) -> None:
        assert words == ("WATCHDOG=1",)
        self.spoke.append(asyncio.get_running_loop().time())


def test_a_loop_that_hangs_gives_no_sign_of_life() -> None:
    systemd = Recording({"NOTIFY_SOCKET": "/run/nobody", "WATCHDOG_USEC": "10000000"})

    async def a_minute() -> None:
        loop, clock = asyncio.get_running_loop(), LoopClock(START)
        assert isinstance(loop, VirtualTimeLoop)
        async with asyncio.TaskGroup() as group:
            life = group.create_task(systemd.show_life(clock))
            await clock.sleep(12)
            loop._jumping.jumped += 30  # noqa: SLF001 - a call that does not return for so long
            await clock.sleep(9)
            life.cancel()

    in_virtual_time(a_minute())
    assert systemd.spoke == [0, 5, 10, 42, 47]  # systemd has started it anew before 42


def test_a_watchdog_of_another_process_or_no_number_is_none_of_ours() -> None:
    other = {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert Systemd(other).watchdog_s is None
    assert Systemd({"WATCHDOG_USEC": "soon"}).watchdog_s is None
    assert Systemd({}).watchdog_s is None
    own = {"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": str(os.getpid())}
    assert Systemd(own).watchdog_s == 1.5
    in_virtual_time(Systemd({}).show_life(LoopClock(START)))
