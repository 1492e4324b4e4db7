"""A bot without Telegram: what people write is scripted, what they are told is kept."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.notify.chat import Button, Heard
from daemon.administration import Administration
from daemon.api.health import Readiness
from daemon.api.metrics import Metrics
from daemon.config.notify import TelegramConfig
from daemon.config.secret import Secret
from daemon.telegram.commands import Commands
from daemon.telegram.listener import Listener
from tests.support.world import THREE_BOOKS, World, started, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

CHAT = "42"
ANN = 7


@dataclass(slots=True)
class Said:
    """A message of the bot."""

    chat: str
    number: int
    text: str
    buttons: tuple[Button, ...]


class ScriptedBot:
    """Fulfils ``Bot``. ``faults`` are raised by the next calls, one each."""

    def __init__(self) -> None:
        self.messages: list[Said] = []
        self.answered: list[str] = []
        self.menu: Mapping[str, str] = {}
        self.faults: deque[Exception] = deque()
        self._news: deque[Heard] = deque()
        self._arrived = asyncio.Event()
        self._updates = 0

    async def send(self, chat: str, text: str, buttons: Sequence[Button] = ()) -> int:
        self._fail()
        number = len(self.messages) + 1
        self.messages.append(Said(chat, number, text, tuple(buttons)))
        return number

    async def replace(self, chat: str, message: int, text: str) -> None:
        self._fail()
        said = self.messages[message - 1]
        assert said.chat == chat
        said.text, said.buttons = text, ()

    async def answer(self, press: str, text: str | None = None) -> None:
        self._fail()
        self.answered.append(f"{press} {text or ''}".strip())

    async def offer(self, commands: Mapping[str, str]) -> None:
        self._fail()
        self.menu = dict(commands)

    async def heard(self, after: int) -> tuple[int, list[Heard]]:
        self._fail()
        while not self._news:
            self._arrived.clear()
            await self._arrived.wait()
        news = list(self._news)
        self._news.clear()
        return max([after, *(each.update for each in news)]), news

    def hear(
        self,
        text: str,
        *,
        at: datetime,
        chat: str = CHAT,
        user: int = ANN,
        press: str | None = None,
        message: int = 0,
    ) -> None:
        """Let somebody write, or press a button."""
        self._updates += 1
        self._news.append(
            Heard(
                update=self._updates,
                chats=frozenset({chat}),
                user=user,
                who="Ann",
                at=at,
                text=text,
                message=message,
                press=press,
            )
        )
        self._arrived.set()

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.popleft()


class Room:
    """A daemon, its bot, and a person who writes to it."""

    def __init__(
        self, day: World, bot: ScriptedBot, readiness: Readiness, metrics: Metrics
    ) -> None:
        self.day = day
        self.bot = bot
        self.readiness = readiness
        self.metrics = metrics

    async def write(self, text: str) -> Said:
        """Write to the bot; return what it says."""
        count = len(self.bot.messages)
        self.bot.hear(text, at=self.day.now)
        await self.day.until(lambda: len(self.bot.messages) > count, within=30)
        return self.bot.messages[-1]

    async def press(self, said: Said, label: str, *, user: int = ANN) -> str:
        """Press a button of a message; return what the message says then."""
        (data,) = [each.data for each in said.buttons if each.label == label]
        return await self.send_press(said, data, user=user)

    async def send_press(self, said: Said, data: str, *, user: int = ANN) -> str:
        """Send a button's data, also of a button that is gone."""
        count = len(self.bot.answered)
        press = f"press {count + 1}"
        self.bot.hear(data, at=self.day.now, press=press, message=said.number, user=user)
        await self.day.until(lambda: len(self.bot.answered) > count, within=30)
        return said.text


@asynccontextmanager
async def room(
    folder: Path,
    text: str = THREE_BOOKS,
    *,
    users: tuple[int, ...] = (),
    bot: ScriptedBot | None = None,
) -> AsyncIterator[Room]:
    """Let the daemon listen to a bot."""
    async with world(folder, text) as day:
        engine, readiness, bot = day.engine, Readiness(), bot or ScriptedBot()
        admin = Administration(engine, day.clock)
        commands = Commands(engine, admin, readiness, day.clock)
        settings = TelegramConfig(token=Secret("t"), chat_id=CHAT, users=users)
        metrics = Metrics()
        listening = started(Listener(bot, settings, commands, day.clock, metrics).run())
        await day.pass_time(0.1)
        yield Room(day, bot, readiness, metrics)
        listening.cancel()
