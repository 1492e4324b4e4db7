"""The event socket of an app key: one connection, and every account that listens over it.

KIS lets a key have one session. Nothing is replayed after a gap, so a gap is always told. A socket
that says nothing for a while, not even its heartbeat, is dead although it looks open.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import aiohttp
import orjson

from adapters.broker import BrokerUnavailableError
from adapters.fields import MalformedError
from adapters.kis.fields import SEOUL, object_of, text
from adapters.kis.notices import LENGTHS, TOPICS, Secret, read_frame, read_notices

if TYPE_CHECKING:
    from adapters.kis.hub import Access
    from adapters.kis.notices import Notice

PATH = "/tryitout"
CONNECT_S = 8.0
SILENCE_S = 45.0
"""A heartbeat comes every 10 to 14 s."""
BETWEEN_S = 0.2
"""Between two registrations."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 60.0
"""A session that lasted less does not shorten the pause before the next one."""
DEAF_AFTER = 2
"""So many failures in a row are told to those who have never heard anything, too."""
KEY_LIVES_S = 20 * 3600.0
"""How long an approval key serves for new connections; KIS says 24 hours."""
CLOSE_S = 2.0
REGISTER = "1"
TAKEN = frozenset({"OPSP0000", "OPSP0002"})
GONE = frozenset({"OPSP0001", "OPSP0003"})
BAD_KEY = frozenset({"OPSP0010", "OPSP0011", "OPSP9994"})

log = logging.getLogger(__name__)

Topic = tuple[str, str]
"""An operation id of notices, and whose they are: an HTS id."""


class FeedError(Exception):
    """KIS does not let us listen, or not any more."""


class Member(Protocol):
    """An account that listens."""

    topic: Topic

    def heard(self, notice: Notice) -> None:
        """Take in a notice; it may be another account's of the same customer."""
        ...

    def lost(self, reason: str) -> None:
        """Hear that notices may be missing from here on."""
        ...

    def restored(self) -> None:
        """Hear that notices flow (again)."""
        ...


class Feed:
    """Keeps the socket open while anybody listens."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._clock = access.clock
        self._members: list[Member] = []
        self._running: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._secrets: dict[str, Secret] = {}
        self._acknowledged: set[str] = set()
        self._registered: set[Topic] = set()
        self._up: list[Member] = []
        """Who has been told that notices flow."""
        self._deaf: list[Member] = []
        """Who has been told that they do not."""
        self._failures = 0
        """Since notices flowed."""
        self._approval: tuple[str, float] | None = None
        self._offset: timedelta | None = None
        self._warned = ""

    @property
    def ahead(self) -> timedelta | None:
        """How far KIS's clock is ahead of ours, to about half a second; None if not told."""
        return self._offset

    def join(self, member: Member) -> None:
        """Have an account listen from now on."""
        self._members.append(member)
        if self._running is None:
            self._running = self._access.hub.tasks.spawn(self._run(), name="notices of KIS")
        elif self._socket is not None:
            self._access.hub.tasks.spawn(self._register(self._socket), name="register at KIS")

    async def leave(self, member: Member) -> None:
        """Let an account go; after the last one the socket is closed."""
        self._members.remove(member)
        for told in (self._up, self._deaf):
            if member in told:
                told.remove(member)
        if self._members or self._running is None:
            return
        running, self._running = self._running, None
        running.cancel()
        await asyncio.wait({running}, timeout=CLOSE_S)

    async def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            began = self._clock.monotonic()
            reason = await self._listen()
            if self._up and self._clock.monotonic() - began >= STEADY_S:
                pause = FIRST_PAUSE_S
            self._drop(reason)
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _listen(self) -> str:
        """Listen until it ends; return why it did."""
        try:
            async with asyncio.timeout(CONNECT_S):
                socket = await self._connect()
            try:
                await self._register(socket)
                while True:
                    async with asyncio.timeout(SILENCE_S):
                        message = await socket.receive()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        return f"the socket ended: {message.type.name.lower()}"
                    await self._take(socket, message.data)
            finally:
                self._socket = None
                async with asyncio.timeout(CLOSE_S):
                    await socket.close()
        except TimeoutError:
            return "silence"
        except (aiohttp.ClientError, BrokerUnavailableError, FeedError, OSError) as error:
            return f"{type(error).__name__}: {error}"

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        now = self._clock.monotonic()
        if self._approval is None or now - self._approval[1] > KEY_LIVES_S:
            self._approval = await self._access.approval_key(), now
        address = self._access.hosts.socket + PATH
        self._socket = await self._access.hub.session.ws_connect(address, heartbeat=None)
        self._secrets.clear()
        self._acknowledged.clear()
        self._registered.clear()
        return self._socket

    async def _register(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        for topic in dict.fromkeys(member.topic for member in self._members):
            if topic in self._registered or self._approval is None:
                continue
            self._registered.add(topic)
            header = {
                "approval_key": self._approval[0],
                "custtype": "P",
                "tr_type": REGISTER,
                "content-type": "utf-8",
            }
            body = {"input": {"tr_id": topic[0], "tr_key": topic[1]}}
            await socket.send_str(orjson.dumps({"header": header, "body": body}).decode())
            await self._clock.sleep(BETWEEN_S)
        self._tell_up()

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, message: str) -> None:
        """Take in a message; one that cannot be read is told as a gap."""
        try:
            if message.startswith("{"):
                await self._control(socket, message)
                return
            frame = read_frame(message)
            if frame.topic not in TOPICS.values():
                self._access.oddities.tell(f"a frame of {frame.topic}, which nobody asked for")
                return
            payload = frame.payload
            if frame.is_secret:
                secret = self._secrets.get(frame.topic)
                if secret is None:
                    raise FeedError(f"a frame of {frame.topic} without its key")
                payload = secret.decipher(payload)
            notices = read_notices(frame, payload)
        except (MalformedError, orjson.JSONDecodeError) as error:
            raise FeedError(f"a message could not be read: {error}") from error
        for notice in notices:
            self._report(notice, frame.topic)
            for member in self._members:
                if member.topic[0] == frame.topic:
                    member.heard(notice)

    def _report(self, notice: Notice, topic: str) -> None:
        """Tell what nobody has described in a notice, once."""
        fields = notice.text.count("^") + 1
        if fields not in LENGTHS:
            self._access.oddities.tell(f"a notice of {fields} fields", topic)
        if notice.side is None:
            self._access.oddities.tell("a notice that neither buys nor sells", topic)

    async def _control(self, socket: aiohttp.ClientWebSocketResponse, message: str) -> None:
        document = object_of(orjson.loads(message))
        header, body = object_of(document.get("header")), object_of(document.get("body"))
        topic = text(header, "tr_id")
        if topic == "PINGPONG":
            self._learn_time(text(header, "datetime"))
            await socket.send_str(message)
            return
        code = text(body, "msg_cd")
        if not code or (text(body, "rt_cd") == "0" and code not in TAKEN | GONE):
            self._access.oddities.tell(f"an unfamiliar message, {topic} {code}", message[:200])
        if code in TAKEN or text(body, "rt_cd") == "0":
            if code not in GONE:
                self._acknowledged.add(topic)
            output = object_of(body.get("output"))
            if key := text(output, "key"):
                self._secrets[topic] = Secret(key, text(output, "iv"))
            self._tell_up()
        elif code and code not in GONE:
            if code in BAD_KEY:
                self._approval = None
            raise FeedError(f"{code} {text(body, 'msg1')}")

    def _tell_up(self) -> None:
        """Tell those whose topic was acknowledged that notices flow."""
        for member in self._members:
            if member.topic[0] in self._acknowledged and member not in self._up:
                self._up.append(member)
                if member in self._deaf:
                    self._deaf.remove(member)
                self._failures = 0
                member.restored()

    def _drop(self, reason: str) -> None:
        if reason != self._warned:
            log.warning("notices of KIS: %s", reason)
        self._warned = reason
        self._failures += 1
        told = self._members if self._failures >= DEAF_AFTER else self._up
        lost = [member for member in told if member not in self._deaf]
        self._up = []
        self._deaf += lost
        for member in lost:
            member.lost(reason)

    def _learn_time(self, written: str) -> None:
        """Take KIS's clock from its heartbeat, which tells whole seconds."""
        try:
            theirs = datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=SEOUL)
        except ValueError:
            return
        self._offset = theirs + timedelta(seconds=0.5) - self._clock.now()
