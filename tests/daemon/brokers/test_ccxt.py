from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.ccxt_bridge.broker import BridgeBroker
from adapters.ccxt_bridge.fitness import NO_STOPS
from adapters.ccxt_bridge.hub import Hub
from adapters.clock import SystemClock
from algorithms.domain import AccountName
from daemon.brokers.ccxt import bridge_settings, open_bridge, told_before
from daemon.brokers.opening import BrokerNotAvailableError
from daemon.cli.check import check
from daemon.config import load_config
from tests.support.fake_ccxt import install

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.ccxt_bridge.account import BridgeSettings
    from daemon.config import Config

NAME = AccountName("coins")
TEXT = """
[accounts.coins]
broker = "ccxt"
exchange = "smallx"
market = "24/7"
credentials.api_key = { env = "KEY" }
credentials.api_secret = { env = "SECRET" }
"""


def configured(folder: Path, *lines: str, before: str = "") -> Config:
    path = folder / "config.toml"
    path.write_text("\n".join((before, TEXT, *lines)))
    return load_config(path, {"KEY": "the-key", "SECRET": "the-secret"})


def settings(folder: Path, *lines: str, before: str = "") -> BridgeSettings:
    config = configured(folder, *lines, before=before)
    return bridge_settings(config, NAME, config.accounts[NAME])


def test_the_bridge_gets_what_the_configuration_says(tmp_path: Path) -> None:
    made = settings(tmp_path, 'credentials.password = { env = "SECRET" }')
    assert made.keys == {"apiKey": "the-key", "secret": "the-secret", "password": "the-secret"}
    assert (made.exchange, made.currency, made.is_test, made.no_orders) == (
        "smallx",
        "USDT",
        True,
        None,
    )


@pytest.mark.parametrize(
    ("lines", "before", "reason"),
    [
        (['environment = "live"'], "", "daemon.live"),
        (['environment = "live"'], "[daemon]\nlive = true", None),
        (['base_url = "http://127.0.0.1:8700"'], "", None),
        (['base_url = "http://localhost:8700"'], "", None),
        (['base_url = "https://api.small.example"'], "", 'environment = "live"'),
    ],
)
def test_real_money_needs_two_yeses(
    tmp_path: Path, lines: list[str], before: str, reason: str | None
) -> None:
    told = settings(tmp_path, *lines, before=before).no_orders
    assert told is None if reason is None else reason in (told or "")


def test_a_credential_that_ccxt_does_not_know_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokerNotAvailableError, match="passphrase unknown"):
        settings(tmp_path, 'credentials.passphrase = { env = "KEY" }')


def test_an_account_is_made_without_a_question(tmp_path: Path) -> None:
    config = configured(tmp_path)
    broker = open_bridge(config, NAME, config.accounts[NAME], Hub(SystemClock()))
    assert isinstance(broker, BridgeBroker)


def test_check_says_what_the_bridge_will_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch)
    configured(tmp_path)
    environ = {"KEY": "k", "SECRET": "s"}
    assert check(tmp_path / "config.toml", environ, as_json=False, online=False) == 0
    assert f"warning: accounts.coins.exchange: {NO_STOPS}" in capsys.readouterr().err


def test_an_exchange_that_cannot_be_used_is_told_with_the_consequence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch).precisionMode = 3
    config = configured(tmp_path)
    (told,) = told_before(NAME, config.accounts[NAME])
    assert "significant digits" in told.message
    assert told.hint == "the account stays out of work"
