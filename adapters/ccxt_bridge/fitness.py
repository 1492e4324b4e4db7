"""What the bridge does not do with an exchange, and why: told before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.ccxt_bridge.library import LibraryError, client_class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.ccxt_bridge.library import Client

SIGNIFICANT_DIGITS = 3
"""ccxt's precision mode in which a symbol has no tick."""
NEEDED = (
    "createOrder",
    "cancelOrder",
    "fetchOpenOrders",
    "fetchMyTrades",
    "fetchBalance",
    "fetchTicker",
)
LISTINGS = ("fetchOrders", "fetchClosedOrders")
FINDS_BY_CLIENT_ID = frozenset({"binance"})
"""Exchanges whose single orders were tried to be found and cancelled by our id."""
CARRIES_A_WINDOW = frozenset({"binance"})
"""Exchanges that refuse a request older than ``recvWindow``, as was tried."""
NO_STOPS = (
    "stop orders are not sent through ccxt: where they wait, and under which name, differs from "
    "exchange to exchange"
)
NO_FUTURES = (
    "futures are not traded through ccxt: contract sizes and position modes differ from exchange "
    "to exchange, and the books would be wrong"
)
UNBOUNDED = (
    "how long a request may travel is not bounded here: an order of unknown fate is taken for "
    "absent only after two minutes"
)
COSTS_ONLY = (
    "this exchange takes market buys by their cost, not by their quantity; send a limit order"
)


def obstacles(exchange: str, *, is_test: bool) -> tuple[str, ...]:
    """Say what keeps an exchange from being used at all. Loads the library."""
    try:
        client = client_class(exchange)({})
    except LibraryError as error:
        return (str(error),)
    return tuple(_obstacles(client, is_test=is_test))


def _obstacles(client: Client, *, is_test: bool) -> Iterator[str]:
    lacking = [name for name in NEEDED if client.has.get(name) is not True]
    if lacking:
        yield f"ccxt cannot do {', '.join(lacking)} at {client.id}"
    can_find = client.id in FINDS_BY_CLIENT_ID
    if not can_find and not any(client.has.get(name) is True for name in LISTINGS):
        yield f"orders of unknown fate could not be found again at {client.id}"
    if client.has.get("spot") is not True:
        yield f"{client.id} has no spot market"
    if client.precisionMode == SIGNIFICANT_DIGITS:
        yield f"{client.id} counts significant digits; its symbols have no tick"
    if is_test and "test" not in client.urls:
        yield f'ccxt knows no test environment of {client.id}; it needs environment = "live"'


def limits(exchange: str) -> tuple[str, ...]:
    """Say what is refused at an exchange that can be used. Loads the library."""
    found = [NO_STOPS]
    if wants_cost(client_class(exchange)({})):
        found.append(f"market buys: {COSTS_ONLY}")
    if exchange not in CARRIES_A_WINDOW:
        found.append(UNBOUNDED)
    return tuple(found)


def wants_cost(client: Client) -> bool:
    """Whether a market order to buy must name what it may cost."""
    return client.options.get("createMarketBuyOrderRequiresPrice") is True
