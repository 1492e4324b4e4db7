"""What every account's parts share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from algorithms.domain import Symbol
from algorithms.instruments import default_instrument
from daemon.calendars import ZONES
from daemon.config.market import Market as MarketName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from adapters.broker import Broker
    from adapters.clock import Clock
    from algorithms.domain import AccountName
    from algorithms.instruments import Instrument
    from daemon.execution.bookkeeper import Bookkeeper
    from daemon.execution.evidence import Evidence
    from daemon.execution.fills import Fills
    from daemon.execution.halts import Halts
    from daemon.execution.ladder.parts import Ladders
    from daemon.execution.orders import Orders
    from daemon.execution.persistence import Persistence
    from daemon.ids import IdSource
    from daemon.market import Market
    from daemon.registry import Registry
    from daemon.setup import Current


class KnownLots:
    """Currencies and lots, without asking a broker."""

    def __init__(self, current: Current, market: Market) -> None:
        self._current = current
        self._market = market

    def currency(self, account: AccountName) -> str:
        """Return the currency of an account's cash."""
        return self._current.registry.accounts[account].currency

    def lot(self, account: AccountName, symbol: str) -> Decimal:
        """Return the step of quantities: the broker's, or the market's until it was asked."""
        return self.instrument(account, Symbol(symbol)).lot

    def instrument(self, account: AccountName, symbol: Symbol) -> Instrument:
        """Return the broker's instrument; until it was asked, the configuration's."""
        known = self._market.known_instrument(account, symbol)
        if known is not None:
            return known
        own = self._current.registry.accounts[account]
        configured = self._current.setup.config.instruments.get(symbol)
        if configured is None:
            return default_instrument(symbol, own.market, own.currency)
        return default_instrument(
            symbol,
            own.market,
            own.currency,
            type=configured.type.value,
            lot=configured.lot,
            tick=configured.tick,
        )


class MarketDays:
    """The market day of an account: its broker's; until that is connected, its market's date."""

    def __init__(self, current: Current, brokers: Mapping[AccountName, Broker]) -> None:
        self._current = current
        self._brokers = brokers

    def __call__(self, account: AccountName, at: datetime) -> str:
        broker = self._brokers.get(account)
        if broker is not None:
            return broker.market_day(at).isoformat()
        zone = ZONES.get(MarketName(self._current.registry.accounts[account].market), UTC)
        return at.astimezone(zone).date().isoformat()


@dataclass(slots=True, kw_only=True)
class Services:
    """Parts that are made once and used by every account."""

    clock: Clock
    ids: IdSource
    current: Current
    market: Market
    brokers: dict[AccountName, Broker]
    persistence: Persistence
    orders: Orders
    fills: Fills
    evidence: Evidence
    halts: Halts
    keeper: Bookkeeper
    ladders: Ladders

    @property
    def registry(self) -> Registry:
        """Who is who, as of now."""
        return self.current.registry
