"""The bot against a Bot API that listens for real."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.clock import SystemClock
from adapters.notify import telegram
from adapters.notify.chat import Button
from adapters.notify.errors import NotDeliveredError
from adapters.notify.telegram import TelegramApi
from tests.simulators.telegram.chats import Person
from tests.simulators.telegram.simulator import TOKEN, Fault, TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHAT = 42
ANN = Person(7, "Ann")


@asynccontextmanager
async def bot(token: str = TOKEN) -> AsyncIterator[tuple[TelegramSimulator, TelegramApi]]:
    async with TelegramSimulator(SystemClock(), retry_after=3) as there:
        there.chats.open(CHAT)
        api = TelegramApi(token, there.url + "/")
        try:
            yield there, api
        finally:
            await api.close()


async def test_a_text_arrives_letter_by_letter() -> None:
    async with bot() as (there, api):
        text = "5 < 6 & _a_ *b* [c](d) 한글 \u203c\ufe0f\n둘째 줄"
        number = await api.send(str(CHAT), text)
    assert [(each.number, each.text) for each in there.chats.messages] == [(number, text)]


async def test_a_redirect_is_not_followed() -> None:
    strayed: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/elsewhere":
            strayed.append(request.method)
            return web.json_response({"ok": True, "result": {}})
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as there:
        api = TelegramApi(TOKEN, str(there.make_url("/")))
        try:
            with pytest.raises(NotDeliveredError, match="answered 307"):
                await api.send(str(CHAT), "hello")
            with pytest.raises(NotDeliveredError, match="answered 307"):
                await api.heard(0)
        finally:
            await api.close()
    assert strayed == []


async def test_a_public_chat_is_reached_by_its_name() -> None:
    async with bot() as (there, api):
        there.chats.open(-100, "desk")
        await api.send("@desk", "hello")
    assert there.chats.messages[0].chat == -100


async def test_a_pressed_button_comes_back_and_its_message_changes() -> None:
    async with bot() as (there, api):
        number = await api.send(str(CHAT), "Halt?", [Button("Yes", "y:1"), Button("No", "n:1")])
        press = there.chats.press(there.chats.messages[0], "Yes", ANN)
        last, (heard,) = await api.heard(0)
        await api.answer(press, "done")
        await api.replace(str(CHAT), number, "Halted.")

        assert (heard.press, heard.text, heard.message) == (press, "y:1", number)
        assert (heard.user, heard.who, heard.chats) == (7, "Ann", frozenset({"42"}))
        assert there.chats.answers == [(press, "done")]
        assert (there.chats.messages[0].text, there.chats.messages[0].buttons) == ("Halted.", [])
        assert last == heard.update


async def test_what_was_heard_is_not_heard_again() -> None:
    async with bot() as (there, api):
        there.chats.open(-100, "desk")
        at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
        there.chats.write(-100, ANN, "/status", at=at)
        last, (first,) = await api.heard(0)
        there.chats.write(CHAT, ANN, "/orders")
        _, (second,) = await api.heard(last)
    assert (first.text, first.at, first.chats) == ("/status", at, frozenset({"-100", "@desk"}))
    assert (second.text, second.press) == ("/orders", None)


async def test_what_a_daemon_has_no_use_for_is_passed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with bot() as (there, api):
        there.chats.write(CHAT, ANN, None)
        there.chats.updates.append({"update_id": 900, "message": {"chat": "is no chat"}})
        there.chats.updates.append({"update_id": 901, "poll": {"id": "1"}})
        for number, date in enumerate(("noon", 10**18), 902):
            message = {"message_id": 1, "date": date, "chat": {"id": CHAT, "type": "private"}}
            message["from"] = {"id": 7, "is_bot": False, "first_name": "Ann"}
            there.chats.updates.append({"update_id": number, "message": message})
        last, heard = await api.heard(0)
    assert last == 903
    assert [each.text for each in heard] == [""]
    assert caplog.text.count("cannot be read") == 4


async def test_a_press_below_a_message_that_telegram_has_forgotten_is_heard() -> None:
    forgotten = {"message_id": 3, "date": 0, "chat": {"id": CHAT, "type": "private"}}
    person = {"id": 7, "is_bot": False, "first_name": "Ann\n\u202e", "last_name": "B" * 64}
    query = {"id": "9", "from": person, "message": forgotten, "data": "seen:1"}
    query["chat_instance"] = "1"
    async with bot() as (there, api):
        there.chats.updates.append({"update_id": 5, "callback_query": query})
        _, (heard,) = await api.heard(0)
    assert (heard.press, heard.message, heard.text) == ("9", 3, "seen:1")
    assert heard.who == "Ann " + "B" * 60


async def test_a_message_that_says_so_already_is_said() -> None:
    async with bot() as (there, api):
        number = await api.send(str(CHAT), "Halted.")
        await api.replace(str(CHAT), number, "Halted.")
        with pytest.raises(NotDeliveredError, match="message to edit not found"):
            await api.replace(str(CHAT), number + 1, "Halted.")
    assert there.chats.messages[0].edits == 0


async def test_silence_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram, "POLL_S", 0)
    async with bot() as (_, api):
        assert await api.heard(5) == (5, [])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.BAD_GATEWAY_BEFORE, "Telegram answered 502"),
        (Fault.DROP_BEFORE, "Telegram cannot be reached"),
        (Fault.DROP_AFTER, "Telegram cannot be reached"),
        (Fault.GARBAGE_AFTER, "Telegram's answer cannot be read"),
        (Fault.BARE_REFUSAL_BEFORE, "Telegram's answer cannot be read"),
        (Fault.SILENT_BEFORE, "Telegram did not answer within"),
    ],
)
async def test_every_fault_has_its_words_and_may_pass(
    fault: Fault, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram, "CALL_S", 0.3)
    async with bot() as (there, api):
        there.next_meets("sendMessage", fault)
        with pytest.raises(NotDeliveredError, match=reason) as caught:
            await api.send(str(CHAT), "hello")
        assert not caught.value.lasting
        assert TOKEN not in str(caught.value)
        await api.send(str(CHAT), "hello again")
    assert there.chats.messages[-1].text == "hello again"


async def test_a_bot_that_talks_too_much_is_told_how_long_to_wait() -> None:
    async with bot() as (there, api):
        there.next_meets("sendMessage", Fault.TOO_MANY_BEFORE)
        with pytest.raises(NotDeliveredError, match="429") as caught:
            await api.send(str(CHAT), "hello")
    assert (caught.value.retry_after_s, caught.value.lasting) == (3.0, False)


async def test_a_wrong_token_and_a_chat_that_is_gone_are_for_a_person() -> None:
    async with bot("654321:wrong") as (_, api):
        with pytest.raises(NotDeliveredError, match="401: Unauthorized") as caught:
            await api.send(str(CHAT), "hello")
        assert caught.value.lasting
        assert "654321:wrong" not in str(caught.value)
    async with bot() as (_, api):
        with pytest.raises(NotDeliveredError, match="chat not found") as caught:
            await api.send("43", "hello")
        assert caught.value.lasting


async def test_the_library_says_nothing_of_its_own(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with bot() as (there, api):
        there.next_meets("sendMessage", Fault.DROP_BEFORE)
        with pytest.raises(NotDeliveredError):
            await api.send(str(CHAT), "hello")
    assert "TeleBot" not in capfd.readouterr().err
