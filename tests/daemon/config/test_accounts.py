from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import AccountName
from daemon.config.accounts import AccountConfig, BrokerKind, FillMode, PaperConfig
from tests.daemon.config.loading import complaints, load

if TYPE_CHECKING:
    from pathlib import Path


def account(folder: Path, *lines: str) -> AccountConfig:
    text = "\n".join(["[accounts.a]", 'market = "24/7"', *lines, ""])
    return load(folder, text, KEY="k", OTHER="o").accounts[AccountName("a")]


def paper(folder: Path, *lines: str) -> PaperConfig:
    found = account(folder, "[accounts.a.paper]", *lines).paper
    assert found is not None
    return found


def test_an_account_is_paper_until_told_otherwise(tmp_path: Path) -> None:
    found = account(tmp_path)
    assert found.broker is BrokerKind.PAPER
    assert found.paper == paper(tmp_path)
    assert not found.commission_percent
    assert not found.sell_tax_percent


@pytest.mark.parametrize(
    ("market", "currency"), [("XKRX", "KRW"), ("XNYS", "USD"), ("24/7", "USDT")]
)
def test_the_currency_is_the_markets_unless_given(
    tmp_path: Path, market: str, currency: str
) -> None:
    text = (
        f'[accounts.a]\nmarket = "{market}"\n[accounts.b]\nmarket = "{market}"\ncurrency = "EUR"\n'
    )
    accounts = load(tmp_path, text).accounts
    assert [each.currency for each in accounts.values()] == [currency, "EUR"]


def test_a_real_account_has_keys_and_no_paper_exchange(tmp_path: Path) -> None:
    found = account(
        tmp_path,
        'broker = "binance"',
        "commission_percent = 0.1",
        'ws_url = "ws://127.0.0.1:1/x"',
        'credentials = { api_key = { env = "KEY" }, api_secret = { env = "OTHER" } }',
    )
    assert found.paper is None
    assert found.commission_percent == Decimal("0.1")
    assert {name: key.reveal() for name, key in found.credentials.items()} == {
        "api_key": "k",
        "api_secret": "o",
    }


def test_every_paper_account_has_its_database_beside_the_daemons(tmp_path: Path) -> None:
    assert paper(tmp_path).database == tmp_path / "data" / "paper-a.db"
    assert paper(tmp_path, 'database = "m.db"').database == tmp_path / "m.db"
    config = load(tmp_path, '[daemon]\ndata_dir = "/var/n"\n[accounts.b]\nmarket = "24/7"\n')
    found = config.accounts[AccountName("b")].paper
    assert found is not None
    assert str(found.database) == "/var/n/paper-b.db"


def test_prices_are_a_table_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "p.csv").touch()
    table = paper(tmp_path, 'prices = { tqqq = "100.5", "BTC/USDT" = 60000 }')
    assert (table.prices, table.csv) == (
        {"TQQQ": Decimal("100.5"), "BTCUSDT": Decimal(60_000)},
        None,
    )
    for line in ('prices = { csv = "p.csv" }', 'csv = "p.csv"'):
        file = paper(tmp_path, line)
        assert (file.prices, file.csv) == ({}, tmp_path / "p.csv")


def test_the_paper_exchange_behaves_unless_told_otherwise(tmp_path: Path) -> None:
    found = paper(tmp_path)
    assert not any((found.walk_percent, found.spread_percent, found.latency_ms))
    assert (found.fill, found.hours, found.client_order_ids) == (FillMode.FULL, "always", True)
    assert set(dict(found.faults).values()) == {0}


def test_faults_are_probabilities_and_a_delay(tmp_path: Path) -> None:
    found = paper(tmp_path, "faults = { reject = 0.25, disconnect = '1', delay_ms = 50 }").faults
    assert (found.reject, found.disconnect, found.delay_ms) == (Decimal("0.25"), Decimal(1), 50)


def test_what_an_account_cannot_be(tmp_path: Path) -> None:
    text = """
    [accounts.a]
    market_type = "margin"
    currency = "usd"
    commission_percent = 101
    base_url = "wss://x"
    ws_url = "https://x"
    credentials = { app_key = "literal" }
    comission_percent = 1
    [accounts.a.paper]
    seed = -1
    prices = { TQQQ = 0, "a b" = 1 }
    walk_percent = "-0.1"
    latency_ms = 1.5
    faults = { reject = 1.01, lost = 1 }
    """
    found = complaints(tmp_path, text)
    assert found.keys() == {
        "accounts.a.market", "accounts.a.market_type", "accounts.a.currency",
        "accounts.a.commission_percent", "accounts.a.base_url", "accounts.a.ws_url",
        "accounts.a.credentials.app_key", "accounts.a.comission_percent",
        "accounts.a.paper.seed", "accounts.a.paper.prices.TQQQ",
        'accounts.a.paper.prices."a b"', "accounts.a.paper.walk_percent",
        "accounts.a.paper.latency_ms", "accounts.a.paper.faults.reject",
        "accounts.a.paper.faults.lost",
    }  # fmt: skip
    assert "did you mean commission_percent?" in found["accounts.a.comission_percent"]
