"""Hears what people write to the bot, and answers those who may ask.

Others are ignored, counted, and logged once. What was written more than a few minutes ago, while
the daemon was away, is not carried out: nobody expects it any more.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters.notify.errors import NotDeliveredError
from daemon.telegram.questions import Question, Questions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.clock import Clock
    from adapters.notify.chat import Bot, Heard
    from daemon.api.metrics import Metrics
    from daemon.config.notify import TelegramConfig
    from daemon.telegram.commands import Commands

OLD = timedelta(minutes=5)
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
MENU_TRIES = 5
TELL_TRIES = 3
STRANGERS_MAX = 100
"""Strangers who are remembered as logged; then the log has heard enough of them."""

log = logging.getLogger(__name__)


class Listener:
    """Serves one bot."""

    def __init__(
        self,
        bot: Bot,
        settings: TelegramConfig,
        commands: Commands,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._bot = bot
        self._chat = settings.chat_id
        self._users = frozenset(settings.users)
        self._commands = commands
        self._clock = clock
        self._metrics = metrics
        self._questions = Questions(clock, refuse=commands.words.say("Leave it"))
        self._strangers: set[tuple[frozenset[str], int]] = set()
        self._pause_s = FIRST_PAUSE_S
        self._menu_tries = MENU_TRIES
        self._deaf_for: str | None = None

    async def run(self) -> None:
        """Listen until cancelled."""
        last = 0
        while True:
            await self._show_menu()
            try:
                last, news = await self._bot.heard(last)
            except NotDeliveredError as error:
                await self._pause(error)
                continue
            self._pause_s, self._deaf_for = FIRST_PAUSE_S, None
            await self._hear([each for each in news if self._may(each)])

    async def _pause(self, error: NotDeliveredError) -> None:
        if str(error) != self._deaf_for:
            log.warning("nothing can be heard from the bot: %s", error)
        self._deaf_for = str(error)
        await self._clock.sleep(max(self._pause_s, error.retry_after_s or 0.0))
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    async def _show_menu(self) -> None:
        """Tell Telegram the commands; it does as well without."""
        if not self._menu_tries:
            return
        self._menu_tries -= 1
        try:
            await self._bot.offer(self._commands.menu())
        except NotDeliveredError as error:
            log.info("the bot's menu is not shown: %s", error)
        else:
            self._menu_tries = 0

    async def _hear(self, news: list[Heard]) -> None:
        """Answer everything, oldest first; what is too old together."""
        late = self._clock.now() - OLD
        for each in news:
            if each.press is not None:
                await self._pressed(each, each.press)
            elif each.at >= late:
                await self._written(each)
        if any(each.press is None and each.at < late for each in news):
            words = self._commands.words
            await self._say(
                words.say(
                    "You wrote while I was away, too long ago. Write again what is still meant."
                )
            )

    def _may(self, heard: Heard) -> bool:
        if self._chat in heard.chats and (not self._users or heard.user in self._users):
            return True
        self._metrics.bot_stranger()
        stranger = (heard.chats, heard.user)
        if stranger not in self._strangers and len(self._strangers) < STRANGERS_MAX:
            self._strangers.add(stranger)
            where = ", ".join(sorted(heard.chats))
            log.warning("the bot ignores user %s in chat %s", heard.user, where)
        return False

    async def _written(self, heard: Heard) -> None:
        answer = await self._commands.answer(heard.text)
        if isinstance(answer, Question):
            await self._say(answer.text, answer)
        elif answer is not None:
            await self._say(answer)

    async def _pressed(self, heard: Heard, press: str) -> None:
        words = self._commands.words
        if self._questions.were_answered(heard.text):
            # Pressed twice. The message says what came of it, and goes on saying it.
            await self._told(partial(self._bot.answer, press, words.say("Answered already.")))
            return
        text = await self._outcome(heard)
        if not await self._told(partial(self._bot.replace, self._chat, heard.message, text)):
            await self._told(partial(self._bot.send, self._chat, text))
        await self._told(partial(self._bot.answer, press))

    async def _outcome(self, heard: Heard) -> str:
        """Do what a button says; return what came of it."""
        words, pressed = self._commands.words, self._questions.answered(heard.text)
        if pressed is None:
            decided = await self._commands.decide(heard.text, heard.who)
            return decided or words.say("This question is too old. Ask again if it is still meant.")
        if not pressed.is_yes:
            return words.say("Left as it is.")
        log.info("user %s says yes in a chat to: %s", heard.user, pressed.question.label)
        return await self._commands.carry_out(pressed, heard.who)

    async def _say(self, text: str, question: Question | None = None) -> None:
        buttons = () if question is None else self._questions.ask(question)
        await self._told(partial(self._bot.send, self._chat, text, buttons))

    async def _told(self, call: Callable[[], Awaitable[object]]) -> bool:
        """Have the bot say something; whether it did. It is left alone for as long as it asks."""
        for left in reversed(range(TELL_TRIES)):
            try:
                await call()
            except NotDeliveredError as error:
                wait_s = max(FIRST_PAUSE_S, error.retry_after_s or 0.0)
                if error.lasting or not left or wait_s > LONGEST_PAUSE_S:
                    log.warning("what came of a command could not be told: %s", error)
                    return False
                await self._clock.sleep(wait_s)
            else:
                return True
        raise AssertionError("the last try returns")
