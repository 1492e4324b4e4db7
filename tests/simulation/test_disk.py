"""The disk of a simulated day: after a power cut everything that was committed is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.sqlite.driver import connect
from tests.simulation.disk import furnish, tear

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_gets_an_empty_database_of_the_current_schema_once(tmp_path: Path) -> None:
    furnish(tmp_path)
    file = tmp_path / "data" / "nettingd.db"
    connection = connect(file, read_only=False)
    connection.execute("INSERT INTO facts (name, value) VALUES ('kept', 'yes')")
    connection.close()
    furnish(tmp_path)
    connection = connect(file, read_only=True)
    assert [tuple(row) for row in connection.execute("SELECT * FROM facts")] == [("kept", "yes")]
    connection.close()


def test_a_torn_write_is_left_behind_what_was_committed_and_read_by_nobody(tmp_path: Path) -> None:
    file, copy = tmp_path / "whole.db", tmp_path / "torn.db"
    connection = connect(file, read_only=False)
    connection.execute("CREATE TABLE coins (side TEXT)")
    for side in ("heads", "tails"):
        connection.execute("INSERT INTO coins VALUES (?)", (side,))
    for suffix in ("", "-wal"):  # as a power cut leaves it: nobody has folded in the log
        (tmp_path / f"torn.db{suffix}").write_bytes((tmp_path / f"whole.db{suffix}").read_bytes())
    connection.close()
    before = (tmp_path / "torn.db-wal").stat().st_size
    assert tear(copy)
    assert (tmp_path / "torn.db-wal").stat().st_size > before
    connection = connect(copy, read_only=False)
    connection.execute("INSERT INTO coins VALUES ('edge')")
    sides = [row["side"] for row in connection.execute("SELECT side FROM coins")]
    connection.close()
    assert sides == ["heads", "tails", "edge"]


def test_a_database_without_a_log_has_nothing_to_tear(tmp_path: Path) -> None:
    assert not tear(tmp_path / "none.db")
