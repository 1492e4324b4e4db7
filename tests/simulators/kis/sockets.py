"""The websocket: registrations, execution notices, trades, heartbeats, and their failures."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from tests.simulators.kis.cipher import Secret
from tests.simulators.kis.hours import KST, Country
from tests.simulators.kis.notices import record
from tests.simulators.kis.orders import News, NewsKind
from tests.simulators.kis.services import Profile
from tests.simulators.kis.ticks import AMERICAN_TRADES, KOREAN_TRADES, trade

if TYPE_CHECKING:
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from tests.simulators.kis.host import Host

ZERO = Decimal(0)
LONGEST_QUEUE = 10_000
"""Messages that wait for a slow reader before its connection is closed."""
NOTICES = {
    (Profile.REAL, Country.KOREA): "H0STCNI0",
    (Profile.REAL, Country.AMERICA): "H0GSCNI0",
    (Profile.PAPER, Country.KOREA): "H0STCNI9",
    (Profile.PAPER, Country.AMERICA): "H0GSCNI9",
}
TRADES = {
    Profile.REAL: frozenset({KOREAN_TRADES, AMERICAN_TRADES}),
    Profile.PAPER: frozenset({KOREAN_TRADES}),
}
MOST_REGISTRATIONS = 41
REGISTER, UNREGISTER = "1", "2"
TEXTS = {
    "OPSP0000": "SUBSCRIBE SUCCESS",
    "OPSP0001": "UNSUBSCRIBE SUCCESS",
    "OPSP0002": "ALREADY IN SUBSCRIBE",
    "OPSP0003": "UNSUBSCRIBE ERROR(not found!)",
    "OPSP0007": "SUBSCRIBE INTERNAL ERROR",
    "OPSP0008": "MAX SUBSCRIBE OVER",
    "OPSP0011": "invalid approval : NOT FOUND",
    "OPSP8991": "invalid tr_id : NOT FOUND",
    "OPSP8993": "invalid tr_key : NOT FOUND",
    "OPSP8996": "ALREADY IN USE appkey",
    "OPSP8997": "invalid tr_type",
    "OPSP8998": "invalid custtype",
    "OPSP9991": "JSON PARSING ERROR : invalid json format",
}


@dataclass(eq=False, slots=True)
class Session:
    """One connection: what waits to be written, and what it has registered for."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    answered_at: datetime
    app_key: str = ""
    registered: dict[tuple[str, str], None] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    """By TR: each acknowledgement brings another."""
    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(LONGEST_QUEUE))

    def say(self, text: str) -> None:
        try:
            self.queue.put_nowait(text)
        except asyncio.QueueFull:
            self.hang_up()

    def hang_up(self) -> None:
        """Break the connection off without a close frame."""
        if self.transport is not None:
            self.transport.abort()


class Sockets:
    def __init__(self, host: Host, clock: Clock, tasks: TaskSupervisor) -> None:
        self._host = host
        self._clock = clock
        self._tasks = tasks
        self.sessions: set[Session] = set()
        self._held: dict[str, datetime] = {}
        """App keys that a dead session still holds, and until when."""

    # What tests do

    def drop_all(self) -> None:
        """Break every connection off without a word."""
        for session in list(self.sessions):
            session.hang_up()

    def say_to_all(self, text: str) -> None:
        """Write the same message to every connection, whatever it says."""
        for session in self.sessions:
            session.say(text)

    def hold_all(self, until: datetime) -> None:
        """Let another program take every app key's session, until a time."""
        for session in self.sessions:
            if session.app_key:
                self._held[session.app_key] = until
        self.drop_all()

    def tell_of_stranger(self, country: Country, account: str = "5099999901") -> None:
        """Send every customer a notice of an account that no key here belongs to."""
        for number, orders in self._host.engine.orders.items():
            for order in orders[-1:]:
                news = News(NewsKind.ACCEPTED, order, self._clock.now(), order.quantity, ZERO)
                fields = record(news, self._hts_id(number), self._host.switches)
                if order.draft.listing.country is country:
                    fields[1] = account
                    self._send(NOTICES[self._host.profile, country], fields[0], [fields])

    # What happens

    def flush(self, *, at_once: bool = False) -> None:
        """Tell what happened since the last flush, after the usual delay."""
        news, self._host.news[:] = list(self._host.news), []
        ticks, self._host.market.trades[:] = list(self._host.market.trades), []
        wanted = {tr_id for session in self.sessions for tr_id, _ in session.registered}
        for symbol, price, at in ticks if wanted & TRADES[self._host.profile] else ():
            tr_id, tr_key, fields = trade(self._host.engine, symbol, price, at)
            self._send(tr_id, tr_key, [fields])
        if not news:
            return
        lag = timedelta(seconds=0 if at_once else self._host.switches.notice_lag_s)
        if lag:
            self._host.agenda.at(self._clock.now() + lag, lambda: self._tell(news))
        else:
            self._tell(news)

    def _tell(self, news: list[News]) -> None:
        switches, records = self._host.switches, defaultdict[tuple[str, str], list[list[str]]](list)
        for each in news:
            hts_id = self._hts_id(each.order.draft.account)
            tr_id = NOTICES[self._host.profile, each.order.draft.listing.country]
            fields = record(each, hts_id, switches)
            records[tr_id, hts_id].extend([fields] * (2 if switches.repeated_notices else 1))
            if each.kind is NewsKind.ACCEPTED and switches.confirmed_twice:
                again = record(each, hts_id, switches)
                again[14 if tr_id.startswith("H0ST") else 13] = "2"
                records[tr_id, hts_id].append(again)
        for (tr_id, hts_id), found in records.items():
            if switches.shuffled_notices:
                self._host.random.shuffle(found)
            self._send(tr_id, hts_id, found)

    def _hts_id(self, account: str) -> str:
        return self._host.accounts[account].seed.hts_id

    def _send(self, tr_id: str, tr_key: str, records: list[list[str]]) -> None:
        """Write records to whoever registered for them: one frame each, or one for all."""
        switches = self._host.switches
        if switches.stalled:
            return
        frames = [records] if switches.joined_notices else [[each] for each in records]
        for session in self.sessions:
            if (tr_id, tr_key) in session.registered:
                for frame in frames:
                    session.say(_frame(session, tr_id, frame, encrypted=switches.encrypted))

    # A connection

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        if self._host.switches.down:
            if request.transport is not None:
                request.transport.abort()
            return web.WebSocketResponse()
        socket = web.WebSocketResponse(autoping=False, heartbeat=None)
        await socket.prepare(request)
        session = Session(socket, request.transport, self._clock.now())
        self.sessions.add(session)
        writer = self._tasks.spawn(_write(session), name="socket writer")
        heart = self._tasks.spawn(self._beat(session), name="socket heartbeat")
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._hear(session, message.data)
                elif message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._pong(session, message.data.decode())
        finally:
            self.sessions.discard(session)
            self._release(session, clean=socket.close_code == WSCloseCode.OK)
            writer.cancel()
            heart.cancel()
        return socket

    def _release(self, session: Session, *, clean: bool) -> None:
        linger = self._host.switches.session_linger_s
        if session.app_key and linger and not clean:
            until = self._clock.now() + timedelta(seconds=linger)
            self._held[session.app_key] = max(until, self._held.get(session.app_key, until))

    async def _beat(self, session: Session) -> None:
        """Send PINGPONG; break off who does not answer."""
        while True:
            switches = self._host.switches
            await self._clock.sleep(switches.ping_s)
            if switches.stalled:
                continue
            now = self._clock.now()
            if (now - session.answered_at).total_seconds() > switches.pong_timeout_s:
                session.hang_up()
                return
            stamped = f"{now.astimezone(KST):%Y%m%d%H%M%S}"
            header = {"tr_id": "PINGPONG", "datetime": stamped}
            session.say(orjson.dumps({"header": header}).decode())

    def _pong(self, session: Session, text: str) -> None:
        """Take a heartbeat's answer: its text again, in a text or in a pong frame."""
        if "PINGPONG" in text:
            session.answered_at = self._clock.now()

    def _hear(self, session: Session, text: str) -> None:
        try:
            message = orjson.loads(text)
            header = message["header"]
            if header.get("tr_id") == "PINGPONG":
                self._pong(session, text)
                return
            asked = message["body"]["input"]
            tr_id, tr_key = str(asked["tr_id"]), str(asked["tr_key"])
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            self._refuse(session, "OPSP9991")
            return
        self._register(session, header, tr_id, tr_key)

    def _register(
        self, session: Session, header: dict[str, object], tr_id: str, tr_key: str
    ) -> None:
        app_key = self._host.tokens.approved(str(header.get("approval_key")), self._clock.now())
        if app_key is None:
            self._refuse(session, "OPSP0011")
            return
        if header.get("custtype") not in {"P", "B"}:
            self._refuse(session, "OPSP8998")
            return
        if header.get("tr_type") not in {REGISTER, UNREGISTER}:
            self._refuse(session, "OPSP8997")
            return
        if self._is_held(session, app_key):
            self._refuse(session, "OPSP8996", rt_cd="9")
            return
        wrong = self._wrong_key(app_key, tr_id, tr_key)
        if wrong == "hts":
            session.hang_up()
            return
        if wrong:
            self._refuse(session, wrong)
            return
        session.app_key = app_key
        self._change(session, tr_id, tr_key, registers=header["tr_type"] == REGISTER)

    def _is_held(self, session: Session, app_key: str) -> bool:
        others = any(other.app_key == app_key for other in self.sessions if other is not session)
        until = self._held.get(app_key)
        return others or (until is not None and until > self._clock.now())

    def _wrong_key(self, app_key: str, tr_id: str, tr_key: str) -> str:
        """Return the code for a bad TR or key; ``hts`` for somebody else's HTS id."""
        profile = self._host.profile
        if tr_id in TRADES[profile]:
            symbol = tr_key[4:] if tr_id == AMERICAN_TRADES else tr_key
            return "" if symbol in self._host.market.listings else "OPSP8993"
        if tr_id not in {NOTICES[profile, country] for country in Country}:
            return "OPSP8991"
        mine = {
            self._hts_id(number)
            for number, key in self._host.keys.of_account.items()
            if key.app_key == app_key
        }
        return "" if tr_key in mine else "hts"

    def _change(self, session: Session, tr_id: str, tr_key: str, *, registers: bool) -> None:
        known = (tr_id, tr_key) in session.registered
        if registers and known:
            self._refuse(session, "OPSP0002", tr_id=tr_id, tr_key=tr_key)
        elif registers and len(session.registered) >= MOST_REGISTRATIONS:
            self._refuse(session, "OPSP0008", tr_id=tr_id, tr_key=tr_key)
        elif registers and self._host.switches.registering_fails:
            self._refuse(session, "OPSP0007", tr_id=tr_id, tr_key=tr_key)
        elif registers:
            session.registered[tr_id, tr_key] = None
            secret = session.secrets[tr_id] = Secret.make(self._host.random)
            output = {"iv": secret.iv, "key": secret.key}
            self._acknowledge(session, tr_id, tr_key, "OPSP0000", output)
        elif known:
            del session.registered[tr_id, tr_key]
            self._acknowledge(session, tr_id, tr_key, "OPSP0001", None)
        else:
            self._refuse(session, "OPSP0003", tr_id=tr_id, tr_key=tr_key)

    def _acknowledge(
        self, session: Session, tr_id: str, tr_key: str, code: str, output: dict[str, str] | None
    ) -> None:
        notice = tr_id in NOTICES.values()
        encrypt = self._host.switches.acknowledged_as if notice else "N"
        body: dict[str, object] = {"rt_cd": "0", "msg_cd": code, "msg1": TEXTS[code]}
        if output is not None:
            body["output"] = output
        header = {"tr_id": tr_id, "tr_key": tr_key, "encrypt": encrypt}
        session.say(orjson.dumps({"header": header, "body": body}).decode())

    def _refuse(
        self,
        session: Session,
        code: str,
        *,
        rt_cd: str = "1",
        tr_id: str = "(null)",
        tr_key: str = "",
    ) -> None:
        body = {"rt_cd": rt_cd, "msg_cd": code, "msg1": TEXTS[code]}
        header = {"tr_id": tr_id, "tr_key": tr_key, "encrypt": "N"}
        session.say(orjson.dumps({"header": header, "body": body}).decode())


def _frame(session: Session, tr_id: str, records: list[list[str]], *, encrypted: bool) -> str:
    text = "^".join("^".join(fields) for fields in records)
    if tr_id in NOTICES.values() and encrypted:
        return f"1|{tr_id}|{len(records):03d}|{session.secrets[tr_id].encrypt(text)}"
    return f"0|{tr_id}|{len(records):03d}|{text}"


async def _write(session: Session) -> None:
    while True:
        text = await session.queue.get()
        try:
            await session.socket.send_str(text)
        except ConnectionError:
            return
