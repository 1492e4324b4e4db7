"""Where Binance's interfaces are, and which of them move real money."""

from __future__ import annotations

from enum import StrEnum

from adapters.http import Hosts, host_of


class MarketKind(StrEnum):
    """Which of Binance's two interfaces an account speaks."""

    SPOT = "spot"
    FUTURES = "futures"


REAL = {
    MarketKind.SPOT: Hosts("https://api.binance.com", "wss://ws-api.binance.com:443"),
    MarketKind.FUTURES: Hosts("https://fapi.binance.com", "wss://fstream.binance.com"),
}
DEMO = {
    MarketKind.SPOT: Hosts("https://demo-api.binance.com", "wss://demo-ws-api.binance.com"),
    MarketKind.FUTURES: Hosts("https://demo-fapi.binance.com", "wss://fstream.binancefuture.com"),
}
_REAL_DOMAIN = "binance.com"


def hosts_of(
    kind: MarketKind, *, real: bool, rest: str | None = None, socket: str | None = None
) -> Hosts:
    """Return the addresses of an environment; each may be replaced (a proxy, a simulator)."""
    return (REAL if real else DEMO)[kind].replaced(rest=rest, socket=socket)


def moves_real_money(address: str) -> bool:
    """Whether an address is one of Binance's own that is not a demo."""
    host = host_of(address, _REAL_DOMAIN)
    return host is not None and not host.startswith("demo-")
