from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import orjson
import pytest

from daemon.cli.process import DaemonProcess
from daemon.cli.status import status
from daemon.service.address import note_address
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

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


def written(folder: Path, text: str = CONFIG) -> Path:
    file = folder / "config.toml"
    file.write_text(text)
    return file


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[DaemonProcess]:
    process = DaemonProcess(written(tmp_path))
    await process.start()
    yield process
    await process.kill()


@pytest.mark.slow
async def test_people_get_tables(
    daemon: DaemonProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(tmp_path / "config.toml", {}, as_json=False) == Exit.OK
    told = capsys.readouterr().out
    assert told.startswith(f"{daemon.url}: ready\n")
    for line in ("halts: none", "accounts: 1", "books: 1", "positions: 1", "open orders: none"):
        assert f"\n{line}\n" in told
    assert "1000" in told


@pytest.mark.slow
async def test_programs_get_json(
    daemon: DaemonProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(tmp_path / "config.toml", {}, as_json=True) == Exit.OK
    told = orjson.loads(capsys.readouterr().out)
    assert told["url"] == daemon.url
    assert told["readiness"] == {"status": "ready", "reasons": {}}
    assert [book["name"] for book in told["books"]] == ["dip"]
    assert told["positions"][0]["quantity"] == "1000"
    assert told["open_orders"] == []


@pytest.mark.slow
@pytest.mark.usefixtures("daemon")
async def test_another_token_is_not_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {"NETTINGD_HTTP__ADMIN_TOKEN": "guessed"}
    assert status(tmp_path / "config.toml", wrong, as_json=False) == Exit.NOT_REACHABLE
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "nettingd status: unauthorized: the admin token is missing or wrong\n"


def test_without_a_daemon_it_says_where_it_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config = written(tmp_path, CONFIG.replace("port = 0", f"port = {port}"))
    assert status(config, {}, as_json=True) == Exit.NOT_REACHABLE
    out, err = capsys.readouterr()
    assert out == ""
    assert f"no daemon answers at http://127.0.0.1:{port}" in err


def test_a_daemon_that_was_killed_is_not_reached_at_its_last_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    note_address(tmp_path / "data", "http://127.0.0.1:1")
    assert status(written(tmp_path), {}, as_json=False) == Exit.NOT_REACHABLE
    assert "http://127.0.0.1:1" in capsys.readouterr().err


def test_a_wrong_configuration_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = written(tmp_path, "[http]\nprot = 1\n")
    assert status(config, {}, as_json=False) == Exit.BAD_INPUT
    assert "http.prot" in capsys.readouterr().err
