"""A library in the place of ccxt, with one small exchange in it.

It has no look-up by our id, as most exchanges of ccxt have none. Each request goes through
``fetch`` and ``on_rest_response``, which is where the bridge watches.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from copy import deepcopy
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

START_MS = 1_795_176_000_000
SPOT = {"spot": True, "precision": {"amount": "0.001", "price": "0.5"}}


class BaseError(Exception):
    pass


class ExchangeError(BaseError):
    pass


class InvalidOrder(ExchangeError):  # noqa: N818 - theirs
    pass


class OrderNotFound(InvalidOrder):
    pass


class InsufficientFunds(ExchangeError):  # noqa: N818 - theirs
    pass


class AuthenticationError(ExchangeError):
    pass


class NetworkError(BaseError):
    pass


class InvalidNonce(NetworkError):  # noqa: N818 - theirs
    pass


class RateLimitExceeded(NetworkError):  # noqa: N818 - theirs
    pass


class ExchangeNotAvailable(NetworkError):  # noqa: N818 - theirs
    pass


class RequestTimeout(NetworkError):  # noqa: N818 - theirs
    pass


class Trouble:
    """What the next request to a route meets: an answer, or none; ``done``: it was carried out."""

    def __init__(
        self,
        error: Exception,
        status: int | None = 400,
        text: str = "{}",
        *,
        done: bool = False,
        headers: Mapping[str, str] | None = None,
        cause: Exception | None = None,
    ) -> None:
        self.error = error
        self.status = status
        self.text = text
        self.done = done
        self.headers = dict(headers or {})
        self.error.__cause__ = cause


class Exchange:
    """One account for all its objects, unless a test makes ``books`` anew."""

    id = "smallx"
    precisionMode = 4  # noqa: N815 - theirs, as all names here
    rateLimit = 100  # noqa: N815
    books: dict[str, Any]

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.has: dict[str, object] = dict.fromkeys(
            (
                "createOrder",
                "cancelOrder",
                "fetchOpenOrders",
                "fetchOrders",
                "fetchOrder",
                "fetchMyTrades",
                "fetchBalance",
                "fetchTicker",
                "fetchTime",
                "spot",
            ),
            True,
        )
        self.features: dict[str, Any] = {}
        self.options: dict[str, Any] = dict(config.get("options", {}))
        self.urls: dict[str, Any] = {
            "api": {"rest": "https://small.example/v1"},
            "test": {"rest": "https://test.small.example/v1"},
        }
        self.markets: dict[str, Any] | None = None
        self.is_sandbox = False
        self.is_closed = False

    # What the bridge replaces or sets.

    async def throttle(self, cost: float) -> None:
        del cost
        raise AssertionError("its own throttler is not used")

    def milliseconds(self) -> int:
        raise AssertionError("it is given our clock")

    def on_rest_response(self, *noted: object) -> str:
        return str(noted[5])

    def set_sandbox_mode(self, enabled: bool) -> None:  # noqa: FBT001 - theirs
        self.is_sandbox = enabled

    def set_markets_from_exchange(self, source: Exchange) -> None:
        self.markets = source.markets

    async def close(self) -> None:
        self.is_closed = True

    async def fetch(
        self, url: str, method: str = "GET", headers: object = None, body: object = None
    ) -> object:
        del headers, body
        route = f"{method} {url}"
        trouble: Trouble | None = None
        if self.books["troubles"][route]:
            trouble = self.books["troubles"][route].pop(0)
        self.books["requests"].append(route)
        if trouble is None:
            self.on_rest_response(200, "OK", url, method, {}, "{}", {}, "")
            return {}
        if trouble.done:
            self.books["done"]()
        if trouble.status is not None:
            self.on_rest_response(
                trouble.status, "", url, method, trouble.headers, trouble.text, {}, ""
            )
        raise trouble.error

    async def _ask(self, route: str, cost: float = 1.0) -> None:
        method, path = route.split()
        await self.throttle(cost)
        await self.fetch(path, method)

    # The unified calls.

    async def load_markets(self) -> None:
        await self._ask("GET markets")
        self.markets = deepcopy(self.books["markets"])

    async def load_time_difference(self) -> None:
        await self.fetch_time()

    async def fetch_time(self) -> int:
        await self._ask("GET time")
        return START_MS

    async def fetch_balance(self) -> object:
        await self._ask("GET balance")
        return {"total": dict(self.books["total"])}

    async def fetch_ticker(self, symbol: str) -> object:
        await self._ask("GET ticker")
        return {"symbol": symbol, "last": "100.5", "bid": "100", "ask": None}

    async def create_order(
        self,
        symbol: str,
        type: str,  # noqa: A002
        side: str,
        amount: str,
        price: str | None,
        params: Mapping[str, str],
    ) -> object:
        order = {
            "id": str(len(self.books["orders"]) + 1),
            "clientOrderId": params["clientOrderId"],
            "symbol": symbol,
            "type": type,
            "side": side,
            "amount": amount,
            "price": price,
            "filled": "0",
            "status": "open",
            "timestamp": START_MS,
        }
        self.books["done"] = lambda: self.books["orders"].append(order)
        await self._ask("POST order")
        self.books["done"]()
        answer: object = deepcopy(self.books["answer"] or order)
        return answer

    async def cancel_order(
        self,
        id: str | None,  # noqa: A002
        symbol: str,
        params: Mapping[str, str],
    ) -> object:
        del symbol, params
        order = self._numbered(id)
        if order is None or order["status"] != "open":
            self.spoil("DELETE order", Trouble(OrderNotFound("gone")))
        await self._ask("DELETE order")
        assert order is not None  # or it was refused
        order["status"] = "canceled"
        return dict(order)

    async def fetch_order(self, id: str | None, symbol: str, params: object) -> object:  # noqa: A002
        del symbol, params
        order = self._numbered(id)
        if order is None:
            self.spoil("GET order", Trouble(OrderNotFound("no such order")))
        await self._ask("GET order")
        assert order is not None  # or it was refused
        return dict(order)

    async def fetch_open_orders(self, symbol: str | None = None) -> object:
        await self._ask("GET open")
        return [
            dict(each)
            for each in self.books["orders"]
            if each["status"] == "open" and symbol in {None, each["symbol"]}
        ]

    async def fetch_orders(self, symbol: str, since: int, limit: int) -> object:
        await self._ask("GET orders")
        return [
            dict(each)
            for each in self.books["orders"]
            if each["symbol"] == symbol and each["timestamp"] >= since
        ][:limit]

    fetch_closed_orders = fetch_orders

    async def fetch_my_trades(self, symbol: str, since: int, limit: int) -> object:
        await self._ask("GET trades")
        return [
            dict(each)
            for each in self.books["trades"]
            if each["symbol"] == symbol and each["timestamp"] >= since
        ][:limit]

    def _numbered(self, number: str | None) -> dict[str, Any] | None:
        return next((each for each in self.books["orders"] if each["id"] == number), None)

    # What tests do.

    @classmethod
    def spoil(cls, route: str, trouble: Trouble) -> None:
        cls.books["troubles"][route].append(trouble)

    @classmethod
    def trade(cls, number: str, quantity: str, price: str = "100", at_ms: int = START_MS) -> None:
        """Let an order fill, wholly if nothing is left of it then."""
        order = next(each for each in cls.books["orders"] if each["id"] == number)
        cls.books["trades"].append(
            {
                "id": str(len(cls.books["trades"]) + 1),
                "order": number,
                "symbol": order["symbol"],
                "side": order["side"],
                "amount": quantity,
                "price": price,
                "timestamp": at_ms,
                "fees": [{"cost": "0.01", "currency": "USDT"}],
            }
        )
        order["filled"] = str(Decimal(order["filled"]) + Decimal(quantity))
        if Decimal(order["filled"]) >= Decimal(order["amount"]):
            order["status"] = "closed"


def install(monkeypatch: pytest.MonkeyPatch) -> type[Exchange]:
    """Put the library where ccxt would be; return its exchange, with fresh books."""

    class smallx(Exchange):  # noqa: N801 - exchanges are called so there
        books = {  # noqa: RUF012 - shared by all objects of one test
            "orders": [],
            "trades": [],
            "requests": [],
            "troubles": defaultdict(list),
            "answer": None,
            "total": {"USDT": "1000", "BTC": "2.50", "XYZ": "7", "NIL": "0"},
            "markets": {
                "BTC/USDT": {"base": "BTC", "quote": "USDT", **SPOT},
                "BTC/EUR": {"base": "BTC", "quote": "EUR", **SPOT},
            },
        }

    library, module = ModuleType("ccxt"), ModuleType("ccxt.async_support")
    module.exchanges = ["smallx"]  # type: ignore[attr-defined]
    module.smallx = smallx  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ccxt", library)
    monkeypatch.setitem(sys.modules, "ccxt.async_support", module)
    return smallx
