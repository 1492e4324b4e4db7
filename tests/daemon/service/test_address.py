from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.service.address import note_address, noted_address

if TYPE_CHECKING:
    from pathlib import Path


def test_the_address_is_found_where_the_daemon_noted_it(tmp_path: Path) -> None:
    file = note_address(tmp_path, "http://127.0.0.1:4711")
    assert noted_address(tmp_path) == "http://127.0.0.1:4711"
    file.unlink()
    assert noted_address(tmp_path) is None


def test_an_empty_note_is_none(tmp_path: Path) -> None:
    note_address(tmp_path, "")
    assert noted_address(tmp_path) is None
