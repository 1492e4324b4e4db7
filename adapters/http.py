"""Requests over HTTP, whoever the broker is: addresses, one session, and what became of a request.

What could not be sent and what was sent without a whole answer are two different things, and
everything that judges an order depends on telling them apart.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from yarl import URL

CONNECT_S = 3.0
ANSWER_S = 8.0
"""Once connected."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Addresses without a path at the end. ``socket`` carries the account's own events."""

    rest: str
    socket: str

    def replaced(self, *, rest: str | None, socket: str | None) -> Hosts:
        """Return these, or others in their place (a proxy, a simulator)."""
        return Hosts((rest or self.rest).rstrip("/"), (socket or self.socket).rstrip("/"))


def host_of(address: str, domain: str) -> str | None:
    """Return the host of an address, in small letters; None if it is not of that domain."""
    host = (urlsplit(address).hostname or "").lower().rstrip(".")
    return host if host == domain or host.endswith(f".{domain}") else None


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request surely never left: no address, no connection, no token, or no leave.

    ``person``: trying again is no use until somebody has changed something.
    """

    reason: str
    retry_after_s: float | None = None
    person: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """The request left, or may have, and no whole answer came."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What arrived whole; what it means is the venue's business."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Connections:
    """The one session of a process for a kind of venue, made inside the running loop."""

    def __init__(self, connector: Callable[[], aiohttp.BaseConnector]) -> None:
        self._connector = connector
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            # aiohttp would send a GET or DELETE again by itself when the connection breaks; what
            # was sent, and how often, is ours to know.
            self._session._retry_connection = False  # noqa: SLF001
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def exchanged(
    session: aiohttp.ClientSession,
    method: str,
    url: str | URL,
    *,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    data: bytes | None = None,
) -> Answer | NotSent | Lost:
    """Send one request, once, and wait a limited time. Never raises for what the network does."""
    try:
        async with (
            asyncio.timeout(CONNECT_S + ANSWER_S),
            session.request(
                method, url, headers=headers, params=params, data=data, allow_redirects=False
            ) as response,
        ):
            body = await response.read()
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return NotSent(_words(error))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Lost(_words(error))
    return Answer(response.status, body, response.headers)


def _words(error: BaseException) -> str:
    text = str(error)
    name = type(error).__name__
    return f"{name}: {text}" if text else name
