"""The WebSocket API of both venues: REST's routes under other names, sessions, subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from tests.simulators.binance.accounts import check_signed
from tests.simulators.binance.errors import ApiError, missing
from tests.simulators.binance.limits import TooManyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulators.binance.connection import Connection
    from tests.simulators.binance.exchange import Exchange

SPOT_METHODS = {
    "ping": "GET /api/v3/ping",
    "time": "GET /api/v3/time",
    "exchangeInfo": "GET /api/v3/exchangeInfo",
    "depth": "GET /api/v3/depth",
    "ticker.24hr": "GET /api/v3/ticker/24hr",
    "ticker.price": "GET /api/v3/ticker/price",
    "ticker.book": "GET /api/v3/ticker/bookTicker",
    "klines": "GET /api/v3/klines",
    "trades.recent": "GET /api/v3/trades",
    "trades.historical": "GET /api/v3/historicalTrades",
    "order.place": "POST /api/v3/order",
    "order.test": "POST /api/v3/order/test",
    "order.status": "GET /api/v3/order",
    "order.cancel": "DELETE /api/v3/order",
    "order.cancelReplace": "POST /api/v3/order/cancelReplace",
    "openOrders.status": "GET /api/v3/openOrders",
    "openOrders.cancelAll": "DELETE /api/v3/openOrders",
    "allOrders": "GET /api/v3/allOrders",
    "myTrades": "GET /api/v3/myTrades",
    "account.status": "GET /api/v3/account",
    "account.rateLimits.orders": "GET /api/v3/rateLimit/order",
}
FUTURES_METHODS = {
    "ping": "GET /fapi/v1/ping",
    "time": "GET /fapi/v1/time",
    "depth": "GET /fapi/v1/depth",
    "ticker.price": "GET /fapi/v1/ticker/price",
    "ticker.book": "GET /fapi/v1/ticker/bookTicker",
    "order.place": "POST /fapi/v1/order",
    "order.modify": "PUT /fapi/v1/order",
    "order.cancel": "DELETE /fapi/v1/order",
    "order.status": "GET /fapi/v1/order",
    "algoOrder.place": "POST /fapi/v1/algoOrder",
    "algoOrder.cancel": "DELETE /fapi/v1/algoOrder",
    "account.balance": "GET /fapi/v2/balance",
    "v2/account.balance": "GET /fapi/v3/balance",
    "account.status": "GET /fapi/v2/account",
    "v2/account.status": "GET /fapi/v3/account",
    "account.position": "GET /fapi/v2/positionRisk",
    "v2/account.position": "GET /fapi/v3/positionRisk",
    "userDataStream.start": "POST /fapi/v1/listenKey",
    "userDataStream.ping": "PUT /fapi/v1/listenKey",
    "userDataStream.stop": "DELETE /fapi/v1/listenKey",
}
SUBSCRIPTIONS = (
    "userDataStream.subscribe",
    "userDataStream.subscribe.signature",
    "userDataStream.unsubscribe",
)


class Asked:
    """A request as it came over a socket. Raises ApiError for one that cannot be read."""

    def __init__(self, text: str) -> None:
        try:
            asked = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise ApiError(-1135, "Invalid JSON Request") from None
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            raise missing("method")
        self.number: object = asked.get("id")
        self.method: str = asked["method"]
        self.given: object = asked.get("params")
        params = self.given if isinstance(self.given, dict) else {}
        self.params = {name: _text(value) for name, value in params.items()}

    def refused(self, status: int, body: Mapping[str, object]) -> dict[str, object]:
        return {"id": self.number, "status": status, "error": body}


class SocketApi:
    """One venue's methods. Spot has subscriptions to user events too."""

    def __init__(self, exchange: Exchange, methods: Mapping[str, str], *, is_spot: bool) -> None:
        self._exchange = exchange
        self._methods = methods
        self._is_spot = is_spot

    def reply(self, connection: Connection, asked: Asked, address: str) -> dict[str, object]:
        """Carry a request out."""
        try:
            result = self._carry_out(connection, asked, address)
        except TooManyError as error:
            data = {"serverTime": self._exchange.now_ms(), "retryAfter": error.retry_at_ms}
            return asked.refused(error.status, {**error.body, "data": data})
        except ApiError as error:
            return asked.refused(error.status, error.body)
        return {"id": asked.number, "status": 200, "result": result, "rateLimits": []}

    def _carry_out(self, connection: Connection, asked: Asked, address: str) -> object:
        exchange, params = self._exchange, asked.params
        if asked.method in self._methods:
            return exchange.perform(
                self._methods[asked.method],
                params,
                address=address,
                api_key=params.get("apiKey") or connection.logged_on,
                payload=signed_text(params),
                is_trusted=bool(connection.logged_on) and "signature" not in params,
            )
        limits = exchange.spot_limits if self._is_spot else exchange.futures_limits
        limits.take_weight(address, 2, exchange.now_ms())
        if asked.method.startswith("session."):
            return self._session(connection, asked)
        if self._is_spot and asked.method in SUBSCRIPTIONS:
            return self._subscription(connection, asked)
        raise ApiError(-1136, f"Unknown method {asked.method}")

    def _session(self, connection: Connection, asked: Asked) -> object:
        match asked.method:
            case "session.logon":
                key = self._exchange.keys.get(asked.params.get("apiKey"))
                now = self._exchange.now_ms()
                check_signed(key, signed_text(asked.params), asked.params, now)
                if key.kind != "ed25519":
                    raise ApiError(-4056, "HMAC_SHA256 API key is not supported.")
                connection.logged_on = key.api_key
            case "session.logout":
                connection.logged_on = ""
            case "session.status":
                pass
            case _:
                raise ApiError(-1136, f"Unknown method {asked.method}")
        since = self._exchange.now_ms() if connection.logged_on else None
        return {"apiKey": connection.logged_on or None, "authorizedSince": since}

    def _subscription(self, connection: Connection, asked: Asked) -> object:
        if asked.method == "userDataStream.unsubscribe":
            return _unsubscribe(connection, asked.params.get("subscriptionId"))
        if asked.method == "userDataStream.subscribe.signature":
            key = self._exchange.keys.get(asked.params.get("apiKey"))
            check_signed(key, signed_text(asked.params), asked.params, self._exchange.now_ms())
            return _subscribe(connection, key.account)
        if not connection.logged_on:
            raise ApiError(-1194, "Session is not authenticated.", status=401)
        return _subscribe(connection, self._exchange.keys.get(connection.logged_on).account)


def signed_text(params: Mapping[str, str]) -> bytes:
    """Return what a WebSocket request signs: its parameters by name, without the signature."""
    return "&".join(
        f"{name}={value}" for name, value in sorted(params.items()) if name != "signature"
    ).encode()


def _subscribe(connection: Connection, account: str) -> object:
    if account in connection.accounts.values():
        raise ApiError(-2035, "Subscription already active for this account.")
    number = connection.next_subscription
    connection.next_subscription += 1
    connection.accounts[number] = account
    return {"subscriptionId": number}


def _unsubscribe(connection: Connection, number: str | None) -> object:
    if number is None:
        connection.accounts.clear()
    elif not number.isdecimal() or connection.accounts.pop(int(number), None) is None:
        raise ApiError(-2036, "Subscription not active.")
    return {}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
