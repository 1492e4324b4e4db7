"""Spot: one connection to the WebSocket API carries the events of up to 1000 accounts."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import count
from typing import TYPE_CHECKING

from adapters.binance.feed import Feed, FeedError, Link, Member
from adapters.binance.fields import integer
from adapters.binance.signing import signed_for_socket
from adapters.binance.wire import RECV_WINDOW_MS
from adapters.fields import Fields, MalformedError, fields_of, to_ms

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    import aiohttp

    from adapters.binance.signing import Keys
    from adapters.binance.venue_time import VenueTime
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor

PATH = "/ws-api/v3"
ANSWER_S = 6.0
RETRY_S = 5.0
LEAVE_S = 1.0
"""How long we wait for a venue to hear that an account leaves."""
MOST_MEMBERS = 1000
OK = 200
ALREADY_SUBSCRIBED = -2035


class AlreadySubscribedError(FeedError):
    """The connection carries the account's events already, for somebody before us."""


class SpotFeed(Feed):
    """Everybody's spot events."""

    def __init__(
        self,
        *,
        address: str,
        session: aiohttp.ClientSession,
        clock: Clock,
        time: VenueTime,
        tasks: TaskSupervisor,
        dice: random.Random,
    ) -> None:
        super().__init__(name="spot", session=session, clock=clock, tasks=tasks, dice=dice)
        self._url = address + PATH
        self._time = time
        self._keys: dict[Member, Keys] = {}
        self._heard: dict[tuple[Link, int], Member] = {}
        self._asked: dict[str, asyncio.Future[Fields]] = {}
        self._numbers = count(1)

    @property
    def is_full(self) -> bool:
        return len(self._keys) >= MOST_MEMBERS

    async def join(self, member: Member, keys: Keys) -> None:
        """Have an account's events told from now on. Raises FeedError when refused."""
        self._keys[member] = keys
        link = self._link
        if link is None:
            self.start()
            return
        try:
            await self._subscribe(link, member)
        except AlreadySubscribedError:
            # It left without a word that arrived. A new connection begins from nothing.
            link.worn.set()

    async def leave(self, member: Member) -> None:
        """Tell an account's events no longer."""
        self._keys.pop(member, None)
        for link, number in [key for key, each in self._heard.items() if each is member]:
            del self._heard[link, number]
            if not link.ended.is_set():
                await self._unsubscribe(link, number)

    async def _unsubscribe(self, link: Link, number: int) -> None:
        """Give a subscription back, or it would be in the way when the account comes again."""
        with contextlib.suppress(FeedError, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._ask(link, "userDataStream.unsubscribe", {"subscriptionId": number})

    async def _address(self) -> str:
        return self._url

    def _members(self) -> Iterable[Member]:
        return self._keys

    async def _introduce(self, link: Link) -> None:
        introduced: set[Member] = set()
        # An account that joins meanwhile finds no link yet to subscribe over by itself.
        while late := [member for member in self._keys if member not in introduced]:
            introduced.update(late)
            await asyncio.gather(*(self._try_to_subscribe(link, member) for member in late))

    async def _try_to_subscribe(self, link: Link, member: Member) -> None:
        """Subscribe; one account's refusal must not deafen the others."""
        try:
            await self._subscribe(link, member)
        except (FeedError, TimeoutError) as error:
            member.lost(str(error) or "no answer to the subscription")
            self._tasks.spawn(self._retry(link, member), name=f"events of {member.name}")

    async def _retry(self, link: Link, member: Member) -> None:
        """Ask again later for an account that hears nothing while the others do."""
        await self._clock.sleep(RETRY_S)
        if member in self._keys and not link.ended.is_set():
            await self._try_to_subscribe(link, member)

    async def _subscribe(self, link: Link, member: Member) -> None:
        keys = self._keys[member]
        params = signed_for_socket(
            {
                "apiKey": keys.api_key,
                "timestamp": to_ms(self._time.now()),
                "recvWindow": RECV_WINDOW_MS,
            },
            keys.signer,
        )
        reply = await self._ask(link, "userDataStream.subscribe.signature", params)
        if reply.get("status") != OK:
            refusal = fields_of(reply.get("error"))
            kind = (
                AlreadySubscribedError if refusal.get("code") == ALREADY_SUBSCRIBED else FeedError
            )
            raise kind(f"not subscribed: {refusal.get('code')} {refusal.get('msg')}")
        number = integer(fields_of(reply.get("result")), "subscriptionId")
        self._heard = {key: each for key, each in self._heard.items() if not key[0].ended.is_set()}
        self._heard[link, number] = member
        member.restored()

    async def _ask(self, link: Link, method: str, params: dict[str, str | int]) -> Fields:
        number = str(next(self._numbers))
        answer: asyncio.Future[Fields] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            async with asyncio.timeout(ANSWER_S):
                await link.socket.send_json({"id": number, "method": method, "params": params})
                return await answer
        except OSError as error:
            raise FeedError(str(error)) from error
        finally:
            del self._asked[number]

    def _dispatch(self, link: Link, message: object) -> None:
        fields = fields_of(message)
        if "id" in fields:
            answer = self._asked.get(str(fields["id"]))
            if answer is not None and not answer.done():
                answer.set_result(fields)
            return
        event = fields_of(fields.get("event", fields))
        kind = event.get("e")
        if kind == "serverShutdown":
            link.worn.set()
            return
        number = fields.get("subscriptionId")
        if not isinstance(number, int):
            raise MalformedError(f"an event of nobody: {kind}")
        member = self._heard.get((link, number))
        if member is None:
            return
        if kind == "eventStreamTerminated":
            del self._heard[link, number]
            member.lost("the venue ended the subscription")
            self._tasks.spawn(self._retry(link, member), name=f"events of {member.name}")
            return
        member.heard(event)
