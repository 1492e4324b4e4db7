"""ccxt's clients, as far as they must be told where the simulator is."""

from __future__ import annotations

import ssl
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import ccxt.async_support

from tests.simulators.binance.resolver import Here

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"


@dataclass(frozen=True, slots=True)
class Place:
    """The simulator's addresses. With an ``authority``, the client's own are left untouched."""

    rest: str
    socket: str
    authority: str
    key: str
    secret: str


@asynccontextmanager
async def client(place: Place, kind: Any, **options: object) -> AsyncIterator[Any]:  # noqa: ANN401
    """One of ccxt's classes with a key, and closed afterwards."""
    config: dict[str, object] = {
        "apiKey": place.key,
        "secret": place.secret.replace("\\n", "\n"),
        "enableRateLimit": False,
        "options": options,
    }
    session = None
    if place.authority:
        trusted = ssl.create_default_context(cafile=place.authority)
        port = urlsplit(place.rest).port
        assert port is not None  # the simulator names its port
        connector = aiohttp.TCPConnector(ssl=trusted, resolver=Here(port))
        config["session"] = session = aiohttp.ClientSession(connector=connector)
    exchange = kind(config)
    if not place.authority:
        _redirect(exchange, place)
    try:
        yield exchange
    finally:
        await exchange.close()
        if session is not None:
            await session.close()


def _redirect(exchange: Any, place: Place) -> None:  # noqa: ANN401
    """Put the simulator's address before every path, so that nothing asks the real one."""

    def moved(here: object) -> object:
        if isinstance(here, dict):
            return {name: moved(each) for name, each in here.items()}
        scheme, path = urlsplit(str(here))[0], urlsplit(str(here)).path
        return (place.socket if scheme.startswith("ws") else place.rest) + path

    exchange.urls["api"] = moved(exchange.urls["api"])


def said(call: str) -> None:
    sys.stdout.write(f"{call}\n")
    sys.stdout.flush()


async def refusal(call: Awaitable[object], text: str, name: str | None = None) -> None:
    """Expect an error with this text; of this class, where the address does not decide that."""
    told: object = "no refusal"
    try:
        await call
    except ccxt.async_support.BaseError as error:
        told = error
    assert text in str(told), f"{type(told)} {told}"
    assert name in {None, type(told).__name__}, f"{type(told)} {told}"
    said(f"refused: {text}")
