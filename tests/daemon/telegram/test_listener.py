from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.notify.errors import NotDeliveredError
from daemon.telegram.listener import MENU_TRIES
from tests.daemon.api.test_metrics import samples
from tests.daemon.telegram.bots import ScriptedBot, room

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest


async def test_strangers_are_ignored_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with room(tmp_path) as here:
        for _ in range(3):
            here.bot.hear("/halt all", at=here.day.now, chat="666", user=66)
        await here.day.pass_time(5)
        assert here.bot.messages == []
        lines = [line for line in caplog.messages if "ignores" in line]
        assert lines == ["the bot ignores user 66 in chat 666"]
        assert samples(here.metrics)[("nettingd_bot_strangers_total",)] == 3


async def test_in_a_group_only_those_named_may_command(tmp_path: Path) -> None:
    async with room(tmp_path, users=(7,)) as here:
        here.bot.hear("/orders", at=here.day.now, user=8)
        await here.day.pass_time(5)
        assert here.bot.messages == []
        asked = await here.write("/halt all")
        here.bot.hear(asked.buttons[0].data, at=here.day.now, user=8, press="p", message=1)
        await here.day.pass_time(5)
        assert asked.buttons != ()
        assert await here.press(asked, "Halt") == "Halted: everything."


async def test_a_strangers_press_does_not_use_up_the_question(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        asked = await here.write("/halt all")
        here.bot.hear(asked.buttons[0].data, at=here.day.now, chat="666", press="p", message=1)
        await here.day.pass_time(5)
        assert await here.press(asked, "Halt") == "Halted: everything."


async def test_what_was_written_while_the_daemon_was_away_is_not_done(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        for _ in range(3):
            here.bot.hear("/halt all", at=here.day.now - timedelta(minutes=6))
        await here.day.pass_time(1)
        (said,) = here.bot.messages
        assert said.text.startswith("You wrote while I was away")
        here.bot.hear("/halt all", at=here.day.now - timedelta(minutes=4))
        await here.day.pass_time(1)
        assert here.bot.messages[-1].text.startswith("Halt everything?")


async def test_a_question_left_alone_for_long_is_not_carried_out(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        asked = await here.write("/halt all")
        await here.day.advance(timedelta(minutes=5))
        assert "too old" in await here.press(asked, "Halt")
        assert here.day.told("halted") == 0


async def test_a_bot_that_is_cut_off_listens_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bot = ScriptedBot()
    bot.faults.extend([NotDeliveredError("Telegram cannot be reached")] * 8)
    async with room(tmp_path, bot=bot) as here:
        await here.day.pass_time(20)
        assert caplog.text.count("nothing can be heard from the bot") == 1
        assert bot.menu
        assert (await here.write("/orders")).text == "no open orders"


async def test_a_menu_that_is_refused_keeps_nobody_from_commands(tmp_path: Path) -> None:
    class Plain(ScriptedBot):
        async def offer(self, commands: Mapping[str, str]) -> None:
            raise NotDeliveredError(f"400: {len(commands)} commands", lasting=True)

    async with room(tmp_path, bot=Plain()) as here:
        for _ in range(MENU_TRIES + 2):
            assert (await here.write("/orders")).text == "no open orders"


async def test_an_action_is_done_once_even_if_nobody_can_be_told(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        asked = await here.write("/halt all")
        yes = asked.buttons[0].data
        here.bot.hear(yes, at=here.day.now, press="lost", message=asked.number)
        here.bot.faults.append(NotDeliveredError("Telegram cannot be reached"))
        here.bot.hear(yes, at=here.day.now, press="again", message=asked.number)
        await here.day.pass_time(5)
        assert here.day.told("halted") == 1


async def test_a_button_pressed_twice_leaves_what_came_of_the_first_press(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        asked = await here.write("/halt alpha")
        yes, no = (each.data for each in asked.buttons)
        assert await here.send_press(asked, yes) == "Halted: strategy alpha."
        for data in (yes, no):
            assert await here.send_press(asked, data) == "Halted: strategy alpha."
        assert here.bot.answered[1:] == ["press 2 Answered already.", "press 3 Answered already."]
        assert here.day.told("halted") == 1


async def test_a_bot_that_is_asked_to_wait_says_it_later(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        wait = NotDeliveredError("Too Many Requests: retry after 9", retry_after_s=9)
        here.bot.faults.append(wait)
        here.bot.hear("/orders", at=here.day.now)
        await here.day.pass_time(8)
        assert here.bot.messages == []
        await here.day.pass_time(2)
        assert [each.text for each in here.bot.messages] == ["no open orders"]

        here.bot.faults.append(NotDeliveredError("Too Many Requests", retry_after_s=3000))
        here.bot.hear("/positions", at=here.day.now)
        assert (await here.write("/orders")).text == "no open orders", "others do not wait so long"
        assert len(here.bot.messages) == 2


async def test_what_came_of_a_press_is_told_even_if_its_message_is_gone(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        asked = await here.write("/halt alpha")
        gone = NotDeliveredError("Telegram answered 400: message to edit not found", lasting=True)
        here.bot.hear(asked.buttons[0].data, at=here.day.now, press="p", message=asked.number)
        here.bot.faults.append(gone)
        await here.day.pass_time(1)
        assert [each.text for each in here.bot.messages][1:] == ["Halted: strategy alpha."]
        assert here.bot.answered == ["p"]
