"""Which migrations a database has had, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.cli.main import main
from daemon.service.exits import Exit
from daemon.storage.lock import DirectoryLock
from daemon.storage.schema import migrate, taken_back, wanted
from tests.support.loops import in_virtual_time
from tests.support.world import THREE_BOOKS, buy, world

if TYPE_CHECKING:
    from pathlib import Path

FIRST, *LATER = wanted()


def call(folder: Path, *arguments: str) -> int:
    path = folder / "config.toml"
    path.write_text(THREE_BOOKS)
    return main(["--config", str(path), "migrate", *arguments])


def database(folder: Path) -> Path:
    (folder / "data").mkdir()
    path = folder / "data/nettingd.db"
    migrate(path)
    return path


def test_every_migration_is_listed_with_its_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken_back(database(tmp_path), FIRST)

    assert call(tmp_path) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{FIRST}: applied"
    assert lines[1:] == [f"{each}: missing; the next start applies it" for each in LATER]


def test_books_outlive_the_way_back_and_forth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def trade() -> None:
        async with world(tmp_path) as here:
            await here.submit("alpha", buy("TQQQ", "10"))
            await here.settle()

    async def look_again() -> None:
        async with world(tmp_path, seed=2) as here:
            assert await here.held("a", "TQQQ") == 10
            assert await here.check() == ()

    in_virtual_time(trade())
    assert call(tmp_path, "--to", FIRST) == Exit.OK
    assert f"took back {LATER[-1]}\n" in capsys.readouterr().out
    in_virtual_time(look_again())


def test_nothing_is_taken_back_under_a_daemon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database(tmp_path)
    with DirectoryLock(tmp_path / "data"):
        assert call(tmp_path, "--to", FIRST) == Exit.ALREADY_RUNNING
    assert "stop it first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--to", "0000_nothing"), Exit.BAD_INPUT, "there is no migration '0000_nothing'"),
        ((), Exit.DATABASE, "there is no database yet"),
    ],
)
def test_what_cannot_be_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: Exit,
    words: str,
) -> None:
    assert call(tmp_path, *arguments) == code
    assert words in capsys.readouterr().err
