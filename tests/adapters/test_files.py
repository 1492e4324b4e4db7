from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from adapters.files import hand_over, make_file, make_folder

if TYPE_CHECKING:
    from pathlib import Path

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
SERVICE = 61_184
"""As systemd numbers the user of a service."""


def owners(*paths: Path) -> set[int]:
    return {path.lstat().st_uid for path in paths}


@AS_ROOT
def test_what_root_makes_in_the_service_s_folder_belongs_to_the_service(tmp_path: Path) -> None:
    home = tmp_path / "nettingd"
    home.mkdir()
    os.chown(home, SERVICE, SERVICE)

    make_folder(home / "backups" / "20261120T033000Z")
    make_file(home / "backups" / "20261120T033000Z" / "nettingd.db")

    made = list(home.rglob("*"))
    assert len(made) == 3
    assert owners(*made) == {SERVICE}


@AS_ROOT
def test_a_link_that_the_service_put_there_gives_nothing_of_root_s_away(tmp_path: Path) -> None:
    of_root, home = tmp_path / "shadow", tmp_path / "nettingd"
    of_root.touch()
    home.mkdir()
    os.chown(home, SERVICE, SERVICE)
    (home / "lock").symlink_to(of_root)

    make_file(home / "lock")
    hand_over(home / "lock")

    assert owners(of_root) == {0}
    assert owners(home / "lock") == {SERVICE}


def test_what_is_made_is_private_and_what_is_there_stays(tmp_path: Path) -> None:
    folder, file = tmp_path / "a" / "b", tmp_path / "a" / "b" / "file"
    make_folder(folder)
    make_file(file)
    file.write_text("kept")

    make_folder(folder)
    make_file(file)

    assert file.read_text() == "kept"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, file)]
    assert modes == [0o700, 0o700, 0o600]


def test_a_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    make_file(tmp_path / "data")

    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "data")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "data" / "backups")
