"""Accounts at the simulated Binance, for the broker contract and for stories of the daemon."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from adapters.binance.account import BinanceSettings
from adapters.binance.hosts import MarketKind
from adapters.binance.signing import read_keys
from adapters.http import Hosts
from tests.simulators.binance import BinanceSimulator
from tests.simulators.binance.orders import Draft

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from decimal import Decimal

    from adapters.clock import Clock
    from tests.simulators.binance import AccountSeed, Urls
    from tests.simulators.binance.orders import Order
    from tests.simulators.binance.venue import Venue

PREFIX = {MarketKind.SPOT: "/api/v3/", MarketKind.FUTURES: "/fapi/v1/"}


class SimulatedBinance:
    """A simulator that listens, with what tests ask of it beside its protocol."""

    def __init__(self, simulator: BinanceSimulator, urls: Urls, kind: MarketKind) -> None:
        self.simulator = simulator
        self.kind = kind
        self.hosts = Hosts(urls.rest, urls.socket)

    @property
    def venue(self) -> Venue:
        exchange = self.simulator.exchange
        return exchange.spot if self.kind is MarketKind.SPOT else exchange.futures

    def settings(self, account: str) -> BinanceSettings:
        key, _ = self.simulator.keys(account)
        return BinanceSettings(
            account=account,
            kind=self.kind,
            currency="USDT",
            hosts=self.hosts,
            keys=read_keys(key.api_key, key.secret),
        )

    def orders(self, account: str) -> list[Order]:
        """Return every order ever accepted, oldest first."""
        return [order for order in self.venue.orders.values() if order.account == account]

    def buy_by_hand(self, account: str, symbol: str, quantity: Decimal, price: Decimal) -> Order:
        """Place an order as a person would, in the exchange's own app."""
        return self.buy(account, symbol, quantity, price, client_id=f"web_{len(self.venue.orders)}")

    def buy(
        self,
        account: str,
        symbol: str,
        quantity: Decimal,
        price: Decimal | None = None,
        *,
        client_id: str,
    ) -> Order:
        """Place an order past everybody, at the market without a price."""
        order = self.venue.place(
            account,
            Draft(
                symbol=symbol,
                side="BUY",
                type="MARKET" if price is None else "LIMIT",
                tif="GTC",
                quantity=quantity,
                price=price,
                client_id=client_id,
            ),
        )
        self.simulator.sockets.flush()
        return order


@asynccontextmanager
async def simulated(
    clock: Clock, kind: MarketKind, accounts: Iterable[AccountSeed], *, seed: int = 1
) -> AsyncIterator[SimulatedBinance]:
    """Run the exchange on a free port."""
    simulator = BinanceSimulator(clock, seed=seed, accounts=accounts)
    urls = await simulator.start()
    try:
        yield SimulatedBinance(simulator, urls, kind)
    finally:
        await simulator.close()
