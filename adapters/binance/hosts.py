"""Where Binance's interfaces are, and which of them move real money."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class MarketKind(StrEnum):
    """Which of Binance's two interfaces an account speaks."""

    SPOT = "spot"
    FUTURES = "futures"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Addresses without a path at the end. ``socket`` carries the account's own events."""

    rest: str
    socket: str


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
    usual = (REAL if real else DEMO)[kind]
    return Hosts((rest or usual.rest).rstrip("/"), (socket or usual.socket).rstrip("/"))


def moves_real_money(address: str) -> bool:
    """Whether an address is one of Binance's own that is not a demo."""
    host = (urlsplit(address).hostname or "").lower().rstrip(".")
    if host != _REAL_DOMAIN and not host.endswith(f".{_REAL_DOMAIN}"):
        return False
    return not host.startswith("demo-")
