from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config.credentials import HANDED_OVER, loaded_by, source_of

ALPHA = HANDED_OVER / "nettingd.service" / "alpha"


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("daemon.config.credentials.UNITS", tmp_path)
    return tmp_path


def test_the_backup_reads_its_own_copy_of_what_the_service_is_handed(units: Path) -> None:
    (units / "nettingd.service").write_text("LoadCredential=alpha:/etc/nettingd/alpha\n")
    environ = {"CREDENTIALS_DIRECTORY": "/run/credentials/nettingd-backup.service"}

    found = source_of(ALPHA, environ)

    assert found == Path("/run/credentials/nettingd-backup.service/alpha")


def test_root_s_commands_read_the_file_that_the_unit_names(units: Path) -> None:
    unit = "[Service]\nLoadCredential=alpha:/etc/nettingd/alpha\nLoadCredential=no:relative\n"
    (units / "nettingd.service").write_text(unit)

    assert source_of(ALPHA, {}) == Path("/etc/nettingd/alpha")
    assert source_of(ALPHA.with_name("no"), {}) == ALPHA.with_name("no")
    assert source_of(HANDED_OVER / "other.service" / "alpha", {}).parent.name == "other.service"


def test_a_unit_still_to_be_written_is_told_of(units: Path) -> None:
    assert source_of(ALPHA, {}, {ALPHA: units / "alpha"}) == units / "alpha"


def test_other_files_are_read_where_they_are(units: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(units)}

    assert source_of(Path("/etc/nettingd/alpha"), environ) == Path("/etc/nettingd/alpha")
    assert loaded_by(units / "nettingd.service") == {}
