from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from adapters.notify.chat import Button
from adapters.notify.errors import NotDeliveredError
from daemon.notify.channel import ALARMS_MAX, ASKED_MAX, TelegramChannel, WebhookChannel
from tests.daemon.notify.told import bought, lost, wanted
from tests.daemon.telegram.bots import ScriptedBot
from tests.support.world import THREE_BOOKS, world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Wall:
    """Stands in for an address: keeps what it is given."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def post(self, body: bytes) -> None:
        self.bodies.append(body)


async def test_a_chat_gets_lines_with_the_time_of_the_people(tmp_path: Path) -> None:
    text = f'{THREE_BOOKS}\n[daemon]\ntimezone = "Asia/Seoul"\n'
    async with world(tmp_path, text) as day:
        bot = ScriptedBot()
        channel = TelegramChannel(bot, "42", day.engine.current, day.clock)
        await channel.send([bought(1), bought(2)])
    (message,) = bot.messages
    assert message.chat == "42"
    assert message.text == "18:00 a bought 10 TQQQ at 100\n18:00 a bought 10 TQQQ at 100"


async def test_an_order_that_waits_for_a_yes_has_its_own_message_with_buttons(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as day:
        bot = ScriptedBot()
        channel = TelegramChannel(bot, "42", day.engine.current, day.clock)
        await channel.send([bought(1), wanted(2), bought(3)])
        await channel.send([wanted(number) for number in range(ASKED_MAX + 2)])
    told, asked, *others = bot.messages
    assert (told.text.count("bought"), told.buttons) == (2, ())
    assert "a: buy 3 (units) of TQQQ waits for approval" in asked.text
    order = "2".zfill(26)
    assert asked.buttons == (
        Button("Approve", f"approve:{order}"),
        Button("Reject", f"reject:{order}"),
    )
    assert others[0].text.count("waits for approval") == 2
    assert len(others) == 1 + ASKED_MAX


async def test_an_alarm_has_its_own_message_first_with_the_button_that_marks_it(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as day:
        bot = ScriptedBot()
        channel = TelegramChannel(bot, "42", day.engine.current, day.clock)
        await channel.send([bought(1), lost(2), bought(3)])
        await channel.send([lost(number) for number in range(ALARMS_MAX + 1)])
    alarm, told, many = bot.messages
    assert "b2 lost 2100" in alarm.text
    assert alarm.buttons == (Button("Mark as seen", f"seen:{'2'.zfill(26)}"),)
    assert max(len(each.data.encode()) for each in alarm.buttons) <= 64
    assert (told.text.count("bought"), told.buttons) == (2, ())
    assert (many.text.count("lost 2100"), many.buttons) == (ALARMS_MAX + 1, ())


async def test_a_message_that_was_taken_is_not_sent_again_with_the_one_that_was_not(
    tmp_path: Path,
) -> None:
    class Busy(ScriptedBot):
        async def send(self, chat: str, text: str, buttons: Sequence[Button] = ()) -> int:
            if len(self.messages) == 1:
                self.faults.append(NotDeliveredError("Too Many Requests", retry_after_s=3))
            return await super().send(chat, text, buttons)

    async with world(tmp_path) as day:
        bot = Busy()
        channel = TelegramChannel(bot, "42", day.engine.current, day.clock)
        with pytest.raises(NotDeliveredError):
            await channel.send([bought(1), lost(2), wanted(3)])
        bot.messages.append(bot.messages[0])  # so that the next one is taken
        await channel.send([bought(1), lost(2), wanted(3), bought(4)])
        await channel.send([lost(2)])
    first, _, second, third, again = (each.text for each in bot.messages)
    assert "lost" in first
    assert second.count("bought") == 2
    assert "waits for approval" in third
    assert again == first, "what was sent whole is forgotten"


async def test_an_address_gets_everything_that_is_known_of_a_notice(tmp_path: Path) -> None:
    async with world(tmp_path, f'{THREE_BOOKS}\n[daemon]\nname = "desk"\n') as day:
        wall = Wall()
        await WebhookChannel(wall, day.engine.current, day.clock).send([bought(1), lost(2)])
    (body,) = map(orjson.loads, wall.bodies)
    assert body["daemon"] == "desk"
    assert body["sent_at"] == "2026-11-20T09:00:00+00:00"
    assert body["notices"][0] == {
        "id": "1".zfill(26),
        "at": "2026-11-20T09:00:01+00:00",
        "level": "info",
        "code": "bought",
        "account": "main",
        "book": "a",
        "params": {"book": "a", "quantity": "10", "symbol": "TQQQ", "price": "100"},
        "text": "a bought 10 TQQQ at 100",
    }
    assert body["notices"][1]["level"] == "alarm"
