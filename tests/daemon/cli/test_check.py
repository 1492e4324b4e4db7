from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from daemon.cli.check import check

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[3]


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text)
    return file


WRONG = '[http]\nprot = 1\nhost = "local host"\n'
KEY = {"KEY": "k"}
EARLY = """
[accounts.seoul]
broker = "ccxt"
exchange = "no exchange of that name"
market = "24/7"
currency = "KRW"
credentials.api_key = { env = "KEY" }
credentials.api_secret = { env = "KEY" }
[accounts.toy]
market = "24/7"
[strategies.bot]
[books.bot]
strategy = "bot"
account = "seoul"
capital = "0.10"
"""


def test_the_shipped_configuration_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(ROOT / "config.toml", {}, as_json=False, online=False) == 0
    out, err = capsys.readouterr()
    assert out.startswith("configuration is right; accounts: 1, strategies: 3, books: 3, jobs: 0\n")
    for word in ("paper", "24/7 spot", "300000 USD", "momentum", "created at start"):
        assert word in out
    assert err == ""


def test_errors_are_lines_of_path_message_and_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(write(tmp_path, WRONG), {}, as_json=False, online=False) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        'http.host: must be a host name or an address (like "127.0.0.1")\n'
        "http.prot: unknown key (did you mean port?)\n"
    )


def test_a_missing_file_is_an_error_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path / "none.toml", {}, as_json=False, online=False) == 2
    assert "cannot be read: No such file or directory" in capsys.readouterr().err


def test_errors_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write(tmp_path, WRONG), {}, as_json=True, online=False) == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert orjson.loads(out) == {
        "ok": False,
        "errors": [
            {
                "path": "http.host",
                "message": "must be a host name or an address",
                "hint": 'like "127.0.0.1"',
            },
            {"path": "http.prot", "message": "unknown key", "hint": "did you mean port?"},
        ],
        "warnings": [],
        "config": None,
    }


def test_what_is_not_supported_is_warned_of_and_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(write(tmp_path, EARLY), KEY, as_json=False, online=False) == 0
    out, err = capsys.readouterr()
    assert "0.1 KRW" in out
    assert err.startswith("warning: accounts.seoul.exchange: ccxt ")
    assert err.endswith(" (the account stays out of work)\n")


def test_the_report_for_programs_has_the_effective_values_and_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {**KEY, "NETTINGD_HTTP__ADMIN_TOKEN": "correct-horse", "NETTINGD_HTTP__PORT": "0"}
    assert check(write(tmp_path, EARLY), environ, as_json=True, online=False) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "correct-horse" not in out
    report = orjson.loads(out)
    assert report.keys() == {"ok", "errors", "warnings", "config"}
    assert (report["ok"], report["errors"]) == (True, [])
    assert "accounts.seoul.exchange" in {each["path"] for each in report["warnings"]}
    assert report["config"]["http"]["port"] == 0
    assert report["config"]["http"]["admin_token"] == "set"


def test_online_says_for_each_account_what_came_of_its_login(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, EARLY)
    assert check(file, KEY, as_json=False, online=True) == 0
    out = capsys.readouterr().out
    assert "login toy: not needed" in out
    assert "login seoul: failed: ccxt " in out
    assert check(file, KEY, as_json=True, online=True) == 0
    assert orjson.loads(capsys.readouterr().out)["logins"].keys() == {"seoul", "toy"}


def test_checking_creates_nothing(tmp_path: Path) -> None:
    check(write(tmp_path, EARLY), KEY, as_json=False, online=True)
    assert [each.name for each in tmp_path.iterdir()] == ["config.toml"]
