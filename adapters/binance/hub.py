"""What the accounts of one process share: connections, budgets, rules, the venue's clock.

Weight counts for the machine's address, not for the account, so there is one gate for each
interface; the symbols' rules are read once, however many accounts trade them.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING, Protocol

import aiohttp

from adapters.binance.answers import Reply
from adapters.binance.fields import time_of
from adapters.binance.outcomes import said_by
from adapters.binance.routes import ROUTES
from adapters.binance.rules import Allowance, read_allowances, read_symbol
from adapters.binance.spot_feed import SpotFeed
from adapters.binance.venue_time import VenueTime
from adapters.binance.wire import Call, Meters, Wire
from adapters.broker import BrokerUnavailableError
from adapters.fields import fields_of
from adapters.http import Connections
from adapters.limits import Budget, Gate
from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.binance.hosts import MarketKind
    from adapters.binance.rules import Rules
    from adapters.binance.signing import Keys
    from adapters.clock import Clock
    from adapters.http import Hosts
    from algorithms.domain import Symbol

MOST_CONNECTIONS = 4096
"""Requests under way at once are bounded by the accounts' own limits; this only stops a flood."""
IDLE_S = 55.0
RULES_FRESH_S = 3600.0
RENEW_AFTER_S = 60.0
TIME_FRESH_S = 600.0
ROWS_AT_ONCE = 50
"""Symbols read before others get a turn: thousands would hold the loop up for too long."""
CLOSE_S = 3.0

log = logging.getLogger(__name__)
USUAL_WINDOW_S = 60
WEIGHT_HEADER = "X-MBX-USED-WEIGHT-1M"
WEIGHT = "REQUEST_WEIGHT"
ORDERS = "ORDERS"


class Venue:
    """One interface at one address, as seen from this machine."""

    def __init__(self, hub: Hub, kind: MarketKind, hosts: Hosts) -> None:
        self.routes = ROUTES[kind]
        self.hosts = hosts
        self.clock = hub.clock
        self.time = VenueTime(hub.clock)
        self.gate = Gate(
            hub.clock,
            self.time.now,
            on_silence=lambda seconds: hub.silence.told(hosts.rest, seconds),
        )
        left = hub.silence.left_s(hosts.rest)
        if left:
            self.gate.close_for(left)
        self.weight: tuple[Budget, ...] = (
            Budget(WEIGHT_HEADER, self.routes.usual_weight, USUAL_WINDOW_S),
        )
        self._allowances: tuple[Allowance, ...] = ()
        self._hub = hub
        self._rules: Mapping[Symbol, Rules] | None = None
        self._read_at = 0.0
        self._timed_at: float | None = None
        self._timings = 0
        self._reading = asyncio.Lock()
        self._timing = asyncio.Lock()
        self._feeds: list[SpotFeed] = []

    def wire(self, keys: Keys | None = None) -> Wire:
        """Return a way to send requests of an account, or of nobody."""
        orders = tuple(
            Budget(each.header, each.limit, each.window_s)
            for each in self._allowances
            if each.kind == ORDERS
        )
        return Wire(
            session=self._hub.session,
            base=self.hosts.rest,
            time=self.time,
            gate=self.gate,
            meters=Meters(self.weight, orders if keys is not None else ()),
            keys=keys,
        )

    async def rules(self, *, anew: bool = False) -> Mapping[Symbol, Rules]:
        """Return the symbols' rules; raise BrokerUnavailableError if they cannot be had."""
        before = self._rules
        async with self._reading:
            is_old = self.clock.monotonic() - self._read_at > RULES_FRESH_S
            if self._rules is None or is_old or (anew and self._rules is before):
                body = await self._ask(self.routes.exchange_info())
                self._rules = await self._read(fields_of(body))
                self._read_at = self.clock.monotonic()
            return self._rules

    async def know_time(self, *, anew: bool = False) -> None:
        """Measure the venue's clock unless that has just been done.

        Raises BrokerUnavailableError when the venue does not answer.
        """
        before = self._timings
        async with self._timing:
            is_recent = (
                self._timed_at is not None
                and self.clock.monotonic() - self._timed_at < TIME_FRESH_S
            )
            if self._timings != before or (is_recent and not anew):
                return
            if anew:
                self.time.forget()
            at, begun = self.clock.now(), self.clock.monotonic()
            body = await self._ask(self.routes.time())
            self.time.learn(
                time_of(fields_of(body), "serverTime"),
                asked_at=at,
                round_trip_s=self.clock.monotonic() - begun,
            )
            self._timed_at = self.clock.monotonic()
            self._timings += 1

    @property
    def known_rules(self) -> Mapping[Symbol, Rules]:
        """The symbols' rules as last read; ``rules`` must have returned before."""
        assert self._rules is not None  # every account reads the rules when it opens
        return self._rules

    def renew_rules(self) -> None:
        """Read the rules anew, beside what goes on: an order was refused by a filter."""
        if self.clock.monotonic() - self._read_at > RENEW_AFTER_S and not self._reading.locked():
            self._hub.tasks.spawn(self._renew(), name="rules anew")

    async def _renew(self) -> None:
        try:
            await self.rules(anew=True)
        except BrokerUnavailableError as error:
            log.warning("rules not read anew: %s", error)

    def spot_feed(self) -> SpotFeed:
        """Return a connection for spot events that has room for one account more."""
        for feed in self._feeds:
            if not feed.is_full:
                return feed
        feed = SpotFeed(
            address=self.hosts.socket,
            session=self._hub.session,
            clock=self.clock,
            time=self.time,
            tasks=self._hub.tasks,
            dice=self._hub.dice,
        )
        self._feeds.append(feed)
        return feed

    async def close(self) -> None:
        for feed in self._feeds:
            await feed.close()

    async def _ask(self, call: Call) -> object:
        seen = await self.wire().send(call)
        if isinstance(seen, Reply):
            if seen.is_good:
                return seen.body
            raise BrokerUnavailableError(said_by(seen))
        raise BrokerUnavailableError(seen.reason)

    async def _read(self, body: dict[str, object]) -> dict[Symbol, Rules]:
        rows = body.get("symbols")
        read: dict[Symbol, Rules] = {}
        for number, row in enumerate(rows if isinstance(rows, list) else ()):
            if number % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
            rules = read_symbol(fields_of(row), self.routes.kind)
            if rules is not None:
                read[rules.instrument.symbol] = rules
        self._budget(read_allowances(body))
        return read

    def _budget(self, allowances: tuple[Allowance, ...]) -> None:
        """Take the venue's word for the limits; what is used already stays counted."""
        self._allowances = allowances
        wanted = [each for each in allowances if each.kind == WEIGHT]
        known = {budget.name: budget for budget in self.weight}
        for each in wanted:
            budget = known.get(each.header)
            if budget is None:
                known[each.header] = Budget(each.header, each.limit, each.window_s)
            else:
                budget.limit = each.limit
        self.weight = tuple(known.values())


class Silence(Protocol):
    """Knows until when an address wants to hear nothing from this machine."""

    def left_s(self, address: str) -> float:
        """Return for how many seconds more."""
        ...

    def told(self, address: str, seconds: float) -> None:
        """Hear that an address asks for silence."""
        ...


class _Forgetful:
    """A silence that no later process hears of."""

    def left_s(self, address: str) -> float:
        del address
        return 0.0

    def told(self, address: str, seconds: float) -> None:
        del address, seconds


class Hub:
    """Made once for a process; closed after every account."""

    def __init__(
        self,
        clock: Clock,
        *,
        on_failure: Callable[[str, BaseException], None] | None = None,
        dice: random.Random | None = None,
        silence: Silence | None = None,
    ) -> None:
        self.clock = clock
        self.tasks = TaskSupervisor(on_failure=on_failure)
        # Spreads reconnects; nobody must not guess it.
        self.dice = dice or random.Random()  # noqa: S311
        self.silence = silence or _Forgetful()
        self.connections = Connections(
            lambda: aiohttp.TCPConnector(
                limit=MOST_CONNECTIONS, ttl_dns_cache=300, keepalive_timeout=IDLE_S
            )
        )
        self._venues: dict[tuple[MarketKind, Hosts], Venue] = {}

    @property
    def session(self) -> aiohttp.ClientSession:
        """The one session, made when first wanted inside the running loop."""
        return self.connections.session

    def venue(self, kind: MarketKind, hosts: Hosts) -> Venue:
        """Return the interface at an address, the same for every account there."""
        key = kind, hosts
        if key not in self._venues:
            self._venues[key] = Venue(self, kind, hosts)
        return self._venues[key]

    async def close(self) -> None:
        """Close what all accounts shared."""
        for venue in self._venues.values():
            await venue.close()
        await self.tasks.close(CLOSE_S)
        await self.connections.close()
