"""Where KIS is, and what differs between its real and its paper environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class Profile(StrEnum):
    """Which environment: another host, other keys, other operation ids, another budget."""

    REAL = "real"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Addresses without a path at the end. ``socket`` carries execution notices."""

    rest: str
    socket: str


USUAL = {
    Profile.REAL: Hosts(
        "https://openapi.koreainvestment.com:9443", "ws://ops.koreainvestment.com:21000"
    ),
    Profile.PAPER: Hosts(
        "https://openapivts.koreainvestment.com:29443", "ws://ops.koreainvestment.com:31000"
    ),
}
SPACING_S = {Profile.REAL: 0.07, Profile.PAPER: 1.1}
"""Between two requests of one key. KIS allows 18 a second, on paper one; how it counts is not
known, and requests 600 ms apart were refused on paper."""
_DOMAIN = "koreainvestment.com"
_PAPER_HOST = "openapivts."


def hosts_of(profile: Profile, *, rest: str | None = None, socket: str | None = None) -> Hosts:
    """Return the addresses of an environment; each may be replaced (a proxy, a simulator)."""
    usual = USUAL[profile]
    return Hosts((rest or usual.rest).rstrip("/"), (socket or usual.socket).rstrip("/"))


def moves_real_money(address: str) -> bool:
    """Whether an address is one of KIS's own that is not the paper environment's."""
    host = (urlsplit(address).hostname or "").lower().rstrip(".")
    if host != _DOMAIN and not host.endswith(f".{_DOMAIN}"):
        return False
    return not host.startswith(_PAPER_HOST)
