"""Alarms are marked as seen from a chat, from a list or below the alarm itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.notices import raise_notice
from daemon.notify.digest import LINES_MAX
from tests.daemon.telegram.bots import Room, room
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.storage.tx import Tx


async def alarmed(here: Room, count: int, text: str = "no sum") -> list[str]:
    services = here.day.engine.services
    ids = [services.ids.new() for _ in range(count)]

    def tell(tx: Tx) -> None:
        for number, each in enumerate(ids, 1):
            now = services.clock.now()
            raise_notice(tx, each, "invariant_broken", now, number=str(number), text=text)

    await here.day.engine.store.write(tell)
    return ids


async def test_alarms_are_shown_marked_and_gone(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert (await here.write("/seen")).text == "no alarm waits to be seen"
        await alarmed(here, 2)
        asked = await here.write("/seen")
        first, *lines = asked.text.splitlines()
        assert first == "Mark 2 alarms as seen?"
        assert ["invariant 1" in lines[0], "invariant 2" in lines[1]] == [True, True]
        await alarmed(here, 1)
        assert await here.press(asked, "Mark as seen") == "2 alarms seen."
        assert (await here.write("/seen all")).text.startswith("Mark 1 alarm as seen?")


async def test_only_alarms_that_the_question_shows_are_marked(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await alarmed(here, LINES_MAX + 3, "what does not add up " * 15)
        asked = await here.write("/seen")
        shown = asked.text.count("what does not add up") // 15
        assert asked.text.startswith(f"Mark {shown} alarms as seen?")
        assert 5 < shown < LINES_MAX
        assert await here.press(asked, "Mark as seen") == f"{shown} alarms seen."
        rest = LINES_MAX + 3 - shown
        assert (await here.write("/seen")).text.startswith(f"Mark {min(rest, shown)} alarms")


async def test_the_button_below_an_alarm_marks_it_even_after_a_restart(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        alarm, _ = await alarmed(here, 2)
        said = await here.write("/status")
        for _ in range(2):
            pressed = await here.send_press(said, f"seen:{alarm}")
            assert ["invariant 1" in pressed, pressed.splitlines()[-1]] == [True, "Seen: Ann."]
        assert "invariant 2" in (await here.write("/seen")).text
        assert "too old" in await here.send_press(said, "seen:01nothing")
        await here.press(await here.write("/halt all"), "Halt")
        (warning,) = (each.id for each in here.day.notices if each.code == "halted")
        assert await here.send_press(said, f"seen:{warning}") == f"there is no alarm {warning}"


async def test_the_first_who_saw_an_alarm_is_named(tmp_path: Path) -> None:
    text = f'{THREE_BOOKS}\n[daemon]\nlocale = "ko"\n'
    async with room(tmp_path, text) as here:
        (alarm,) = await alarmed(here, 1)
        await here.day.engine.store.write(lambda tx: see(tx, alarm))
        pressed = await here.send_press(await here.write("/status"), f"seen:{alarm}")
        assert pressed.splitlines()[-1] == "\ud655\uc778: Bob."


def see(tx: Tx, alarm: str) -> None:
    tx.execute("see_notice", id=alarm, at=1, by="Bob")
