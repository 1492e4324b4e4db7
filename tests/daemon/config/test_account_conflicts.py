from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.daemon.config.loading import complaints

if TYPE_CHECKING:
    from pathlib import Path


AT_KIS = """account_no = "50123456-01"
credentials.app_key = { file = "key" }
credentials.app_secret = { file = "key" }
"""
AT_KRAKEN = """exchange = "kraken"
credentials.api_key = { file = "key" }
credentials.api_secret = { file = "key" }
"""


def test_the_paper_exchange_belongs_to_paper_accounts(tmp_path: Path) -> None:
    text = """
    [accounts.real]
    broker = "binance"
    market = "24/7"
    [accounts.real.paper]
    seed = 1
    """
    assert complaints(tmp_path, text).keys() == {"accounts.real.paper"}


def test_a_paper_account_has_no_live_environment(tmp_path: Path) -> None:
    text = '[accounts.toy]\nmarket = "24/7"\nenvironment = "live"\n'
    assert complaints(tmp_path, text).keys() == {"accounts.toy.environment"}


@pytest.mark.parametrize(
    ("broker", "market", "is_right"),
    [
        ("kis", "XKRX", True),
        ("kis", "XNYS", True),
        ("kis", "24/7", False),
        ("binance", "24/7", True),
        ("binance", "XNYS", False),
        ("ccxt", "24/7", True),
        ("ccxt", "XNYS", False),
        ("paper", "XNYS", True),
    ],
)
def test_a_broker_trades_in_its_own_markets(
    tmp_path: Path, broker: str, market: str, *, is_right: bool
) -> None:
    text = f'[accounts.a]\nbroker = "{broker}"\nmarket = "{market}"\n'
    (tmp_path / "key").write_text("secret")
    text += {"kis": AT_KIS, "ccxt": AT_KRAKEN}.get(broker, "")
    assert complaints(tmp_path, text).keys() == (set() if is_right else {"accounts.a.market"})


@pytest.mark.parametrize("number", [None, "12345678", "1234567-01", "12345678-001", "5012345a01"])
def test_an_account_at_kis_has_a_number_and_two_keys(tmp_path: Path, number: str | None) -> None:
    (tmp_path / "key").write_text("secret")
    text = '[accounts.a]\nbroker = "kis"\nmarket = "XKRX"\n'
    text += "" if number is None else f'account_no = "{number}"\n'
    assert complaints(tmp_path, text).keys() == {
        "accounts.a.account_no",
        "accounts.a.credentials.app_key",
        "accounts.a.credentials.app_secret",
    }
    assert complaints(tmp_path, f'[accounts.a]\nbroker = "kis"\nmarket = "XKRX"\n{AT_KIS}') == {}


@pytest.mark.parametrize("wish", ['venue = "NXT"', "after_market = true"])
def test_only_live_korean_orders_have_a_choice_of_venues(tmp_path: Path, wish: str) -> None:
    (tmp_path / "key").write_text("secret")
    key = wish.split(maxsplit=1)[0]
    for market, environment, is_right in (
        ("XKRX", "live", True),
        ("XKRX", "paper", False),
        ("XNYS", "live", False),
    ):
        text = f'[accounts.a]\nbroker = "kis"\nmarket = "{market}"\n{AT_KIS}{wish}\n'
        text += f'environment = "{environment}"\n'
        assert complaints(tmp_path, text).keys() == (set() if is_right else {f"accounts.a.{key}"})


def paper(name: str, database: str = "") -> str:
    keys = f'database = "{database}"\n' if database else ""
    return f'[accounts.{name}]\nmarket = "24/7"\n[accounts.{name}.paper]\n{keys}'


def test_two_paper_accounts_have_two_databases(tmp_path: Path) -> None:
    assert complaints(tmp_path, paper("a") + paper("b")) == {}
    found = complaints(tmp_path, paper("a", "x.db") + paper("b", "y/../x.db"))
    assert found.keys() == {"accounts.b.paper.database"}
    assert "accounts.a.paper.database" in found["accounts.b.paper.database"]


def test_a_default_database_counts_as_well(tmp_path: Path) -> None:
    found = complaints(tmp_path, paper("a") + paper("b", "data/paper-a.db"))
    assert found.keys() == {"accounts.b.paper.database"}


def test_the_paper_exchange_does_not_live_in_the_daemons_database(tmp_path: Path) -> None:
    found = complaints(tmp_path, paper("a", "data/nettingd.db"))
    assert "database.url" in found["accounts.a.paper.database"]


@pytest.mark.parametrize(
    "line",
    ['csv = "p.csv"\nprices = { TQQQ = 100 }', 'prices = { csv = "p.csv", TQQQ = 100 }'],
)
def test_prices_come_from_a_table_or_a_file(tmp_path: Path, line: str) -> None:
    (tmp_path / "p.csv").touch()
    assert complaints(tmp_path, paper("a") + line).keys() == {"accounts.a.paper.prices"}


@pytest.mark.parametrize(
    ("market", "instrument", "price", "is_right"),
    [
        ("24/7", "", "0.01", True),
        ("24/7", "", "0.015", False),
        ("24/7", "tick = 0.005", "0.015", True),
        ("XNYS", "", "0.9999", True),
        ("XNYS", "", "1.0001", False),
        ("XKRX", "", "75050", False),
        ("XKRX", 'type = "etf"', "75050", True),
        ("XKRX", 'type = "etf"', "75051", False),
        ("XKRX", "tick = 1", "75051", True),
    ],
)
def test_a_paper_price_is_on_its_tick(
    tmp_path: Path, market: str, instrument: str, price: str, *, is_right: bool
) -> None:
    text = f"""
    [instruments.abc]
    {instrument}
    [accounts.a]
    market = "{market}"
    paper = {{ prices = {{ ABC = "{price}" }} }}
    """
    found = complaints(tmp_path, text).keys()
    assert found == (set() if is_right else {"accounts.a.paper.prices.ABC"})


def test_a_faulty_tick_is_told_once(tmp_path: Path) -> None:
    text = "[instruments.ABC]\ntick = 0\n" + paper("a") + "prices = { ABC = 1.001 }\n"
    assert complaints(tmp_path, text).keys() == {"instruments.ABC.tick"}


def real(name: str, *lines: str) -> str:
    return "\n".join([f"[accounts.{name}]", 'broker = "binance"', 'market = "24/7"', *lines, ""])


def test_one_account_at_the_broker_is_one_account_here(tmp_path: Path) -> None:
    text = real("a", 'account_no = "1"') + real("b", 'account_no = "1"', 'environment = "paper"')
    assert complaints(tmp_path, text).keys() == {"accounts.b.account_no"}


@pytest.mark.parametrize(
    "difference",
    ['account_no = "2"', 'account_no = "1"\nenvironment = "live"',
     'account_no = "1"\nmarket_type = "futures"',
     'account_no = "1"\nbase_url = "http://127.0.0.1:1"'],
)  # fmt: skip
def test_what_sets_real_accounts_apart(tmp_path: Path, difference: str) -> None:
    assert complaints(tmp_path, real("a", 'account_no = "1"') + real("b", difference)) == {}


def test_one_key_under_two_names_is_still_one_account(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k1\n")
    text = (
        real("a", 'credentials = { api_key = { env = "KEY" } }')
        + real("b", 'credentials = { api_key = { file = "key" } }')
        + real("c", 'credentials = { api_key = { env = "OTHER" } }')
    )
    found = complaints(tmp_path, text, KEY="k1", OTHER="k2")
    assert found.keys() == {"accounts.b.credentials.api_key"}


def test_paper_accounts_may_carry_the_same_number(tmp_path: Path) -> None:
    text = "".join(f'[accounts.{each}]\nmarket = "24/7"\naccount_no = "1"\n' for each in "ab")
    assert complaints(tmp_path, text) == {}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('market_type = "futures"', "market_type"),
        ('ws_url = "wss://here"', "ws_url"),
    ],
)
def test_what_the_bridge_cannot_do_safely_is_refused(tmp_path: Path, line: str, key: str) -> None:
    (tmp_path / "key").write_text("secret")
    text = f'[accounts.a]\nbroker = "ccxt"\nmarket = "24/7"\n{AT_KRAKEN}{line}\n'
    assert complaints(tmp_path, text).keys() == {f"accounts.a.{key}"}


def test_the_bridge_must_know_where_and_have_keys(tmp_path: Path) -> None:
    text = '[accounts.a]\nbroker = "ccxt"\nmarket = "24/7"\n'
    named = {"exchange", "credentials.api_key", "credentials.api_secret"}
    assert complaints(tmp_path, text).keys() == {f"accounts.a.{key}" for key in named}
