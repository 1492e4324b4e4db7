from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import orjson
import pytest

from algorithms.domain import OrderType
from daemon.cli.verify import verify
from daemon.storage.lock import DirectoryLock
from tests.support.loops import in_virtual_time
from tests.support.world import THREE_BOOKS, buy, world

if TYPE_CHECKING:
    from pathlib import Path

    Output = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose daemon has traded and stopped."""

    async def story() -> None:
        async with world(tmp_path) as day:
            await day.submit("alpha", buy("TQQQ", "10"))
            await day.submit("beta", buy("SOXL", "2", kind=OrderType.LIMIT, price="20"))
            await day.pass_time(5)

    in_virtual_time(story())
    return tmp_path / "config.toml"


def spoil(config: Path, statement: str) -> None:
    with closing(sqlite3.connect(config.parent / "data" / "nettingd.db")) as database:
        database.execute(statement)
        database.commit()


def test_all_hold_after_a_day(config: Path, capsys: Output) -> None:
    assert verify(config, {}, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[-2:] == ["9", "holds"]
    assert lines[3].endswith("holds (in flight: main USD)")
    assert lines[8].endswith("nothing to check")
    assert lines[9].endswith("nothing to check")
    assert len(lines) == 10


def test_a_position_that_was_changed_by_hand_is_found(config: Path, capsys: Output) -> None:
    spoil(config, "UPDATE positions SET quantity = '11' WHERE book = 'a' AND asset = 'TQQQ'")
    assert verify(config, {}, as_json=False) == 1
    out = capsys.readouterr().out
    assert "BROKEN: 1" in out
    assert "1  main a TQQQ: quantity is 11, its ledger says 10" in out
    assert "2  main TQQQ: the books hold 11, the broker 10" in out


def test_a_program_gets_the_same_as_json(config: Path, capsys: Output) -> None:
    spoil(config, "UPDATE positions SET quantity = '11' WHERE book = 'a' AND asset = 'TQQQ'")
    assert verify(config, {}, as_json=True) == 1
    report = orjson.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert [one["number"] for one in report["invariants"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert report["invariants"][0]["violations"] == [
        {"where": "main a TQQQ", "what": "quantity is 11, its ledger says 10"}
    ]


def test_while_the_daemon_runs_its_exchange_is_not_compared(config: Path, capsys: Output) -> None:
    with DirectoryLock(config.parent / "data"):
        assert verify(config, {}, as_json=False) == 0
    assert "nothing to check: broker not asked: main" in capsys.readouterr().out


def test_what_waits_while_the_daemon_is_down_is_not_late(config: Path) -> None:
    spoil(
        config,
        "UPDATE requests SET finished_at = NULL, answer = NULL, status = 'stored'"
        " WHERE strategy = 'alpha'",
    )
    assert verify(config, {}, as_json=False) == 0
    with DirectoryLock(config.parent / "data"):
        assert verify(config, {}, as_json=False) in {0, 1}


def test_nothing_is_written(config: Path) -> None:
    def content() -> dict[str, bytes]:
        folder = config.parent / "data"
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".db"}

    before = content()
    assert verify(config, {}, as_json=False) == 0
    assert content() == before


def test_a_wrong_configuration_is_told(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[nonsense]\n")
    assert verify(path, {}, as_json=False) == 2
    assert "nonsense" in capsys.readouterr().err


def test_a_database_that_is_not_there_or_not_ours_is_told(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "config.toml"
    path.write_text(THREE_BOOKS)
    assert verify(path, {}, as_json=False) == 4
    assert "there is no database at" in capsys.readouterr().err
    database = tmp_path / "data" / "nettingd.db"
    database.parent.mkdir()
    database.write_bytes(b"not a database, but long enough to be read as one" * 100)
    assert verify(path, {}, as_json=False) == 4
    assert "restore the last backup" in capsys.readouterr().err
    database.unlink()
    sqlite3.connect(database).close()
    database.touch()
    assert verify(path, {}, as_json=False) == 4
    assert "another version" in capsys.readouterr().err
