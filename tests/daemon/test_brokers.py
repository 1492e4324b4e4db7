from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.clock import SystemClock
from adapters.sessions import AlwaysOpen
from adapters.sqlite.driver import InlineDriver
from algorithms.domain import AccountName, Symbol
from daemon.brokers import BrokerNotAvailableError, open_broker, paper_settings
from daemon.config import Config, load_config

if TYPE_CHECKING:
    from pathlib import Path

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
    return load_config(path, {})


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


async def test_a_broker_this_version_does_not_speak_to_is_named(config: Config) -> None:
    with pytest.raises(BrokerNotAvailableError, match="binance"):
        await open_broker(
            config,
            AccountName("coins"),
            clock=SystemClock(),
            open_driver=InlineDriver.open,
            sessions=AlwaysOpen(),
            on_failure=lambda _name, _error: None,
        )
