from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.cli.token import token

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def write(folder: Path) -> Path:
    file = folder / "config.toml"
    file.write_text('[strategies.dip]\n[strategies.fixed]\ntoken = { env = "FIXED" }\n')
    return file


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_token_is_made_once_and_printed_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(tmp_path)
    assert token(config, {"FIXED": "f"}, "dip") == 0
    first = printed(capsys)
    assert token(config, {"FIXED": "f"}, "dip") == 0
    assert printed(capsys) == first
    assert first.count("\n") == 1
    assert len(first) > 40


def test_the_admin_has_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path)
    assert token(config, {"FIXED": "f"}, "dip") == 0
    strategy = printed(capsys)
    assert token(config, {"FIXED": "f"}, "admin") == 0
    assert printed(capsys) != strategy


def test_a_configured_token_is_printed_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert token(write(tmp_path), {"FIXED": "given"}, "fixed") == 0
    assert printed(capsys) == "given\n"


def test_an_unknown_name_is_answered_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert token(write(tmp_path), {"FIXED": "f"}, "dipp") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("there are admin, dip, fixed\n")


def test_a_wrong_configuration_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert token(write(tmp_path), {}, "dip") == 2
    assert "strategies.fixed.token" in capsys.readouterr().err
