"""What the accounts of a process share at KIS: connections, and all that belongs to an app key.

An app key has one token, one budget and one event socket, whoever trades with it. The Korean and
the US half of a real account are two accounts here with the same key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from adapters.broker import BrokerUnavailableError
from adapters.http import Connections
from adapters.kis.answers import Reply
from adapters.kis.asking import Asker
from adapters.kis.feed import Feed
from adapters.kis.fields import text
from adapters.kis.holidays import Holidays
from adapters.kis.hosts import SLOWEST_S, SPACING_S
from adapters.kis.oddities import Oddities
from adapters.kis.pace import Pace, Rank
from adapters.kis.tokens import Tokens, token_file
from adapters.kis.wire import JSON, Wire
from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.clock import Clock
    from adapters.http import Hosts
    from adapters.kis.answers import Observation
    from adapters.kis.hosts import Profile
    from adapters.kis.tokens import Keys
    from adapters.kis.wire import Call

MOST_CONNECTIONS = 64
IDLE_S = 30.0
CLOSE_S = 3.0
GRANT = "client_credentials"


class Access:
    """One app key at one host."""

    def __init__(self, hub: Hub, profile: Profile, hosts: Hosts, keys: Keys) -> None:
        self.hub = hub
        self.clock = hub.clock
        self.profile = profile
        self.hosts = hosts
        self._keys = keys
        self.pace = Pace(hub.clock, SPACING_S[profile], SLOWEST_S[profile])
        self.oddities = Oddities()
        self._wire = Wire(
            session=lambda: hub.session,
            base=hosts.rest,
            profile=profile,
            keys=keys,
            pace=self.pace,
            oddities=self.oddities,
        )
        self.feed = Feed(self)
        file = token_file(hub.folder, hosts.rest, keys)
        self.tokens = Tokens(hub.clock, file, self._issue_token, hub.tasks)
        self.holidays = Holidays(hub.clock, Asker(self), hub.folder / "kis-krx.days")

    async def send(self, call: Call) -> Observation:
        """Send one request, once. Never raises for what KIS or the network does."""
        return await self._wire.send(call, self.tokens)

    async def approval_key(self) -> str:
        """Return a new key for the event socket; raise BrokerUnavailableError when refused."""
        seen = await self._wire.request(
            "POST",
            "/oauth2/Approval",
            {"Content-Type": JSON},
            {
                "grant_type": GRANT,
                "appkey": self._keys.app_key,
                "secretkey": self._keys.app_secret,
            },
            Rank.FIND,
        )
        key = text(seen.body, "approval_key") if isinstance(seen, Reply) else ""
        if not key:
            reason = seen.said() if isinstance(seen, Reply) else seen.reason
            raise BrokerUnavailableError(f"no approval key: {reason}")
        return key

    async def _issue_token(self) -> Observation:
        return await self._wire.request(
            "POST",
            "/oauth2/tokenP",
            {"Content-Type": JSON},
            {
                "grant_type": GRANT,
                "appkey": self._keys.app_key,
                "appsecret": self._keys.app_secret,
            },
            Rank.ORDER,
        )


class Hub:
    """Made once for a process; closed after every account. Tokens are kept in ``folder``."""

    def __init__(
        self,
        clock: Clock,
        folder: Path,
        *,
        on_failure: Callable[[str, BaseException], None] | None = None,
    ) -> None:
        self.clock = clock
        self.folder = folder
        self.tasks = TaskSupervisor(on_failure=on_failure)
        self.connections = Connections(
            lambda: aiohttp.TCPConnector(
                limit=MOST_CONNECTIONS, ttl_dns_cache=300, keepalive_timeout=IDLE_S
            )
        )
        self._accesses: dict[tuple[Profile, Hosts, str], Access] = {}

    @property
    def session(self) -> aiohttp.ClientSession:
        """The one session, made when first wanted inside the running loop."""
        return self.connections.session

    def access(self, profile: Profile, hosts: Hosts, keys: Keys) -> Access:
        """Return what belongs to an app key, the same for every account with it."""
        key = profile, hosts, keys.app_key
        if key not in self._accesses:
            self._accesses[key] = Access(self, profile, hosts, keys)
        return self._accesses[key]

    async def close(self) -> None:
        """Close what all accounts shared."""
        await self.tasks.close(CLOSE_S)
        await self.connections.close()
