"""What a courier brings notices to: each in the form its reader wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import orjson

from adapters.notify.chat import Button
from daemon.i18n import words_in
from daemon.notices import render
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

    An order that waits for a yes has a message of its own, with the buttons that decide on it. They
    name the order, so they still work after a restart.
    """

    def __init__(self, bot: Bot, chat: str, current: Current, clock: Clock) -> None:
        self._bot = bot
        self._chat = chat
        self._current = current
        self._clock = clock

    async def send(self, notices: Sequence[Notice]) -> None:
        daemon = self._current.setup.config.daemon
        words = words_in(daemon.locale)
        asked = [notice for notice in notices if notice.code == WANTED][:ASKED_MAX]
        told = [notice for notice in notices if notice not in asked]
        now = self._clock.now()
        if told:
            await self._bot.send(self._chat, digest(told, daemon.timezone, now, words).text)
        for notice in asked:
            order = notice.params["order"]
            buttons = (
                Button(words.say("Approve"), f"{APPROVE}:{order}"),
                Button(words.say("Reject"), f"{REJECT}:{order}"),
            )
            text = digest([notice], daemon.timezone, now, words).text
            await self._bot.send(self._chat, text, buttons)


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
