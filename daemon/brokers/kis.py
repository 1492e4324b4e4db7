"""Accounts at KIS, from the configuration to the adapter. Loaded when there is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from adapters.kis.broker import KisBroker
from adapters.kis.charges import Charges
from adapters.kis.desk import KisSettings
from adapters.kis.hosts import Profile, hosts_of, moves_real_money
from adapters.kis.krx import Venue
from adapters.kis.tokens import Keys
from algorithms.domain import Symbol
from daemon.brokers.opening import (
    BrokerNotAvailableError,
    no_orders,
    told_credentials,
    told_instruments,
)
from daemon.config.accounts import Environment
from daemon.rates import rates_of

if TYPE_CHECKING:
    from adapters.broker import Broker
    from adapters.kis.hub import Hub
    from adapters.sessions import Sessions
    from algorithms.domain import AccountName
    from daemon.config import Config
    from daemon.config.accounts import AccountConfig

NUMBER = re.compile(r"([0-9]{8})-?([0-9]{2})")


def open_kis(
    config: Config, name: AccountName, account: AccountConfig, hub: Hub, sessions: Sessions
) -> Broker:
    """Make the adapter of an account. Raises BrokerNotAvailableError."""
    settings = kis_settings(config, name, account)
    access = hub.access(settings.profile, settings.hosts, settings.keys)
    return KisBroker(settings, access, sessions)


def kis_settings(config: Config, name: AccountName, account: AccountConfig) -> KisSettings:
    """Translate the configuration of an account at KIS for its adapter.

    Raises BrokerNotAvailableError for a number or keys that are missing.
    """
    number = NUMBER.fullmatch(account.account_no or "")
    if number is None:
        raise BrokerNotAvailableError(f'accounts.{name}.account_no must be like "50123456-01"')
    app_key, app_secret = told_credentials(name, account, "app_key", "app_secret")
    real = account.environment is Environment.LIVE
    profile = Profile.REAL if real else Profile.PAPER
    hosts = hosts_of(profile, rest=account.base_url, socket=account.ws_url)
    return KisSettings(
        account=name,
        profile=profile,
        hosts=hosts,
        keys=Keys(app_key, app_secret),
        cano=number[1],
        product=number[2],
        market=account.market.value,
        currency=account.currency,
        hts_id=account.hts_id,
        instruments=told_instruments(config, account),
        exchanges={
            Symbol(symbol): told.exchange.value
            for symbol, told in config.instruments.items()
            if told.exchange is not None
        },
        venue=Venue(account.venue),
        venues={
            Symbol(symbol): Venue(told.venue)
            for symbol, told in config.instruments.items()
            if told.venue is not None and real
        },
        after_market=account.after_market,
        charges=Charges(rates_of(account), account.currency),
        no_orders=no_orders(config, account, real=moves_real_money(hosts.rest)),
    )
