"""From an account's configuration to its broker adapter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.paper import FaultSettings, PaperSettings, PaperSettingsError, open_paper
from algorithms.decimals import ZERO, total
from algorithms.domain import AccountName, Symbol
from algorithms.instruments import default_instrument
from daemon.config.accounts import BrokerKind, Environment
from daemon.config.books import BookMode
from daemon.rates import rate_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from adapters.binance.hub import Hub
    from adapters.broker import Broker
    from adapters.ccxt_bridge.hub import Hub as BridgeHub
    from adapters.clock import Clock
    from adapters.kis.hub import Hub as KisHub
    from adapters.sessions import Sessions
    from adapters.sqlite.driver import OpenDriver
    from algorithms.instruments import Instrument
    from daemon.config import Config
    from daemon.config.accounts import AccountConfig, PaperConfig

__all__ = [
    "BrokerNotAvailableError",
    "PaperSettingsError",
    "no_orders",
    "open_broker",
    "reaches_the_same",
    "told_credentials",
    "told_instruments",
]


class BrokerNotAvailableError(Exception):
    """The account's broker cannot be spoken to with what the configuration says."""


async def open_broker(
    config: Config,
    name: AccountName,
    *,
    clock: Clock,
    open_driver: OpenDriver,
    sessions: Sessions,
    hub: Callable[[], Hub],
    kis: Callable[[], KisHub],
    bridge: Callable[[], BridgeHub],
    on_failure: Callable[[str, BaseException], None],
) -> Broker:
    """Make the adapter of an account and connect it.

    Accounts at Binance share a ``hub``, accounts at KIS ``kis``, and those that ccxt speaks for
    ``bridge``, each made for the first of them. Raises BrokerNotAvailableError for a broker that
    cannot be spoken to with what the configuration says, PaperSettingsError for a paper market
    that cannot be, and BrokerUnavailableError.
    """
    account = config.accounts[name]
    if account.broker is BrokerKind.BINANCE:
        # It costs 8 MB of memory, which only those pay who trade there.
        from daemon.brokers.binance import open_binance  # noqa: PLC0415

        return open_binance(config, name, account, hub())
    if account.broker is BrokerKind.KIS:
        from daemon.brokers.kis import open_kis  # noqa: PLC0415 - as above

        return open_kis(config, name, account, kis(), sessions)
    if account.broker is BrokerKind.CCXT:
        from daemon.brokers.ccxt import open_bridge  # noqa: PLC0415 - as above

        return open_bridge(config, name, account, bridge())
    if account.paper is None:
        raise BrokerNotAvailableError(f"accounts.{name}.paper is missing")
    rate = rate_at(account, clock.now())
    settings = replace(
        paper_settings(config, name, account, account.paper),
        commission_percent=rate.commission_percent,
        sell_tax_percent=rate.sell_tax_percent,
    )
    return await open_paper(settings, clock, open_driver, sessions, on_failure=on_failure)


def paper_settings(
    config: Config, name: AccountName, account: AccountConfig, paper: PaperConfig
) -> PaperSettings:
    """Translate the configuration of a paper account for its adapter."""
    faults = paper.faults
    return PaperSettings(
        account=name,
        database=paper.database,
        currency=account.currency,
        initial_cash=_capital(config, name),
        prices=paper.csv or {Symbol(symbol): price for symbol, price in paper.prices.items()},
        market=account.market.value,
        market_type=account.market_type.value,
        seed=paper.seed,
        walk_percent=paper.walk_percent,
        latency_ms=paper.latency_ms,
        fill=paper.fill.value,
        faults=FaultSettings(
            answer_lost_before=faults.answer_lost_before,
            answer_lost_after=faults.answer_lost_after,
            server_error=faults.server_error,
            rate_limit=faults.rate_limit,
            reject=faults.reject,
            duplicate_fills=faults.duplicate_fills,
            late_fills=faults.late_fills,
            lost_events=faults.lost_events,
            disconnect=faults.disconnect,
            delay_ms=faults.delay_ms,
        ),
        hours=paper.hours.value,
        client_order_ids=paper.client_order_ids,
        spread_percent=paper.spread_percent,
        commission_percent=account.commission_percent,
        sell_tax_percent=account.sell_tax_percent,
        instruments=told_instruments(config, account),
    )


def reaches_the_same(old: Config, new: Config, name: AccountName) -> bool:
    """Whether an account's connection can stay as it is; capital and owner do not concern it."""
    return _connection(old, name) == _connection(new, name)


def _connection(config: Config, name: AccountName) -> object:
    account = config.accounts[name].model_copy(update={"owner": None})
    if account.paper is None:
        return account
    settings = paper_settings(config, name, account, account.paper)
    return account, replace(settings, initial_cash=ZERO)


def _capital(config: Config, account: AccountName) -> Decimal:
    books = config.books.values()
    held = (book for book in books if book.mode is not BookMode.SHADOW)
    return total(book.capital for book in held if book.account == account) or ZERO


def no_orders(config: Config, account: AccountConfig, *, real: bool) -> str | None:
    """Why an account may be looked at and place nothing: real money needs two yeses."""
    if not real:
        return None
    if account.environment is not Environment.LIVE:
        return 'real orders need environment = "live"'
    return None if config.daemon.live else "real orders need daemon.live = true"


def told_credentials(name: AccountName, account: AccountConfig, *wanted: str) -> tuple[str, ...]:
    """Return the wanted credentials of an account, bare. Raises BrokerNotAvailableError."""
    missing = [key for key in wanted if key not in account.credentials]
    if missing:
        keys = ", ".join(f"accounts.{name}.credentials.{key}" for key in missing)
        raise BrokerNotAvailableError(f"{keys} missing")
    return tuple(account.credentials[key].reveal() for key in wanted)


def told_instruments(config: Config, account: AccountConfig) -> Mapping[Symbol, Instrument]:
    """Return what a person says of symbols; of the others the broker is asked."""
    return {
        Symbol(symbol): default_instrument(
            Symbol(symbol),
            account.market.value,
            account.currency,
            type=told.type.value,
            lot=told.lot,
            tick=told.tick,
        )
        for symbol, told in config.instruments.items()
        if told.model_fields_set - {"exchange", "venue"}
    }
