from __future__ import annotations

import pickle
import string
import subprocess
import sys
import time
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import AccountName, StrategyName
from daemon.config import ConfigErrors, describe, load_config
from tests.daemon.config.loading import ONE_BOOK, complaints, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.config import Config

EVERYTHING_WRONG = """
[daemon]
nmae = "x"
timezone = "Mars"
[http]
port = "8710"
admin_token = "literal"
[database]
url = "mysql://x"
[twap]
fill_timeout_seconds = 600
[risk]
max_order_value = nan
[accounts.main]
broker = "papr"
market = "24/7"
[accounts.Other]
market = "24/7"
[accounts.other]
market = "24/7"
paper = { database = "data/paper-third.db" }
[accounts.third]
market = "24/7"
[strategies.bot]
token = { env = "TOKEN" }
signature_secret = { file = "missing" }
allow_from = ["10.0.0.1/8"]
[books.bot]
strategy = "bto"
account = "main"
capital = -1
[colour]
[[jobs]]
run = "twap"
at = ["09:10", "09:20", "09:20", "24:00"]
accounts = ["main", "mian"]
"""


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    found = complaints(
        tmp_path, EVERYTHING_WRONG, NETTINGD_HTTP__HOSTT="x", NETTINGD_LOC__MODE="up"
    )
    assert found.keys() == {
        "NETTINGD_HTTP__HOSTT", "loc.mode", "daemon.nmae", "daemon.timezone", "http.port",
        "http.admin_token", "database.url", "twap.fill_timeout_seconds", "risk.max_order_value",
        "accounts.main.broker", "accounts.Other", "accounts.third.paper.database",
        "strategies.bot.token", "strategies.bot.signature_secret", "strategies.bot.allow_from.0",
        "books.bot.strategy", "books.bot.capital", "colour", "jobs.0.at.2", "jobs.0.at.3",
        "jobs.0.accounts.1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("prot = 1", {"prot"}),
        ("[http]\nprot = 1", {"http.prot"}),
        ("http = 1", {"http"}),
        ("http = []", {"http"}),
        ("http = [{}]", {"http"}),
        ("[[http]]", {"http"}),
        ("daemon = 'x'", {"daemon"}),
        ("database = 'x'", {"database"}),
        ("accounts = []", {"accounts"}),
        ("[accounts]\nmain = 1", {"accounts.main"}),
        ("[accounts.main]\nmarket = '24/7'\npaper = 1", {"accounts.main.paper"}),
        ("[accounts.main]\npaper = {}", {"accounts.main.market"}),
        ("accounts.a = { market = '24/7', paper = { prices = 1 } }", {"accounts.a.paper.prices"}),
        ("[books]\nb = {}", {"books.b.strategy", "books.b.account"}),
        ("[books.b]\nstrategy = 1\naccount = []", {"books.b.strategy", "books.b.account"}),
        ("strategies = 1", {"strategies"}),
        ("jobs = {}", {"jobs"}),
        ("jobs = [1, {}]", {"jobs.0", "jobs.1.run", "jobs.1.at"}),
        ("[jobs]\nrun = 'twap'", {"jobs"}),
        ("instruments.A.B = 1", {"instruments.A.B"}),
        ("calendars.XKRX = []", {"calendars.XKRX"}),
        ("twap.fill_timeout_seconds = []", {"twap.fill_timeout_seconds"}),
        ("daemon.data_dir = {}", {"daemon.data_dir"}),
        ("daemon.data_dir = 0x" + "f" * 5000, {"daemon.data_dir"}),
        ("notify.telegram = 'x'", {"notify.telegram"}),
        ("http.tls = { certificate = 1, key = 2 }", {"http.tls.certificate", "http.tls.key"}),
        ("accounts.a = { market = '24/7', credentials = { 'A B' = { env = 'X' } } }",
         {'accounts.a.credentials."A B"'}),
    ],
)  # fmt: skip
def test_a_wrong_file_has_exactly_these_problems(
    tmp_path: Path, text: str, paths: set[str]
) -> None:
    assert complaints(tmp_path, text, X="x").keys() == paths


def test_two_accounts_written_twice_are_a_syntax_error(tmp_path: Path) -> None:
    found = complaints(tmp_path, '[accounts.a]\nmarket = "24/7"\n[accounts.a]\n')
    assert found.keys() == {str(tmp_path / "config.toml")}
    assert "line 3" in found.popitem()[1]


def test_paths_are_relative_to_the_file_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(ONE_BOOK)
    monkeypatch.chdir(tmp_path.parent)
    relative = (tmp_path / "config.toml").relative_to(tmp_path.parent)
    config = load_config(relative, {})
    monkeypatch.chdir("/")
    assert config.daemon.data_dir == tmp_path / "data"
    assert config.database.path == tmp_path / "data" / "nettingd.db"


def test_loading_opens_and_makes_nothing(tmp_path: Path) -> None:
    load(tmp_path, ONE_BOOK)
    assert [each.name for each in tmp_path.iterdir()] == ["config.toml"]


def test_the_same_file_gives_equal_configurations(tmp_path: Path) -> None:
    assert load(tmp_path, ONE_BOOK) == load(tmp_path, ONE_BOOK)
    assert load(tmp_path, ONE_BOOK) != load(tmp_path, ONE_BOOK + "active = false\n")


SECRET = "correct-horse-battery"
SECRETS = """
[http]
admin_token = { env = "ADMIN" }
[strategies.bot]
token = { file = "token" }
signature_secret = { env = "SIGNATURE" }
[notify.telegram]
token = { env = "TELEGRAM" }
chat_id = 1
[accounts.main]
broker = "binance"
market = "24/7"
credentials = { api_key = { env = "ADMIN" }, api_secret = { file = "token" } }
"""
SECRET_VARIABLES = ("ADMIN", "SIGNATURE", "TELEGRAM")


def test_secrets_arrive_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    environ = dict.fromkeys((*SECRET_VARIABLES, "NETTINGD_HTTP__ADMIN_TOKEN"), SECRET)
    config = load(tmp_path, SECRETS, **environ)
    bot = config.strategies[StrategyName("bot")]
    keys = config.accounts[AccountName("main")].credentials
    assert config.notify.telegram is not None
    for secret in (config.http.admin_token, bot.token, bot.signature_secret,
                   config.notify.telegram.token, keys["api_key"], keys["api_secret"]):  # fmt: skip
        assert secret is not None
        assert secret.reveal() == SECRET
    shown = [repr(config), str(config), str(describe(config)), repr(config.model_dump())]
    assert not [text for text in shown if SECRET in text]
    with pytest.raises(TypeError):
        pickle.dumps(config)


LITERALS = [
    f'[http]\nadmin_token = "{SECRET}"',
    f'[http]\nadmin_token = ["{SECRET}"]',
    f'[http]\nadmin_token = {{ value = "{SECRET}" }}',
    f'[http]\nadmin_token = {{ env = "{SECRET}" }}',
    f'[http]\nadmin_tokn = "{SECRET}"',
    f'[strategies.bot]\ntoken = "{SECRET}"',
    f'[strategies]\nbot = "{SECRET}"',
    f'strategies = "{SECRET}"',
    f'[accounts.a]\nmarket = "{SECRET}"\ncredentials = "{SECRET}"\ncurrency = "{SECRET}"',
    f'[accounts.a]\nmarket = "24/7"\ncredentials = {{ api_key = "{SECRET}" }}',
    f'[notify]\ntelegram = "{SECRET}"',
    f'[notify.telegram]\ntoken = "{SECRET}"\nchat_id = "{SECRET} "',
    f'[heartbeat]\nurl = "https://me:{SECRET}@watcher.example"',
    f'[risk]\nmax_order_value = "{SECRET}"',
    f'[http]\nadmin_token = "{SECRET}',
    f"[http]\nadmin_token = {SECRET}",
    f'[http]\nadmin_token = "x" "{SECRET}"',
]


@pytest.mark.parametrize("text", LITERALS)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigErrors) as refused:
        load(tmp_path, text)
    error: BaseException | None = refused.value
    while error is not None:
        assert SECRET not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__


def test_a_wrong_override_of_a_secret_is_not_repeated(tmp_path: Path) -> None:
    found = complaints(
        tmp_path,
        "",
        NETTINGD_HTTP__ADMIN_TOKN=SECRET,
        NETTINGD_HTTP=f'{{admin_token = "{SECRET}"}}',
    )
    assert found.keys() == {"NETTINGD_HTTP__ADMIN_TOKN", "http.admin_token"}
    assert SECRET not in str(found)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, dict[str, str]], Config]:
    """Loads a file of these bytes, all from one folder."""
    file = tmp_path_factory.mktemp("any") / "config.toml"

    def load_bytes(content: bytes, environ: dict[str, str]) -> Config:
        file.write_bytes(content)
        return load_config(file, environ)

    return load_bytes


def outcome(
    read: Callable[[bytes, dict[str, str]], Config], content: bytes, environ: dict[str, str]
) -> object:
    """The problems, or the configuration described; any other exception fails the test."""
    try:
        return describe(read(content, environ))
    except ConfigErrors as refused:
        return refused.errors


KEYS = [
    "daemon", "daemon.data_dir", "daemon.timezone", "daemon.live", "http", "http.port",
    "http.admin_token", "http.tls", "http.trusted_proxies", "database.url", "twap",
    "twap.fill_timeout_seconds", "risk.max_daily_loss", "reconcile.adopt_orphans",
    "schedule.weekdays", "heartbeat.url", "notify.telegram.chat_id", "calendars.XKRX.closed",
    "calendars.XKRX.hours.2026-06-03", "instruments.'BTC/USDT'", "instruments.BTCUSDT.lot",
    "accounts", "accounts.a", "accounts.a.broker", "accounts.a.market", "accounts.a.account_no",
    "accounts.b.market", "accounts.b.broker", "accounts.a.credentials.api_key",
    "accounts.a.paper", "accounts.a.paper.prices", "accounts.a.paper.prices.csv",
    "accounts.a.paper.csv", "accounts.a.paper.database", "accounts.a.paper.faults.reject",
    "strategies.s", "strategies.s.token", "books.b", "books.b.strategy", "books.b.account",
    "books.b.capital", "books.b.symbols", "books.b.rule", "books.b.rule.type", "books.b.rule.x",
    "books.c.strategy", "books.c.account", "jobs", "'\\u0000'", "'[key]'", '""',
]  # fmt: skip
SCALARS = [
    "0", "-1", "8710", "0x" + "f" * 5000, "1e400", "1e999999999999999999999", "nan", "-inf", "0.1",
    "true", '"a"', '"b"', '"s"', '"24/7"', '"XKRX"', '"kis"', '"paper"', '"tiered"', '""',
    '"\\u0000"', '"\\U0010FFFF"', '"09:10"', '"open+1m"', '"Asia"', '"../x"', '"."', '"1"',
    '"sqlite:///x"', "2026-06-03", "09:10:00", "2026-06-03T09:10:00Z",
    "{}", '{ env = "KEY" }', '{ file = "." }', '{ file = "\\u0000" }', '{ csv = "x" }',
    "{ a = { b = 1 } }", '{ run = "twap", at = ["09:10", "09:11", "close"] }',
    '{ run = "twap", at = "09:10 UTC", accounts = ["a"] }', "{ run = [], at = {} }",
]  # fmt: skip
VALUE = st.sampled_from(SCALARS) | st.lists(st.sampled_from(SCALARS), max_size=3).map(
    lambda each: f"[{', '.join(each)}]"
)
DOCUMENT = st.dictionaries(st.sampled_from(KEYS), VALUE, max_size=12).map(
    lambda lines: "\n".join(f"{key} = {value}" for key, value in lines.items())
)
ENVIRON = st.dictionaries(
    st.sampled_from(["KEY", "NETTINGD_HTTP__PORT", "NETTINGD_JOBS__0__AT", "NETTINGD_ACCOUNTS",
                     "NETTINGD_ACCOUNTS__A__PAPER__PRICES__X", "NETTINGD_BOOKS__B__RULE__X"]),
    VALUE | st.text(max_size=10), max_size=3,
)  # fmt: skip


@given(content=st.binary(max_size=200) | st.text(string.printable).map(str.encode), environ=ENVIRON)
def test_no_bytes_do_more_than_make_problems(
    read: Callable[[bytes, dict[str, str]], Config], content: bytes, environ: dict[str, str]
) -> None:
    outcome(read, content, environ)


@given(text=DOCUMENT, environ=ENVIRON)
def test_no_values_of_known_keys_do_more_than_make_problems(
    read: Callable[[bytes, dict[str, str]], Config], text: str, environ: dict[str, str]
) -> None:
    found = outcome(read, text.encode(), environ)
    assert found
    assert str(found).encode()


def many_books(accounts: int, books_each: int) -> str:
    return "".join(
        [
            *(f"[strategies.s{number}]\n" for number in range(books_each)),
            *(f'[accounts.a{number}]\nmarket = "24/7"\n' for number in range(accounts)),
            *(
                f'[books.b{account}_{number}]\nstrategy = "s{number}"\n'
                f'account = "a{account}"\ncapital = "10000"\n'
                for account in range(accounts)
                for number in range(books_each)
            ),
        ]
    )


def fastest(action: Callable[[], object]) -> float:
    def once() -> float:
        begin = time.process_time()
        action()
        return time.process_time() - begin

    return min(once() for _ in range(5))


def test_a_thousand_books_load_in_little_more_than_their_toml_takes(tmp_path: Path) -> None:
    text = many_books(accounts=100, books_each=10)
    file = tmp_path / "config.toml"
    file.write_text(text)
    assert len(load_config(file, {}).books) == 1000
    assert fastest(lambda: load_config(file, {})) < 4 * fastest(lambda: tomllib.loads(text))


def test_a_thousand_wrong_books_are_all_reported_without_delay(tmp_path: Path) -> None:
    text = many_books(accounts=100, books_each=10).replace("account =", "acount =")
    begin = time.process_time()
    assert len(complaints(tmp_path, text)) == 2000
    assert time.process_time() - begin < 10


HEAVY = ("aiohttp", "asyncio", "cryptography", "exchange_calendars", "pandas", "rich", "sqlite3")


@pytest.mark.slow
def test_the_configuration_brings_no_heavy_import() -> None:
    program = f"import sys, daemon.config; print([m for m in {HEAVY} if m in sys.modules])"
    run = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
