"""What a courier brings notices to: each in the form its reader wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import orjson

from adapters.notify.chat import Button
from daemon.i18n import words_in
from daemon.notices import Level, render
from daemon.notify.digest import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.clock import Clock
    from adapters.notify.chat import Bot
    from daemon.notify.outbox import Notice
    from daemon.setup import Current


WANTED = "approval_wanted"
APPROVE, REJECT = "approve", "reject"
"""What the buttons of such a notice send back, before the order's id."""
ASKED_MAX = 10
"""More of them are told together with the rest; ``/approve`` lists them."""
SEEN = "seen"
"""What the button of an alarm sends back, before the alarm's id."""
ALARMS_MAX = 3
"""More of them are told together with the rest; ``/seen`` lists them."""


class Channel(Protocol):
    """One way to tell people."""

    async def send(self, notices: Sequence[Notice]) -> None:
        """Send notices, oldest first, as one message. Raises NotDeliveredError."""
        ...


class Posts(Protocol):
    """Brings a body to an address."""

    async def post(self, body: bytes) -> None:
        """Raises NotDeliveredError."""
        ...


class TelegramChannel:
    """A chat: notices as lines of text.

    An order that waits for a yes has a message of its own, with the buttons that decide on it, and
    so has an alarm, with one that marks it as seen. They name the order or the alarm, so they still
    work after a restart. When a later message is not taken, those before it are not sent again.
    """

    def __init__(self, bot: Bot, chat: str, current: Current, clock: Clock) -> None:
        self._bot = bot
        self._chat = chat
        self._current = current
        self._clock = clock
        self._sent: set[str] = set()

    async def send(self, notices: Sequence[Notice]) -> None:
        words = words_in(self._current.setup.config.daemon.locale)
        left = [notice for notice in notices if notice.id not in self._sent]
        alarms = [notice for notice in left if notice.level is Level.ALARM]
        alarms = alarms if len(alarms) <= ALARMS_MAX else []
        asked = [notice for notice in left if notice.code == WANTED][:ASKED_MAX]
        for alarm in alarms:
            await self._say([alarm], Button(words.say("Mark as seen"), f"{SEEN}:{alarm.id}"))
        if told := [each for each in left if each not in alarms and each not in asked]:
            await self._say(told)
        for notice in asked:
            order = notice.params["order"]
            await self._say(
                [notice],
                Button(words.say("Approve"), f"{APPROVE}:{order}"),
                Button(words.say("Reject"), f"{REJECT}:{order}"),
            )
        self._sent.clear()

    async def _say(self, notices: Sequence[Notice], *buttons: Button) -> None:
        """Send one message, and remember what it told."""
        daemon = self._current.setup.config.daemon
        told = digest(notices, daemon.timezone, self._clock.now(), words_in(daemon.locale))
        await self._bot.send(self._chat, told.text, buttons)
        self._sent.update(notice.id for notice in notices)


class WebhookChannel:
    """An address: notices as JSON. Their ids tell what was sent twice."""

    def __init__(self, post: Posts, current: Current, clock: Clock) -> None:
        self._post = post
        self._current = current
        self._clock = clock

    async def send(self, notices: Sequence[Notice]) -> None:
        daemon = self._current.setup.config.daemon
        words = words_in(daemon.locale)
        body = {
            "daemon": daemon.name,
            "sent_at": self._clock.now().isoformat(),
            "notices": [
                {
                    "id": notice.id,
                    "at": notice.at.isoformat(),
                    "level": notice.level.value,
                    "code": notice.code,
                    "account": notice.account,
                    "book": notice.book,
                    "params": notice.params,
                    "text": render(notice.code, notice.params, words, daemon.timezone),
                }
                for notice in notices
            ],
        }
        await self._post.post(orjson.dumps(body))
