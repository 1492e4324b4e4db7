from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from yoyo import get_backend, read_migrations

from adapters.sqlite.errors import StorageCorruptError, StorageError
from daemon.storage import schema
from daemon.storage.schema import MIGRATIONS, SchemaTooNewError, migrate, wanted

SHARED = Path(__file__).with_name("migrations.sha256")
"""What databases out there may have had."""


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%yoyo%'"
        ).fetchall()
    return {row[0] for row in rows}


def test_a_new_file_gets_every_table(tmp_path: Path) -> None:
    migrate(tmp_path / "new.db")

    assert {"requests", "parent_orders", "child_orders", "fills", "postings"} <= tables(
        tmp_path / "new.db"
    )


def schema_of(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        had = connection.execute(
            "SELECT migration_id, migration_hash FROM _yoyo_migration ORDER BY migration_id"
        ).fetchall()
    return [*made, *had]


def one_after_another(path: Path) -> None:
    backend = get_backend(f"sqlite:///{path}")
    with backend.lock():
        backend.apply_migrations(backend.to_apply(read_migrations(str(MIGRATIONS))))
    backend.connection.close()


def test_a_new_file_is_what_one_migration_after_another_makes(tmp_path: Path) -> None:
    migrate(tmp_path / "new.db")
    one_after_another(tmp_path / "old.db")

    assert schema_of(tmp_path / "new.db") == schema_of(tmp_path / "old.db")


def test_a_file_whose_first_migration_never_came_gets_them_all(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "begun.db")) as connection:
        connection.execute("CREATE TABLE yoyo_lock (locked INT, ctime TIMESTAMP, pid INT)")

    migrate(tmp_path / "begun.db")

    assert wanted()[-1] in dict(schema_of(tmp_path / "begun.db"))


def test_a_start_that_fails_half_way_leaves_a_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "half.db"
    with monkeypatch.context() as broken:
        broken.setattr(schema, "_everything", lambda: ("CREATE TABLE a (b INT)", "CREATE nothing"))
        with pytest.raises(StorageError, match="nothing"):
            migrate(path)
    assert tables(path) == set()

    migrate(path)

    assert "facts" in tables(path)


def test_a_current_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "current.db"
    migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO facts (name, value) VALUES ('kept', 'yes')")

    migrate(path)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT value FROM facts").fetchone() == ("yes",)


def test_asking_a_current_file_does_not_load_the_migration_library(tmp_path: Path) -> None:
    migrate(tmp_path / "current.db")
    code = (
        "import sys; from pathlib import Path; from daemon.storage.schema import migrate;"
        "migrate(Path(sys.argv[1])); sys.exit('yoyo' in sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code, tmp_path / "current.db"], check=True)  # noqa: S603


def test_every_migration_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "back.db"
    migrate(path)
    backend = get_backend(f"sqlite:///{path}")

    with backend.lock():
        backend.rollback_migrations(backend.to_rollback(read_migrations(str(MIGRATIONS))))
    backend.connection.close()

    assert tables(path) == set()


def test_every_migration_has_its_way_back() -> None:
    for migration in wanted():
        assert (MIGRATIONS / f"{migration}.rollback.sql").exists()


def test_no_migration_is_changed_once_it_is_shared() -> None:
    """A file that has had a migration never has it again: what is added to it would be missing.

    The list is that of `sha256sum`, a line for each file of the folder.
    """
    shared = {
        name: digest for digest, name in map(str.split, SHARED.read_text("ascii").splitlines())
    }
    files = {path.name: sha256(path.read_bytes()).hexdigest() for path in MIGRATIONS.glob("*.sql")}
    changed = sorted(name for name, digest in shared.items() if files.get(name) != digest)
    assert not changed, f"write a new migration instead of changing {', '.join(changed)}"
    new = [f"{files[name]}  {name}" for name in sorted(files.keys() - shared.keys())]
    assert not new, "\n".join([f"new, to be listed in {SHARED}:", *new])


def test_a_file_that_had_the_index_already_keeps_it(tmp_path: Path) -> None:
    """For some hours it was made by the migration before."""
    path = tmp_path / "early.db"
    migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM _yoyo_migration WHERE migration_id = '0101_unseen_notices'")

    migrate(path)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'notices_unseen'"
        ).fetchone() == (1,)


def test_a_file_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "later.db"
    migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
            " VALUES ('x', '9999_future', '2030-01-01')"
        )

    with pytest.raises(SchemaTooNewError, match="9999_future"):
        migrate(path)


def test_a_damaged_file_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    path.write_bytes(b"not a database at all, not even close" * 200)

    with pytest.raises(StorageCorruptError):
        migrate(path)


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    migrate(tmp_path / "private.db")

    assert (tmp_path / "private.db").stat().st_mode & 0o077 == 0
