"""Where a request comes from, through proxies that are trusted, and whether that is allowed."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
LENGTH_MAX = 64
"""No address is longer, and what is read is remembered."""
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::\d+)?|(?P<four>[\d.]+):\d+")


class Networks(tuple[Network, ...]):
    """A list of networks, from the configuration. Most are empty, which every request asks."""

    __slots__ = ()

    def __contains__(self, address: object) -> bool:
        """Whether an address is in one of the networks; what is no address is in none."""
        parsed = parse_address(address) if isinstance(address, str) else None
        return parsed is not None and any(parsed in network for network in self)


def parse_address(text: str) -> Address | None:
    """Read an address; an IPv4 address written as IPv6 is the IPv4 address."""
    return _parse(text) if len(text) <= LENGTH_MAX else None


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def client_address(peer: str | None, forwarded: Iterable[str], trusted: Networks) -> str:
    """Return the address of whoever made the request.

    ``peer`` is the other end of the connection, ``forwarded`` the values of X-Forwarded-For in
    the order of the headers. Each proxy appends the address it was called from, so the list is
    read from its end, and only as long as the reporter is trusted; what stands before was written
    by strangers.
    """
    address = peer or UNKNOWN
    if not trusted:
        return address
    hops = [hop for value in forwarded for hop in value.split(",")]
    while hops and address in trusted:
        address = _without_port(hops.pop().strip())
        if parse_address(address) is None:
            return UNKNOWN
    return address


def bucket_of(address: str) -> str:
    """Return the name under which failures are counted: an IPv6 caller has its whole /64."""
    parsed = parse_address(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return address


def _without_port(hop: str) -> str:
    match = _WITH_PORT.fullmatch(hop)
    return match["six"] or match["four"] if match else hop
