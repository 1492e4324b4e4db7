from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.sqlite.errors import StorageBusyError
from daemon.telegram.commands import HELP
from tests.daemon.telegram.bots import room
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    import pytest


async def test_help_lists_every_command(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        said = (await here.write("/help")).text
        assert [line.split(" - ")[0] for line in said.splitlines()] == [f"/{each}" for each in HELP]
        assert (await here.write("/start")).text == said
        assert here.bot.menu.keys() == HELP.keys()


def test_every_command_is_on_the_page_for_people() -> None:
    page = Path(__file__).parents[3] / "docs/how-to/telegram.md"
    listed = set(re.findall(r"`/([a-z]+)", page.read_text("utf-8")))
    assert listed == HELP.keys() | {"newbot"}


async def test_every_command_is_answered_with_and_without_words(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        for name in HELP:
            for words in ("", " a", " a b c", " " + "x" * 4000, " \u0000{}%s"):
                said = await here.write(f"/{name}{words}")
                assert said.text
                assert "fault of the daemon" not in said.text


async def test_in_a_group_commands_carry_the_bots_name(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert (await here.write("/ORDERS@desk_bot")).text == "no open orders"


async def test_what_is_no_command_is_small_talk(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.bot.hear("good morning", at=here.day.now)
        assert (await here.write("/orders")).text == "no open orders"
        assert len(here.bot.messages) == 1
        assert (await here.write("/sell everything")).text == (
            "There is no /sell. /help lists what there is."
        )


async def test_a_database_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(tmp_path) as here:

        async def busy(_: object) -> None:
            raise StorageBusyError("it is locked")

        monkeypatch.setattr(here.day.engine.store, "read", busy)
        said = await here.write("/orders")
        monkeypatch.undo()
        assert said.text.startswith("Not done, the database does not answer: it is locked")
        assert (await here.write("/orders")).text == "no open orders"


async def test_a_fault_of_ours_does_not_silence_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with room(tmp_path) as here:
        monkeypatch.setattr(here.day.engine, "store", None)
        assert "Its log says more" in (await here.write("/orders")).text
        assert "a command failed" in caplog.text
        monkeypatch.undo()
        assert (await here.write("/orders")).text == "no open orders"


async def test_koreans_are_answered_in_korean(tmp_path: Path) -> None:
    async with room(tmp_path, f'{THREE_BOOKS}\n[daemon]\nlocale = "ko"\n') as here:
        assert (await here.write("/orders")).text == "미체결 주문이 없습니다"
        asked = await here.write("/halt alpha")
        assert [each.label for each in asked.buttons] == ["중지", "그대로 두기"]
        assert await here.press(asked, "중지") == "중지됨: 전략 alpha."
