"""The exchange without its network: who may call which route, and what comes back."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.binance.accounts import AccountSeed, KeyRing, check_signed
from tests.simulators.binance.algo_routes import AlgoRoutes
from tests.simulators.binance.calls import Call, Security
from tests.simulators.binance.errors import ApiError
from tests.simulators.binance.faults import Faults
from tests.simulators.binance.futures import FuturesVenue
from tests.simulators.binance.futures_account import FuturesAccount
from tests.simulators.binance.futures_routes import FuturesRoutes
from tests.simulators.binance.limits import Limits
from tests.simulators.binance.listen_keys import ListenKeys
from tests.simulators.binance.listings import FUTURES_LISTINGS, SPOT_LISTINGS
from tests.simulators.binance.spot import SpotVenue
from tests.simulators.binance.spot_routes import SpotRoutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from adapters.clock import Clock
    from tests.simulators.binance.calls import Route
    from tests.simulators.binance.listings import Listing

DEFAULT_ACCOUNTS = (AccountSeed(name="alice"), AccountSeed(name="bob"))


class Exchange:
    """Synchronous: one call is carried out whole before the next. Prices stand until moved."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int,
        accounts: Iterable[AccountSeed],
        spot: Iterable[Listing] = SPOT_LISTINGS,
        futures: Iterable[Listing] = FUTURES_LISTINGS,
    ) -> None:
        accounts = tuple(accounts)
        self._clock = clock
        self.random = random.Random(seed)
        self.keys = KeyRing(seed, accounts)
        self.faults = Faults()
        self.spot = SpotVenue(spot, self.now_ms)
        self.spot_limits = Limits(weight=6000, orders_10s=100, orders_1m=1000)
        for account in accounts:
            self.spot.balances[account.name].update(account.spot)
        self.futures = FuturesVenue(futures, self.now_ms)
        self.listen_keys = ListenKeys(seed)
        self.futures_limits = Limits(weight=2400, orders_10s=300, orders_1m=1200)
        for account in accounts:
            self.futures.wallets[account.name].update(account.futures)
        self.routes = (
            SpotRoutes(self.spot, self.spot_limits).table()
            | FuturesRoutes(self.futures, self.futures_limits).table()
            | FuturesAccount(self.futures, self.futures_limits, self.listen_keys).table()
            | AlgoRoutes(self.futures).table()
        )

    def now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def limits_of(self, name: str) -> Limits:
        """Return the budget a route draws on: each venue has its own."""
        return self.futures_limits if " /fapi/" in name else self.spot_limits

    def all_limits(self) -> tuple[Limits, ...]:
        return (self.spot_limits, self.futures_limits)

    def route(self, name: str) -> Route:
        if name not in self.routes:
            raise ApiError(-5000, f"Path {name} is not supported.", status=404)
        return self.routes[name]

    def perform(
        self,
        name: str,
        params: Mapping[str, str],
        *,
        address: str,
        api_key: str | None,
        payload: bytes,
        is_trusted: bool = False,
    ) -> object:
        """Carry a call out as it arrived now; raise ApiError where it is refused.

        ``is_trusted``: the session it came over has signed once for all.
        """
        route = self.route(name)
        now = self.now_ms()
        limits = self.limits_of(name)
        limits.take_weight(address, route.weight, now)
        account = ""
        if route.security is not Security.NONE:
            key = self.keys.get(api_key)
            account = key.account
            if route.security is Security.SIGNED and not is_trusted:
                check_signed(key, payload, params, now)
        if any(route.orders):
            limits.take_orders(account, *route.orders, now)
        call = Call(account, params, now)
        if self.faults.query_lag_s:
            call = replace(call, query_lag_ms=int(Decimal(str(self.faults.query_lag_s)) * 1000))
        return route.handle(call)
