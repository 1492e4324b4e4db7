from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.overrides import apply_overrides
from tests.daemon.config.loading import ONE_BOOK, complaints, load

if TYPE_CHECKING:
    from pathlib import Path


def override(document: dict[str, object], **environ: str) -> dict[str, object]:
    _, problems = apply_overrides(document, environ)
    assert not problems
    return document


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("HTTP__PORT", "0", "http.port", 0),
        ("http__port", "0", "http.port", 0),
        ("HTTP__HOST", "::1", "http.host", "::1"),
        ("HTTP__HOST", '"::1"', "http.host", "::1"),
        ("DAEMON__LIVE", "true", "daemon.live", True),
        ("DAEMON__NAME", "12", "daemon.name", "12"),
        ("DAEMON__DATA_DIR", "/var/2", "daemon.data_dir", "/var/2"),
        ("NETTING__MAX_DEVIATION_PERCENT", "2.50", "netting.max_deviation_percent", Decimal("2.5")),
        ("WEBHOOK__ALLOW_FROM", '["192.0.2.7"]', "webhook.allow_from", ["192.0.2.7"]),
        ("WEBHOOK__ALLOW_FROM", '[\n"192.0.2.7"\n]', "webhook.allow_from", ["192.0.2.7"]),
        ("HTTP__TLS", '{key = "k"}', "http.tls", {"key": "k"}),
        ("HTTP__TLS__KEY", "k.pem", "http.tls.key", "k.pem"),
        ("ACCOUNTS__MAIN__PAPER__SEED", "7", "accounts.main.paper.seed", 7),
        ("ACCOUNTS__MAIN__ACCOUNT_NO", "00123", "accounts.main.account_no", "00123"),
        ("ACCOUNTS__MAIN__ACCOUNT_NO", "123", "accounts.main.account_no", "123"),
        ("ACCOUNTS__NEW__MARKET", "24/7", "accounts.new.market", "24/7"),
        ("ACCOUNTS__A__PAPER__PRICES__TQQQ", "9.5", "accounts.a.paper.prices.TQQQ", Decimal("9.5")),
        ("CALENDARS__XKRX__CLOSED", '["2026-06-03"]', "calendars.XKRX.closed", ["2026-06-03"]),
        ("CALENDARS__XKRX__HOURS__2026-11-19", "10:00-16:30", "calendars.XKRX.hours.2026-11-19",
         "10:00-16:30"),
        ("BOOKS__BOT__RULE__SEED", "100", "books.bot.rule.seed", 100),
        ("BOOKS__BOT__SYMBOLS", '["TQQQ"]', "books.bot.symbols", ["TQQQ"]),
        ("JOBS", '[{run = "report", at = "09:10"}]', "jobs", [{"run": "report", "at": "09:10"}]),
        ("NOTIFY__TELEGRAM__CHAT_ID", "-100123", "notify.telegram.chat_id", "-100123"),
        ("STRATEGIES__BOT__TOKEN", "t", "strategies.bot.token",
         {"env": "NETTINGD_STRATEGIES__BOT__TOKEN"}),
        ("ACCOUNTS__K__CREDENTIALS__APP_KEY", "t", "accounts.k.credentials.app_key",
         {"env": "NETTINGD_ACCOUNTS__K__CREDENTIALS__APP_KEY"}),
    ],
)  # fmt: skip
def test_a_variable_sets_the_key_it_spells(
    variable: str, text: str, path: str, value: object
) -> None:
    here: object = override({}, **{f"NETTINGD_{variable}": text})
    for key in path.split("."):
        assert isinstance(here, dict)
        here = here[key]
    assert here == value


def test_a_variable_replaces_what_the_file_says(tmp_path: Path) -> None:
    text = "[http]\nport = 1\nhost = 'localhost'\n"
    config = load(tmp_path, text, NETTINGD_HTTP__PORT="2")
    assert (config.http.host, config.http.port) == ("localhost", 2)


def test_a_table_comes_before_the_keys_in_it(tmp_path: Path) -> None:
    environ = {"NETTINGD_HTTP__PORT": "2", "NETTINGD_HTTP": "{port = 1, host = '::1'}"}
    config = load(tmp_path, "", **environ)
    assert (config.http.host, config.http.port) == ("::1", 2)


def test_keys_of_the_file_are_found_in_any_spelling() -> None:
    symbols: dict[str, object] = {"instruments": {"BTC/USDT": {"lot": 1}, "soxl": {"lot": 1}}}
    override(symbols, NETTINGD_INSTRUMENTS__BTCUSDT__LOT="2", NETTINGD_INSTRUMENTS__SOXL__LOT="3")
    assert symbols == {"instruments": {"BTC/USDT": {"lot": 2}, "soxl": {"lot": 3}}}


def test_a_name_of_the_file_may_hold_two_underscores() -> None:
    books: dict[str, object] = {"books": {"a": {}, "a__b": {}, "b_": {}}}
    override(
        books,
        NETTINGD_BOOKS__A__CAPITAL="1",
        NETTINGD_BOOKS__A__B__CAPITAL="2",
        NETTINGD_BOOKS__B___CAPITAL="3",
    )
    assert books == {"books": {"a": {"capital": 1}, "a__b": {"capital": 2}, "b_": {"capital": 3}}}


def test_jobs_are_counted_from_zero_and_one_may_be_added() -> None:
    jobs: dict[str, object] = {"jobs": [{"run": "report", "at": "09:10"}]}
    override(jobs, NETTINGD_JOBS__0__AT="09:20", NETTINGD_JOBS__1__RUN="twap")
    assert jobs == {"jobs": [{"run": "report", "at": "09:20"}, {"run": "twap"}]}


def test_the_value_of_a_secret_is_the_secret_itself_letter_by_letter(tmp_path: Path) -> None:
    for text in ('"quoted"', "{ env = 'HOME' }", "12", " x "):
        config = load(tmp_path, "", NETTINGD_HTTP__ADMIN_TOKEN=text)
        assert config.http.admin_token is not None
        assert config.http.admin_token.reveal() == text


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("NETTINGD_HTP__PORT", "did you mean NETTINGD_HTTP__PORT?"),
        ("NETTINGD_HTTP__PORT__DEEPER", "did you mean NETTINGD_HTTP__PORT?"),
        ("NETTINGD_JOBS__5__AT", ""),
        ("NETTINGD_JOBS__X__AT", ""),
        ("NETTINGD_", ""),
        ("NETTINGD_BOOKS__", ""),
        ("NETTINGD_BOOKS__B__", ""),
    ],
)
def test_a_variable_that_names_no_key_is_a_problem(
    tmp_path: Path, variable: str, hint: str
) -> None:
    found = complaints(tmp_path, "", **{variable: "1"})
    assert found.keys() == {variable}
    assert hint in found[variable]


def test_variables_that_are_no_keys_are_left_alone(tmp_path: Path) -> None:
    assert complaints(tmp_path, "", NETTINGD_CONFIG="x", NETTINGDISH="x", PATH="/bin") == {}


def test_a_variable_that_a_secret_is_read_from_may_be_called_anything(tmp_path: Path) -> None:
    text = '[http]\nadmin_token = { env = "NETTINGD_MY_TOKEN" }\n'
    config = load(tmp_path, text, NETTINGD_MY_TOKEN="t")
    assert config.http.admin_token is not None
    assert config.http.admin_token.reveal() == "t"


def test_two_variables_for_one_key_contradict_each_other(tmp_path: Path) -> None:
    found = complaints(tmp_path, "", NETTINGD_HTTP__PORT="1", NETTINGD_http__port="1")
    assert found == {
        "NETTINGD_http__port": "sets http.port, as does NETTINGD_HTTP__PORT (unset one)"
    }


def test_a_wrong_value_is_reported_with_its_key_and_its_variable(tmp_path: Path) -> None:
    found = complaints(
        tmp_path, ONE_BOOK, NETTINGD_HTTP__PORT="http", NETTINGD_BOOKS__BOT__LEVERAGE="0"
    )
    assert found == {
        "http.port": "must be a whole number, without quotes (set by NETTINGD_HTTP__PORT)",
        "books.bot.leverage": "must be above 0 (set by NETTINGD_BOOKS__BOT__LEVERAGE)",
    }


def test_a_value_cannot_smuggle_in_other_keys(tmp_path: Path) -> None:
    config = load(tmp_path, "", NETTINGD_DAEMON__DATA_DIR="x")
    assert config.daemon.live is False
    found = complaints(tmp_path, "", NETTINGD_HTTP__PORT="1\n[daemon]\nlive = true")
    assert found.keys() == {"http.port"}


def test_a_variable_below_something_that_is_no_table_is_left_to_the_check_of_that(
    tmp_path: Path,
) -> None:
    environ = {"NETTINGD_HTTP__PORT": "1", "NETTINGD_JOBS__0__AT": "09:10"}
    found = complaints(tmp_path, "http = 5\njobs = 'x'\n", **environ)
    assert found.keys() == {"http", "jobs"}


@given(st.dictionaries(st.text(max_size=20).map("NETTINGD_".__add__), st.text(max_size=20)))
def test_no_environment_upsets_the_reader(environ: dict[str, str]) -> None:
    apply_overrides({"books": {"a": {}, "b__c": 1}, "jobs": [{}]}, environ)
