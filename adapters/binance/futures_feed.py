"""USD-M futures: each account has a listen key and a socket of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.binance.answers import Reply
from adapters.binance.feed import Feed, FeedError, Link, Member
from adapters.binance.fields import text
from adapters.fields import fields_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    import aiohttp

    from adapters.binance.routes import Routes
    from adapters.binance.wire import Wire
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor

RENEW_S = 25 * 60.0
"""A key lives for an hour after it was last renewed."""


class FuturesFeed(Feed):
    """One account's futures events.

    The key is never deleted: that would end the stream of everybody who shares the account.
    """

    def __init__(
        self,
        member: Member,
        *,
        address: str,
        wire: Wire,
        routes: Routes,
        session: aiohttp.ClientSession,
        clock: Clock,
        tasks: TaskSupervisor,
        dice: random.Random,
    ) -> None:
        super().__init__(
            name=f"futures {member.name}", session=session, clock=clock, tasks=tasks, dice=dice
        )
        self._base = address
        self._wire = wire
        self._routes = routes
        self._member = member
        self._keeps = False

    async def _address(self) -> str:
        """Take the account's key: asking again gives the same one, and extends it."""
        seen = await self._wire.send(self._routes.listen_key())
        if not isinstance(seen, Reply) or not seen.is_good:
            raise FeedError(f"no listen key: {seen}")
        key = text(fields_of(seen.body), "listenKey")
        if not self._keeps:
            self._keeps = True
            self._keep_running(self._keep(), f"listen key of {self._member.name}")
        return f"{self._base}/private/ws/{key}"

    async def _keep(self) -> None:
        while True:
            await self._clock.sleep(RENEW_S)
            seen = await self._wire.send(self._routes.listen_key("PUT"))
            if isinstance(seen, Reply) and seen.code is not None:
                self.reconnect(f"the listen key is gone: {seen.code}")

    def _members(self) -> Iterable[Member]:
        return (self._member,)

    async def _introduce(self, link: Link) -> None:
        """Nothing has to be asked: the address names the account."""
        del link
        self._member.restored()

    def _dispatch(self, link: Link, message: object) -> None:
        fields = fields_of(message)
        event = fields_of(fields.get("data", fields))
        if event.get("e") == "listenKeyExpired":
            # The socket stays open and silent.
            link.end("the listen key expired")
            return
        if "e" in event:
            self._member.heard(event)
