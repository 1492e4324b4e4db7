"""Where KIS is, and what differs between its real and its paper environment."""

from __future__ import annotations

from enum import StrEnum

from adapters.http import Hosts, host_of


class Profile(StrEnum):
    """Which environment: another host, other keys, other operation ids, another budget."""

    REAL = "real"
    PAPER = "paper"


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
SLOWEST_S = {Profile.REAL: 0.5, Profile.PAPER: 2.2}
"""The same for a key that is turned away again and again: new customers may have three a second,
and on paper orders have been refused 1.1 s apart."""
_DOMAIN = "koreainvestment.com"
_PAPER_HOST = "openapivts."


def hosts_of(profile: Profile, *, rest: str | None = None, socket: str | None = None) -> Hosts:
    """Return the addresses of an environment; each may be replaced (a proxy, a simulator)."""
    return USUAL[profile].replaced(rest=rest, socket=socket)


def moves_real_money(address: str) -> bool:
    """Whether an address is one of KIS's own that is not the paper environment's."""
    host = host_of(address, _DOMAIN)
    return host is not None and not host.startswith(_PAPER_HOST)
