"""Backups of a daemon at work, and a daemon that starts again on one of them."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import ClientSession

from adapters.sqlite.driver import connect_to_look
from daemon.cli.process import DaemonProcess, command_line, surroundings
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.slow

CONFIG = """
[http]
port = 0
[accounts.main]
market = "24/7"
currency = "USD"
commission_percent = "0.1"
[accounts.main.paper]
prices = { TQQQ = "100" }
[strategies.dip]
[strategies.momo]
[books.dip]
strategy = "dip"
account = "main"
capital = "1000000"
[books.momo]
strategy = "momo"
account = "main"
capital = "1000000"
"""
CALLERS = 4


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


async def nettingd(config: Path, *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command_line("--config", str(config), *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=surroundings(),
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def load(
    url: str, token: str, name: str, begun: asyncio.Semaphore, over: asyncio.Event
) -> int:
    """Buy and sell by turns until it is over; return how many orders were taken.

    ``begun`` is told of each.
    """
    taken = 0
    async with ClientSession() as session:
        while not over.is_set():
            order = {
                "group_name": name,
                "token": token,
                "order_type": "MARKET",
                "symbol": "TQQQ",
                "side": "sell" if taken % 2 else "buy",
                "qty": "1",
                "id": f"{id(over)}-{id(session)}-{taken}",
            }
            async with session.post(f"{url}/api/webhook", json=order) as response:
                await response.read()
                if response.status == 200:
                    taken += 1
                    begun.release()
    return taken


async def test_a_backup_taken_under_load_restores_and_verifies(
    daemon: DaemonProcess, config: Path, tmp_path: Path
) -> None:
    begun, over = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as callers:
        tokens = {name: (await nettingd(config, "token", name))[1] for name in ("dip", "momo")}
        loads = [
            callers.create_task(load(daemon.url, token.strip(), name, begun, over))
            for name, token in tokens.items()
            for _ in range(CALLERS // 2)
        ]
        for _ in range(2 * CALLERS):
            await begun.acquire()
        kept = str(tmp_path / "kept")
        code, out, err = await nettingd(config, "backup", kept, "--json")
        assert (code, err) == (Exit.OK, ""), out
        over.set()
    assert sum(each.result() for each in loads) > 2 * CALLERS, "it went on meanwhile"
    assert orjson.loads(out)["verified"] is True

    before = count(config)
    code, out, err = await nettingd(config, "restore", kept, "--yes", "--json")
    assert code == Exit.OK, err
    assert "everything is halted" in err
    assert 0 < count(config) < before
    code, out, _ = await nettingd(config, "order", "buy", "TQQQ", "--book", "dip", "--qty", "1")
    assert code == Exit.FAILED
    assert "restored from the backup" in out
    for _ in range(50):
        code, out, err = await nettingd(config, "resume")
        if code == Exit.OK:
            break
        assert "not_reconciled" in err
    assert (code, out) == (Exit.OK, "all: not halted\n")
    code, _, _ = await nettingd(config, "order", "buy", "TQQQ", "--book", "dip", "--qty", "1")
    assert code == Exit.OK
    assert await daemon.stop() == Exit.OK
    code, out, _ = await nettingd(config, "verify")
    assert code == Exit.OK, out


def count(config: Path) -> int:
    """Count the fills in use."""
    with closing(connect_to_look(config.parent / "data/nettingd.db")) as database:
        found: Any = database.execute("SELECT COUNT(*) AS count FROM fills").fetchone()
        return int(found["count"])


async def test_without_a_daemon_a_backup_is_put_back_at_once(
    daemon: DaemonProcess, config: Path
) -> None:
    await daemon.stop()
    code, out, _ = await nettingd(config, "backup")
    assert code == Exit.OK
    folder = out.split(": verified")[0]
    code, _, err = await nettingd(config, "restore", folder)
    assert (code, err) == (
        Exit.BAD_INPUT,
        "nettingd restore: nobody can be asked here: give --yes\n",
    )
    code, out, _ = await nettingd(config, "restore", folder, "--yes")
    assert code == Exit.OK
    assert "verified" in out
    assert list((config.parent / "data").glob("*.before-*"))


async def test_who_has_another_token_restores_nothing(
    daemon: DaemonProcess, config: Path, tmp_path: Path
) -> None:
    kept = str(tmp_path / "kept")
    assert (await nettingd(config, "backup", kept))[0] == Exit.OK
    process = await asyncio.create_subprocess_exec(
        *command_line("--config", str(config), "restore", kept, "--yes"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**surroundings(), "NETTINGD_HTTP__ADMIN_TOKEN": "guessed"},
    )
    _, err = await process.communicate()
    assert process.returncode == Exit.NOT_REACHABLE
    assert b"admin token" in err
    assert await daemon.stop() == Exit.OK
    assert {file.suffix for file in (tmp_path / "data").iterdir()} <= {"", ".db", ".token"}


async def test_failures_are_one_line(config: Path, tmp_path: Path) -> None:
    code, _, err = await nettingd(config, "backup")
    assert (code, err.count("\n")) == (Exit.DATABASE, 1)
    assert "there is no database at" in err
    code, _, err = await nettingd(config, "restore", str(tmp_path / "none"), "--yes")
    assert (code, err.count("\n")) == (Exit.BAD_INPUT, 1)
    (tmp_path / "data").mkdir(exist_ok=True)
    code, _, err = await nettingd(config, "backup", str(tmp_path / "data"))
    assert (code, err.count("\n")) == (Exit.BAD_INPUT, 1)
    assert "is there already" in err
