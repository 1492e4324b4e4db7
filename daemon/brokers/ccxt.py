"""Accounts that ccxt speaks for, from the configuration to the bridge. Loaded when there is one."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from adapters.ccxt_bridge.account import BridgeSettings
from adapters.ccxt_bridge.broker import BridgeBroker
from adapters.ccxt_bridge.fitness import limits, obstacles
from daemon.brokers.opening import BrokerNotAvailableError, no_orders
from daemon.config.accounts import Environment
from daemon.config.problems import ConfigProblem

if TYPE_CHECKING:
    from adapters.broker import Broker
    from adapters.ccxt_bridge.hub import Hub
    from algorithms.domain import AccountName
    from daemon.config import Config
    from daemon.config.accounts import AccountConfig

KEYS = {
    "api_key": "apiKey",
    "api_secret": "secret",
    "password": "password",
    "uid": "uid",
}
"""What ccxt calls the credentials; some exchanges want more than a key and its secret."""


def open_bridge(config: Config, name: AccountName, account: AccountConfig, hub: Hub) -> Broker:
    """Make the bridge of an account. Raises BrokerNotAvailableError."""
    return BridgeBroker(bridge_settings(config, name, account), hub)


def bridge_settings(config: Config, name: AccountName, account: AccountConfig) -> BridgeSettings:
    """Translate the configuration of an account for the bridge.

    Raises BrokerNotAvailableError for credentials that ccxt has no name for.
    """
    unknown = sorted(set(account.credentials) - set(KEYS))
    if unknown:
        raise BrokerNotAvailableError(
            f"accounts.{name}.credentials: {', '.join(unknown)} unknown; there are"
            f" {', '.join(KEYS)}"
        )
    assert account.exchange is not None  # the configuration was checked
    return BridgeSettings(
        account=name,
        exchange=account.exchange,
        currency=account.currency,
        keys={KEYS[key]: secret.reveal() for key, secret in account.credentials.items()},
        is_test=account.environment is Environment.PAPER,
        base_url=account.base_url,
        no_orders=_no_orders(config, account),
    )


def told_before(name: AccountName, account: AccountConfig) -> tuple[ConfigProblem, ...]:
    """Say what the bridge will not do for an account, and why. Loads ccxt."""
    assert account.exchange is not None  # the configuration was checked
    key = f"accounts.{name}.exchange"
    is_test = account.environment is Environment.PAPER and account.base_url is None
    found = obstacles(account.exchange, is_test=is_test)
    if found:
        return tuple(ConfigProblem(key, each, "the account stays out of work") for each in found)
    return tuple(ConfigProblem(key, each, "") for each in limits(account.exchange))


def _no_orders(config: Config, account: AccountConfig) -> str | None:
    """Why an account may be looked at and place nothing: real money needs two yeses."""
    if account.environment is Environment.LIVE:
        return no_orders(config, account, real=True)
    if account.base_url is not None and not _is_here(account.base_url):
        return 'orders to another machine need environment = "live"'
    return None


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
