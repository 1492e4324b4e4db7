"""The ccxt library: loaded when an account needs it, and described as far as it is used.

It takes half a second and a hundred megabytes, and pins other versions of our own dependencies,
so it is an extra: ``pip install 'nettingd[ccxt]'``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping
    from types import ModuleType

    import aiohttp

INSTALL = "pip install 'nettingd[ccxt]'"


class Client(Protocol):
    """An exchange object of ccxt's. Amounts are text, because ``number`` is ``str``."""

    id: str
    has: MutableMapping[str, object]
    features: Mapping[str, object]
    options: MutableMapping[str, object]
    urls: MutableMapping[str, object]
    markets: Mapping[str, Mapping[str, object]] | None
    precisionMode: int  # noqa: N815 - theirs, as all names here
    rateLimit: float  # noqa: N815
    enableRateLimit: bool  # noqa: N815
    timeout: int
    timeout_on_exit: int
    ssl_context: ssl.SSLContext
    session: aiohttp.ClientSession
    fetch: Callable[..., Awaitable[object]]
    throttle: Callable[[float], Awaitable[None]]
    milliseconds: Callable[[], int]
    on_rest_response: Callable[..., str]

    def set_sandbox_mode(self, enabled: bool) -> None: ...  # noqa: FBT001 - theirs
    def set_markets_from_exchange(self, source: Client) -> object: ...
    async def close(self) -> None: ...
    async def load_markets(self) -> object: ...
    async def load_time_difference(self) -> object: ...
    async def fetch_time(self) -> object: ...
    async def fetch_balance(self) -> object: ...
    async def fetch_ticker(self, symbol: str) -> object: ...
    async def create_order(
        self,
        symbol: str,
        type: str,  # noqa: A002
        side: str,
        amount: object,
        price: object,
        params: Mapping[str, object],
    ) -> object: ...
    async def cancel_order(
        self,
        id: str | None,  # noqa: A002 - theirs
        symbol: str,
        params: Mapping[str, object],
    ) -> object: ...
    async def fetch_order(
        self,
        id: str | None,  # noqa: A002 - theirs
        symbol: str,
        params: Mapping[str, object],
    ) -> object: ...
    async def fetch_open_orders(self, symbol: str | None = None) -> object: ...
    async def fetch_orders(self, symbol: str, since: int, limit: int) -> object: ...
    async def fetch_closed_orders(self, symbol: str, since: int, limit: int) -> object: ...
    async def fetch_my_trades(self, symbol: str, since: int, limit: int) -> object: ...


class LibraryError(Exception):
    """ccxt cannot be used for this; the message says what would help."""


def load() -> ModuleType:
    """Load the asyncio side of the library. Raises LibraryError where it is not installed."""
    try:
        return importlib.import_module("ccxt.async_support")
    except ImportError as error:
        raise LibraryError(f"ccxt is not installed: {INSTALL}") from error


def client_class(exchange: str) -> Callable[[Mapping[str, object]], Client]:
    """Return the class of an exchange. Raises LibraryError for one that ccxt does not know."""
    library = load()
    if exchange not in library.exchanges:
        raise LibraryError(f"ccxt knows no exchange {exchange!r}")
    found: Callable[[Mapping[str, object]], Client] = getattr(library, exchange)
    return found
