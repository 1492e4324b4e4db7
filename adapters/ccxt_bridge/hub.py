"""What the accounts of one process share: connections, trust, budgets, and each exchange's markets.

ccxt would make all of these for every account anew: its own TLS context is a stall of 20 ms, its
markets 10 to 40 MB, and its throttler knows neither other accounts nor which request is urgent.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from adapters.broker import BrokerUnavailableError
from adapters.ccxt_bridge.library import client_class
from adapters.ccxt_bridge.observations import tracing, urgency_now, watch
from adapters.ccxt_bridge.outcomes import BANNED, TOO_MANY, words
from adapters.http import Connections
from adapters.limits import Budget, Gate, Urgency
from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.ccxt_bridge.library import Client
    from adapters.ccxt_bridge.observations import Trace
    from adapters.clock import Clock

ANSWER_MS = 8000
RECV_WINDOW_MS = 5000
"""How old a request may be when it arrives, at exchanges that ask; bounds how late it can act."""
LEAVE_S = 4.0
"""How long a request waits for room in the budget before it is given up, surely not sent."""
SILENCE_S = 30.0
"""How long to be silent when an exchange that says 429 does not say for how long."""
MARKETS_FRESH_S = 3600.0
WINDOW_S = 60
MILLI = 1000
"""Costs are counted in thousandths: ccxt has some below one."""
CLOSE_S = 3.0
OPTIONS: dict[str, object] = {
    "recvWindow": RECV_WINDOW_MS,
    "defaultType": "spot",
    "fetchMarkets": {"types": ["spot"]},
    "fetchMargins": False,
    "fetchCurrencies": False,
    "warnOnFetchOpenOrdersWithoutSymbol": False,
    "adjustForTimeDifference": False,
}


class Exchange:
    """One exchange at one address, as seen from this machine."""

    def __init__(self, hub: Hub, name: str, *, is_test: bool, base_url: str | None) -> None:
        self._hub = hub
        self._name = name
        self._is_test = is_test
        self._base_url = base_url
        self._reading = asyncio.Lock()
        self._read_at = 0.0
        self.gate = Gate(hub.clock, hub.clock.now)
        self.public = self.client({})
        per_minute = int(WINDOW_S * 1000 * MILLI / self.public.rateLimit)
        self._budget = Budget("cost", per_minute, WINDOW_S)

    def client(self, keys: dict[str, str]) -> Client:
        """Make an object of the library, with keys or without."""
        hub = self._hub
        client = client_class(self._name)(
            {
                **keys,
                "session": hub.session,
                "number": str,
                "timeout": ANSWER_MS,
                "options": dict(OPTIONS),
            }
        )
        client.ssl_context = hub.trust
        client.timeout_on_exit = 0
        client.has["fetchCurrencies"] = False
        client.milliseconds = lambda: int(hub.clock.now().timestamp() * 1000)
        # Its own throttler stays out of it: the library asks ours, with what a call costs.
        client.enableRateLimit = True
        client.throttle = self._wait
        watch(client)
        if self._is_test and self._base_url is None:
            client.set_sandbox_mode(True)
        if self._base_url is not None:
            client.urls["api"] = _moved(client.urls["api"], self._base_url)
        return client

    async def markets(self) -> Client:
        """Return an object that has the markets, not older than an hour.

        Raises BrokerUnavailableError.
        """
        async with self._reading:
            clock = self._hub.clock
            is_old = clock.monotonic() - self._read_at > MARKETS_FRESH_S
            if self.public.markets is None or is_old:
                with tracing(Urgency.ASK) as trace:
                    try:
                        await self.public.load_markets()
                    except Exception as error:
                        self.obey(trace)
                        raise BrokerUnavailableError(words(error)) from error
                self._read_at = clock.monotonic()
            return self.public

    def obey(self, trace: Trace) -> None:
        """Be silent where the exchange asks for it."""
        for sent in trace.sent:
            if sent.status in {TOO_MANY, BANNED}:
                self.gate.close_for(sent.retry_after_s or SILENCE_S)

    async def _wait(self, cost: float) -> None:
        """Let a request pass when there is room for it. Raises OverBudgetError."""
        charge = ((self._budget, math.ceil(float(cost) * MILLI)),)
        permit = await self.gate.enter(charge, urgency_now(), LEAVE_S)
        permit.release()


class Hub:
    """Made once for a process; closed after every account.

    ``trust`` and ``resolver`` are the system's unless given.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        on_failure: Callable[[str, BaseException], None] | None = None,
        trust: ssl.SSLContext | None = None,
        resolver: aiohttp.abc.AbstractResolver | None = None,
    ) -> None:
        self.clock = clock
        self.tasks = TaskSupervisor(on_failure=on_failure)
        self.trust = trust or ssl.create_default_context()
        self.connections = Connections(
            lambda: aiohttp.TCPConnector(ssl=self.trust, resolver=resolver)
        )
        self._exchanges: dict[tuple[str, bool, str | None], Exchange] = {}

    @property
    def session(self) -> aiohttp.ClientSession:
        """The one session, made when first wanted inside the running loop."""
        return self.connections.session

    def exchange(self, name: str, *, is_test: bool, base_url: str | None) -> Exchange:
        """Return what accounts there share. Raises LibraryError."""
        key = (name, is_test, base_url)
        if key not in self._exchanges:
            self._exchanges[key] = Exchange(self, name, is_test=is_test, base_url=base_url)
        return self._exchanges[key]

    async def close(self) -> None:
        """Close what is shared."""
        await self.tasks.close(CLOSE_S)
        for exchange in self._exchanges.values():
            await exchange.public.close()
        await self.connections.close()


def _moved(here: object, base: str) -> object:
    """Put another address before the path of every URL."""
    if isinstance(here, dict):
        return {name: _moved(each, base) for name, each in here.items()}
    return base.rstrip("/") + urlsplit(str(here)).path
