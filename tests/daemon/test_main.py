"""The daemon as a process: what it says, how it ends, what keeps it from starting."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from daemon.cli.process import DaemonProcess, command_line, surroundings
from tests.bench.load import ID_MARK, Plan, load
from tests.support.world import started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.slow

RESIDENT_MB_MAX = 75
READ_AGAIN = "the configuration was read again"
CONFIG = """
[http]
port = 0
[accounts.main]
market = "24/7"
currency = "USD"
[accounts.main.paper]
prices = { TQQQ = "100" }
[strategies.dip]
[books.dip]
strategy = "dip"
account = "main"
capital = "1000"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
async def daemon(config: Path) -> AsyncIterator[DaemonProcess]:
    process = DaemonProcess(config)
    await process.start()
    yield process
    await process.kill()


async def run(config: Path) -> tuple[int, str, str]:
    """Start a daemon that is expected to end by itself."""
    process = await asyncio.create_subprocess_exec(
        *command_line("--config", str(config), "run"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=surroundings(),
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def resident_mb(pid: int) -> float:
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kilobytes) / 1024


def limits_of(pid: int) -> str:
    return Path(f"/proc/{pid}/limits").read_text()


def change(config: Path, old: str, new: str) -> None:
    config.write_text(CONFIG.replace(old, new))


def get(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - a daemon of ours
        found: dict[str, object] = orjson.loads(answer.read())
        return found


async def readiness(url: str) -> dict[str, object]:
    """Ask whether it is ready; on a busy machine its loop may lag, and it says so for a while."""
    for _ in range(600):
        try:
            return get(f"{url}/ready")
        except urllib.error.HTTPError as busy:
            busy.close()
            await asyncio.sleep(0.1)
    return get(f"{url}/ready")


async def test_it_is_ready_works_and_stops_in_order(daemon: DaemonProcess, config: Path) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", daemon.url)
    assert await readiness(daemon.url) == {"status": "ready", "reasons": {}}
    address = config.parent / "data/address"
    assert address.read_text() == f"{daemon.url}\n"
    assert re.search(r"^Max core file size +0 +0 ", limits_of(daemon.pid), re.MULTILINE)
    assert await daemon.stop() == 0
    assert not address.exists()
    assert "stopped" in daemon.log_tail()
    files = [path for path in config.parent.rglob("data/**/*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


async def test_it_stays_small(daemon: DaemonProcess) -> None:
    assert resident_mb(daemon.pid) < RESIDENT_MB_MAX


async def test_a_hangup_reads_the_configuration_again(daemon: DaemonProcess, config: Path) -> None:
    change(config, '"1000"', '"2000"')
    daemon.send_signal(signal.SIGHUP)
    await logged(daemon, "the configuration was read again; books.dip.capital changed")
    assert (await readiness(daemon.url))["status"] == "ready"
    change(config, '"1000"', '"a lot"')
    daemon.send_signal(signal.SIGHUP)
    await logged(daemon, "not taken over, nothing changed; books.dip.capital: ")
    assert await daemon.stop() == 0


async def test_under_load_no_request_falls_into_a_reload(
    daemon: DaemonProcess, config: Path
) -> None:
    """Orders come from 16 connections; the account connects anew again and again."""
    token = (config.parent / "data/tokens/dip.token").read_text().strip()
    body = {"group_name": "dip", "token": token, "order_type": "LIMIT", "symbol": "TQQQ"}
    order = {"side": "buy", "qty": "1", "price": "0.01", "id": ID_MARK}
    url = urllib.parse.urlsplit(daemon.url)
    plan = Plan(
        host="127.0.0.1",
        port=url.port or 0,
        path="/api/webhook",
        bodies=(orjson.dumps(body | order).decode(),),
        connections=16,
        warm_up_s=0.2,
        seconds=3,
    )
    loading = started(load(plan))
    for turn, latency in enumerate((5, 0, 10, 0, 5), 1):
        await asyncio.sleep(0.5)
        change(config, "[accounts.main.paper]", f"[accounts.main.paper]\nlatency_ms = {latency}")
        daemon.send_signal(signal.SIGHUP)
        await logged(daemon, READ_AGAIN, times=turn)
    measured = await loading
    assert measured.requests >= plan.connections
    assert set(measured.statuses) <= {"200", "202"}, measured
    assert daemon.log_tail().count(READ_AGAIN) == 5
    assert await daemon.stop() == 0


async def logged(daemon: DaemonProcess, words: str, *, times: int = 1) -> None:
    """Wait until the log says something."""
    for _ in range(1200):
        if daemon.log_tail().count(words) >= times:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(daemon.log_tail())


async def test_a_second_start_is_refused_by_name(daemon: DaemonProcess, config: Path) -> None:
    code, out, err = await run(config)
    assert (code, out) == (3, "")
    assert f"in use by the daemon with process id {daemon.pid}" in err
    assert get(f"{daemon.url}/health") == {"status": "ok"}


async def test_a_second_data_directory_does_not_open_the_same_database(
    daemon: DaemonProcess, config: Path
) -> None:
    other = config.with_name("other.toml")
    url = f"sqlite:///{config.parent / 'data/nettingd.db'}"
    other.write_text(f'[daemon]\ndata_dir = "elsewhere"\n[database]\nurl = "{url}"\n{CONFIG}')
    code, _, err = await run(other)
    assert code == 3
    assert str(daemon.pid) in err


async def test_after_kill_9_the_next_start_is_like_any_other(
    daemon: DaemonProcess, config: Path
) -> None:
    await daemon.kill()
    again = DaemonProcess(config)
    await again.start()
    assert (await readiness(again.url))["status"] == "ready"
    assert await again.stop() == 0


async def test_all_faults_of_the_configuration_are_told_and_nothing_is_opened(
    config: Path,
) -> None:
    change(config, "port = 0", "prot = 1\n[nettting]")
    code, out, err = await run(config)
    assert (code, out) == (2, "")
    assert "http.prot" in err
    assert "nettting" in err
    assert not (config.parent / "data").exists()


async def test_a_damaged_database_is_told_with_advice(config: Path) -> None:
    data = config.parent / "data"
    data.mkdir()
    (data / "nettingd.db").write_bytes(b"no database at all " * 100)
    code, out, err = await run(config)
    assert (code, out) == (4, "")
    assert "restore the last backup" in err
    assert "Traceback" not in err


async def test_a_database_of_a_later_version_is_left_alone(
    daemon: DaemonProcess, config: Path
) -> None:
    await daemon.stop()
    with sqlite3.connect(config.parent / "data/nettingd.db") as database:
        database.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('x', '9999_later')"
        )
    database.close()
    code, _, err = await run(config)
    assert code == 4
    assert "9999_later" in err


async def test_an_address_in_use_is_a_clear_word(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        change(config, "port = 0", f"port = {port}")
        code, out, err = await run(config)
    assert (code, out) == (1, "")
    assert "address already in use" in err.lower()
    assert "Traceback" not in err


async def test_a_data_directory_that_cannot_be_is_told(config: Path) -> None:
    change(config, "[http]", '[daemon]\ndata_dir = "config.toml/data"\n[http]')
    code, out, err = await run(config)
    assert (code, out) == (4, "")
    assert "Not a directory" in err
    assert "Traceback" not in err


async def test_a_start_that_fails_half_way_ends(daemon: DaemonProcess, config: Path) -> None:
    await daemon.stop()
    with sqlite3.connect(config.parent / "data/nettingd.db") as database:
        database.execute("DROP TABLE halts")
    database.close()
    code, out, err = await run(config)
    assert (code, out) == (4, "")
    assert "no such table: halts" in err


async def test_systemd_hears_of_start_life_reload_and_stop(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(config.parent / "notify"))
        listener.setblocking(False)  # noqa: FBT003 - the library's way
        monkeypatch.setenv("NOTIFY_SOCKET", str(config.parent / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        process = DaemonProcess(config)
        await process.start()
        ready = await heard(listener, "READY=1")
        assert f"STATUS=ready at {process.url}" in ready
        assert await heard(listener, "WATCHDOG=1")
        process.send_signal(signal.SIGHUP)
        assert await heard(listener, "RELOADING=1")
        assert "was read again" in await heard(listener, "READY=1")
        process.send_signal(signal.SIGSTOP)
        await silence(listener, "WATCHDOG=1")
        process.send_signal(signal.SIGCONT)
        assert await heard(listener, "WATCHDOG=1")
        assert await process.stop() == 0
        assert await heard(listener, "STOPPING=1")


async def silence(listener: socket.socket, word: str) -> None:
    """Wait until something has not been told for a second."""
    for _ in range(100):
        try:
            await heard(listener, word, within=1)
        except TimeoutError:
            return
    raise AssertionError(f"{word} all the time")


async def heard(listener: socket.socket, word: str, within: float = 60) -> str:
    """Wait until systemd's stand-in is told something; return the whole message."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(within):
        while True:
            message = (await loop.sock_recv(listener, 1000)).decode()
            if word in message.splitlines():
                return message
