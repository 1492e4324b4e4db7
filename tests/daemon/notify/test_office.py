"""Notifiers that listen for real, in real time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, ClassVar

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.clock import SystemClock
from adapters.sqlite.errors import StorageFullError
from daemon.notify.outbox import known
from tests.simulators.telegram.chats import Person
from tests.simulators.telegram.simulator import TOKEN, Fault, TelegramSimulator
from tests.support.mortal import Life
from tests.support.world import THREE_BOOKS, World, buy, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import pytest

CHAT = 42
ANN, MALLORY = Person(7, "Ann"), Person(66, "Mallory")


class Outside:
    """A Bot API, and an address that takes notices."""

    def __init__(self, telegram: TelegramSimulator) -> None:
        self.telegram = telegram
        self.posted: list[str] = []
        self.address = ""

    async def take(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self.posted += [each["code"] for each in body["notices"]]
        return web.Response()

    @property
    def said(self) -> str:
        return "\n".join(message.text for message in self.telegram.chats.messages)

    def config(self, *notifiers: str) -> str:
        tables = {
            "telegram": f"""
                [notify.telegram]
                token = {{ file = "telegram.token" }}
                chat_id = {CHAT}
                base_url = "{self.telegram.url}"
                group_seconds = 0
            """,
            "webhook": f"""
                [notify.webhook]
                url = "{self.address}"
                group_seconds = 0
            """,
        }
        return THREE_BOOKS + "".join(tables[each] for each in notifiers)


@asynccontextmanager
async def outside(folder: Path) -> AsyncIterator[Outside]:
    (folder / "telegram.token").write_text(TOKEN)
    async with AsyncExitStack() as opened:
        telegram = await opened.enter_async_context(TelegramSimulator(SystemClock()))
        telegram.chats.open(CHAT)
        there = Outside(telegram)
        app = web.Application()
        app.router.add_post("/", there.take)
        server = await opened.enter_async_context(TestServer(app))
        there.address = str(server.make_url("/"))
        yield there


async def until(happens: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happens():  # noqa: ASYNC110 - real servers in real time
            await asyncio.sleep(0.01)


async def followed(day: World, notifier: str) -> None:
    """Wait until no other notifier is served than this one."""
    async with asyncio.timeout(60):
        while set(await day.engine.store.read(known)) != {notifier}:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def trade(day: World) -> None:
    assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 200


class TestNotifiers:
    loop_factory: ClassVar = asyncio.new_event_loop

    async def test_everybody_who_is_configured_is_told(self, tmp_path: Path) -> None:
        async with (
            outside(tmp_path) as there,
            world(tmp_path, there.config("telegram", "webhook")) as day,
        ):
            await trade(day)
            await until(lambda: "a bought 1 TQQQ at" in there.said)
            await until(lambda: "bought" in there.posted)

    async def test_a_person_halts_from_a_chat_and_strangers_do_not(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with outside(tmp_path) as there, world(tmp_path, there.config("telegram")) as day:
            chats = there.telegram.chats
            chats.open(666)
            chats.write(666, MALLORY, "/halt all")
            chats.write(CHAT, ANN, "/halt alpha")
            await until(lambda: bool(chats.messages))
            (asked,) = chats.messages
            assert asked.text.startswith("Halt strategy alpha?")
            assert there.telegram.calls[0].method == "setMyCommands"

            there.telegram.next_meets("editMessageText", Fault.TOO_MANY_BEFORE)
            chats.press(asked, "Halt", ANN)
            await until(lambda: day.told("halted") == 1)
            chats.write(CHAT, ANN, "/status")
            await until(lambda: "halted: strategy alpha (by Ann in a chat)" in there.said)
            assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 422
            assert (await day.submit("beta", buy("TQQQ", "1"))).http_status == 200
        assert "ignores user 66 in chat 666" in caplog.text
        assert TOKEN not in caplog.text

    async def test_a_reload_brings_notifiers_and_takes_them_away(self, tmp_path: Path) -> None:
        async with outside(tmp_path) as there, world(tmp_path, there.config()) as day:
            await trade(day)
            assert await day.reload(there.config("webhook"))
            await until(lambda: day.told("reloaded") == 1)
            await followed(day, "webhook")
            await trade(day)
            await until(lambda: "bought" in there.posted)
            assert await day.reload(there.config("telegram"))
            await followed(day, "telegram")
            posted = len(there.posted)
            await trade(day)
            await until(lambda: "a bought 1 TQQQ at" in there.said)
            assert len(there.posted) == posted

    async def test_what_nobody_took_is_sent_after_a_restart(self, tmp_path: Path) -> None:
        async with outside(tmp_path) as there:
            text = there.config("telegram")
            there.telegram.blocked = True
            async with world(tmp_path, text) as day:
                await trade(day)
                await until(lambda: day.told("notifier_failed") == 1)
                clock = day.clock
            there.telegram.blocked = False
            async with world(tmp_path, text, clock=clock, seed=2):
                await until(lambda: "a bought 1 TQQQ at" in there.said)
                await until(lambda: "401: Unauthorized" in there.said)

    async def test_a_kill_loses_no_notice(self, tmp_path: Path) -> None:
        async with outside(tmp_path) as there:
            text, life = there.config("telegram"), Life()
            there.telegram.blocked = True
            async with world(tmp_path, text, life=life) as day:
                await trade(day)
                await until(lambda: day.told("notifier_failed") == 1)
                clock = day.clock
                await life.kill()
            there.telegram.blocked = False
            async with world(tmp_path, text, clock=clock, seed=2):
                await until(lambda: "a bought 1 TQQQ at" in there.said)
                await until(lambda: "401: Unauthorized" in there.said)

    async def test_a_message_whose_answer_is_lost_is_sent_again_rather_than_never(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with (
            outside(tmp_path) as there,
            world(tmp_path, there.config("telegram")) as day,
        ):
            there.telegram.next_meets("sendMessage", Fault.DROP_AFTER)
            await trade(day)
            await until(lambda: there.said.count("a bought 1 TQQQ at") == 2)
        assert TOKEN not in caplog.text


async def test_whom_to_tell_is_asked_again_when_the_database_did_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as here:
        store = here.engine.store
        read = store.read

        async def fails_once(_: object) -> None:
            monkeypatch.setattr(store, "read", read)
            raise StorageFullError("out of memory")

        monkeypatch.setattr(store, "read", fails_once)
        await here.pass_time(10)
    assert "whom to tell cannot be read now" in caplog.text
    assert "failed" not in caplog.text
