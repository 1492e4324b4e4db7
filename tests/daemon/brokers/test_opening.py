from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.binance.hosts import DEMO, MarketKind
from adapters.binance.hub import Hub
from adapters.ccxt_bridge.hub import Hub as BridgeHub
from adapters.clock import SystemClock
from adapters.http import Hosts
from adapters.kis.hosts import Profile
from adapters.kis.hub import Hub as KisHub
from adapters.kis.tokens import Keys
from adapters.sessions import AlwaysOpen
from adapters.sqlite.driver import InlineDriver
from algorithms.domain import AccountName, Symbol
from daemon.brokers.binance import binance_settings
from daemon.brokers.kis import kis_settings
from daemon.brokers.opening import (
    BrokerNotAvailableError,
    open_broker,
    paper_settings,
)
from daemon.config import Config, load_config

if TYPE_CHECKING:
    from adapters.binance.account import BinanceSettings
    from adapters.broker import Broker
    from adapters.kis.desk import KisSettings

AT_KIS = (
    'account_no = "50123456-01"',
    'credentials.app_key = { env = "KEY" }',
    'credentials.app_secret = { env = "SECRET" }',
)
PAPER = """
[accounts.main]
market = "XNYS"
commission_percent = "0.25"
sell_tax_percent = "0.1"
[accounts.main.paper]
seed = 7
prices = { TQQQ = "100.50" }
walk_percent = "0.1"
latency_ms = 20
fill = "partial"
client_order_ids = false
faults = { reject = 0.5, delay_ms = 30 }
[accounts.coins]
broker = "binance"
market = "24/7"
credentials.api_key = { env = "KEY" }
credentials.api_secret = { env = "SECRET" }
[accounts.seoul]
broker = "kis"
market = "XKRX"
account_no = "50123456-01"
credentials.app_key = { env = "KEY" }
credentials.app_secret = { env = "SECRET" }
[accounts.elsewhere]
broker = "ccxt"
exchange = "kraken"
market = "24/7"
credentials.api_key = { env = "KEY" }
credentials.api_secret = { env = "SECRET" }
[strategies.alpha]
[strategies.beta]
[books.a]
strategy = "alpha"
account = "main"
capital = "1000"
[books.b]
strategy = "beta"
account = "main"
capital = "500.25"
[instruments.TQQQ]
lot = "10"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(PAPER)
    return load_config(path, KEYS)


def test_a_paper_account_begins_with_the_capital_of_its_books(config: Config) -> None:
    account = config.accounts[AccountName("main")]
    assert account.paper is not None

    settings = paper_settings(config, AccountName("main"), account, account.paper)

    assert settings.initial_cash == Decimal("1500.25")
    assert settings.currency == "USD"


def test_every_switch_of_the_paper_exchange_reaches_it(config: Config) -> None:
    account = config.accounts[AccountName("main")]
    assert account.paper is not None

    settings = paper_settings(config, AccountName("main"), account, account.paper)

    assert settings.prices == {Symbol("TQQQ"): Decimal("100.50")}
    assert (settings.seed, settings.latency_ms, settings.fill) == (7, 20, "partial")
    assert settings.walk_percent == Decimal("0.1")
    assert not settings.client_order_ids
    assert (settings.faults.reject, settings.faults.delay_ms) == (Decimal("0.5"), 30)
    assert settings.commission_percent == Decimal("0.25")
    assert settings.sell_tax_percent == Decimal("0.1")
    assert settings.instruments[Symbol("TQQQ")].lot == 10


async def test_an_account_that_ccxt_speaks_for_is_made_without_a_question(config: Config) -> None:
    broker = await opened(config, "elsewhere")
    assert broker.capabilities.client_order_ids
    await broker.close()


async def test_an_account_at_kis_is_made_without_a_question(config: Config) -> None:
    broker = await opened(config, "seoul")
    assert not broker.capabilities.client_order_ids
    await broker.close()


SEOUL = AccountName("seoul")


def seoul(folder: Path, *lines: str, live: bool = False) -> KisSettings:
    """Read the settings of an account at KIS."""
    path = folder / "config.toml"
    account = ["[accounts.seoul]", 'broker = "kis"', 'market = "XKRX"', *AT_KIS, *lines]
    path.write_text("\n".join([f"[daemon]\nlive = {str(live).lower()}", *account]) + "\n")
    config = load_config(path, KEYS)
    return kis_settings(config, SEOUL, config.accounts[SEOUL])


def test_an_account_at_kis_begins_on_paper(tmp_path: Path) -> None:
    settings = seoul(
        tmp_path,
        'commission_percent = "0.014"',
        "[instruments.SOXL]",
        'exchange = "AMEX"',
        '[instruments."069500"]',
        'type = "etf"',
    )
    assert (settings.cano, settings.product, settings.currency) == ("50123456", "01", "KRW")
    assert settings.profile is Profile.PAPER
    assert settings.keys == Keys("the-key", "the-secret")
    assert settings.exchanges == {"SOXL": "AMEX"}
    assert [(name, told.type) for name, told in settings.instruments.items()] == [("069500", "etf")]
    assert settings.no_orders is None


def test_real_orders_at_kis_need_two_yeses(tmp_path: Path) -> None:
    real = 'environment = "live"'
    assert seoul(tmp_path, real).no_orders == "real orders need daemon.live = true"
    assert seoul(tmp_path, real, live=True).no_orders is None
    proxied = 'base_url = "https://openapi.koreainvestment.com:9443"'
    refused = seoul(tmp_path, proxied, live=True).no_orders
    assert refused == 'real orders need environment = "live"'


COINS = AccountName("coins")
KEYS = {"KEY": "the-key", "SECRET": "the-secret"}
WITH_KEYS = """credentials.api_key = { env = "KEY" }
credentials.api_secret = { env = "SECRET" }
"""


def coins(folder: Path, *lines: str, live: bool = False) -> BinanceSettings:
    """Read the settings of an account at Binance."""
    path = folder / "config.toml"
    service = f"[daemon]\nlive = {str(live).lower()}\n"
    account = "\n".join(["[accounts.coins]", 'broker = "binance"', 'market = "24/7"', *lines])
    path.write_text(f"{service}{account}\n")
    config = load_config(path, KEYS)
    return binance_settings(config, COINS, config.accounts[COINS])


def test_an_account_at_binance_begins_at_the_demo(tmp_path: Path) -> None:
    settings = coins(tmp_path, WITH_KEYS)
    assert settings.hosts == DEMO[MarketKind.SPOT]
    assert settings.keys.api_key == "the-key"
    assert settings.currency == "USDT"
    assert settings.no_orders is None


def test_futures_have_their_own_addresses(tmp_path: Path) -> None:
    settings = coins(tmp_path, WITH_KEYS, 'market_type = "futures"')
    assert settings.hosts == DEMO[MarketKind.FUTURES]


def test_real_orders_need_two_yeses(tmp_path: Path) -> None:
    real = 'environment = "live"'
    assert coins(tmp_path, WITH_KEYS, real).no_orders == "real orders need daemon.live = true"
    assert coins(tmp_path, WITH_KEYS, real, live=True).no_orders is None
    proxied = 'base_url = "https://api1.binance.com"'
    refused = coins(tmp_path, WITH_KEYS, proxied, live=True).no_orders
    assert refused == 'real orders need environment = "live"'


def test_addresses_can_be_replaced(tmp_path: Path) -> None:
    settings = coins(
        tmp_path, WITH_KEYS, 'base_url = "http://127.0.0.1:9"', 'ws_url = "ws://127.0.0.1:9"'
    )
    assert settings.hosts == Hosts("http://127.0.0.1:9", "ws://127.0.0.1:9")


def test_missing_keys_are_named(tmp_path: Path) -> None:
    with pytest.raises(BrokerNotAvailableError, match=r"coins\.credentials\.api_secret"):
        coins(tmp_path, 'credentials.api_key = { env = "KEY" }')


def test_a_key_that_cannot_sign_is_named(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nno\n")
    with pytest.raises(BrokerNotAvailableError, match=r"accounts.coins.credentials: api_secret"):
        coins(
            tmp_path,
            'credentials.api_key = { env = "KEY" }',
            'credentials.api_secret = { file = "key.pem" }',
        )


async def opened(config: Config, name: str) -> Broker:
    clock = SystemClock()
    return await open_broker(
        config,
        AccountName(name),
        clock=clock,
        open_driver=InlineDriver.open,
        sessions=AlwaysOpen(),
        hub=lambda: Hub(clock),
        kis=lambda: KisHub(clock, Path()),
        bridge=lambda: BridgeHub(clock),
        on_failure=lambda _name, _error: None,
    )


async def test_a_broker_at_binance_is_made_without_a_question(config: Config) -> None:
    broker = await opened(config, "coins")
    assert broker.capabilities.client_order_ids
    await broker.close()
