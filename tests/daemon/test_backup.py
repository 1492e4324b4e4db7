"""A backup is one moment of every database, private, whole or not there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from daemon.backup import (
    BOOKS,
    MANIFEST,
    BackupError,
    back_up,
    copy,
    databases_of,
    read_manifest,
)
from daemon.cli.verify import findings_of
from tests.support.loops import in_virtual_time
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World


def silent(_: int, __: int) -> None:
    pass


async def bought(day: World) -> None:
    await day.submit("alpha", buy("TQQQ", "10"))
    await day.pass_time(1)


def test_what_is_copied_verifies_and_is_private(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            await bought(day)
            target = tmp_path / "kept" / "monday"
            seen: list[tuple[int, int]] = []
            manifest = back_up(
                day.engine.config, target, day.clock.now(), lambda *pages: seen.append(pages)
            )
            assert read_manifest(target) == manifest
            assert set(manifest.files) == {BOOKS, "paper-main.db"}
            assert seen[-1][0] == 0
            files = {file.name for file in target.iterdir()}
            assert files == {*manifest.files, MANIFEST}
            assert all(file.stat().st_mode & 0o077 == 0 for file in [target, *target.iterdir()])
            findings = findings_of(target / BOOKS, {"main": target / "paper-main.db"})
            assert all(finding.holds for finding in findings)
            assert {file.name for file in target.iterdir()} == files

    in_virtual_time(story())


def test_what_happens_while_it_is_copied_is_not_in_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            await bought(day)
            books = databases_of(day.engine.config)[BOOKS]

            def somebody_writes(_: int, __: int) -> None:
                with closing(sqlite3.connect(books)) as other, other:
                    other.execute("UPDATE positions SET quantity = '999' WHERE asset = 'TQQQ'")

            target = tmp_path / "monday"
            back_up(day.engine.config, target, day.clock.now(), somebody_writes)
            with closing(sqlite3.connect(target / BOOKS)) as copy:
                rows = copy.execute("SELECT quantity FROM positions WHERE asset = 'TQQQ'")
                assert {quantity for (quantity,) in rows} == {"10"}

    in_virtual_time(story())


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            target = tmp_path / "kept" / "monday"

            def pulled(_: int, __: int) -> None:
                raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                back_up(day.engine.config, target, day.clock.now(), pulled)
            assert list(target.parent.iterdir()) == []
            target.mkdir()
            with pytest.raises(FileExistsError):
                back_up(day.engine.config, target, day.clock.now(), silent)

    in_virtual_time(story())


def test_a_backup_that_was_changed_is_none(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            target = tmp_path / "monday"
            back_up(day.engine.config, target, day.clock.now(), silent)
        with (target / BOOKS).open("r+b") as file:
            file.seek(1000)
            file.write(b"x")
        with pytest.raises(BackupError, match="missing or was changed"):
            read_manifest(target)
        for text in (
            b"{}",
            b"[]",
            b"no JSON",
            b'{"nettingd": "1", "taken_at": "", "schema": [], "files": {}}',
        ):
            (target / MANIFEST).write_bytes(text)
            with pytest.raises(BackupError, match="is no backup"):
                read_manifest(target)

    in_virtual_time(story())


def test_a_copy_never_goes_through_what_somebody_put_in_its_way(tmp_path: Path) -> None:
    of_root, target = tmp_path / "shadow", tmp_path / "nettingd.db"
    of_root.touch()
    target.symlink_to(of_root)
    with closing(sqlite3.connect(":memory:")) as source, pytest.raises(FileExistsError):
        copy(source, target, lambda *_: None)
    assert of_root.read_bytes() == b""
