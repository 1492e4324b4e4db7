"""Accounts at Binance, from the configuration to the adapter. Loaded when there is one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from adapters.binance.account import BinanceSettings
from adapters.binance.broker import BinanceBroker
from adapters.binance.hosts import MarketKind, hosts_of, moves_real_money
from adapters.binance.signing import KeyKindError, read_keys
from daemon.brokers.opening import BrokerNotAvailableError, no_orders, told_credentials
from daemon.config.accounts import Environment

if TYPE_CHECKING:
    from adapters.binance.hub import Hub
    from adapters.broker import Broker
    from algorithms.domain import AccountName
    from daemon.config import Config
    from daemon.config.accounts import AccountConfig


def open_binance(config: Config, name: AccountName, account: AccountConfig, hub: Hub) -> Broker:
    """Make the adapter of an account. Raises BrokerNotAvailableError."""
    return BinanceBroker(binance_settings(config, name, account), hub)


def binance_settings(config: Config, name: AccountName, account: AccountConfig) -> BinanceSettings:
    """Translate the configuration of an account at Binance for its adapter.

    Raises BrokerNotAvailableError for keys that are missing or cannot sign.
    """
    kind = MarketKind(account.market_type.value)
    real = account.environment is Environment.LIVE
    hosts = hosts_of(kind, real=real, rest=account.base_url, socket=account.ws_url)
    api_key, secret = told_credentials(name, account, "api_key", "api_secret")
    try:
        keys_of_account = read_keys(api_key, secret)
    except KeyKindError as error:
        raise BrokerNotAvailableError(f"accounts.{name}.credentials: {error}") from error
    return BinanceSettings(
        account=name,
        kind=kind,
        currency=account.currency,
        hosts=hosts,
        keys=keys_of_account,
        no_orders=no_orders(config, account, real=moves_real_money(hosts.rest)),
        leverage=_leverage(config, name),
    )


def _leverage(config: Config, name: AccountName) -> int:
    """Return the leverage that the most daring book of an account counts on, in whole times."""
    books = (book.leverage for book in config.books.values() if book.account == name)
    return max((math.ceil(leverage) for leverage in books), default=1)
