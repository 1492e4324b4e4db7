"""What the Bot API keeps: messages of chats, and updates that wait to be fetched."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.clock import Clock

TEXT_UNITS_MAX = 4096
BUTTON_BYTES_MAX = 64


class RefusedError(Exception):
    """What a bot is told: Telegram's code and description."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass(slots=True)
class Message:
    """A message of the bot. ``buttons`` are pairs of label and data."""

    number: int
    chat: int
    text: str
    buttons: list[tuple[str, str]] = field(default_factory=list)
    edits: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a Telegram account."""

    number: int
    name: str


class Chats:
    """``messages`` are the bot's, in order; ``answers`` what it said to presses of buttons."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._names: dict[int, str | None] = {}
        self.messages: list[Message] = []
        self.answers: list[tuple[str, str]] = []
        self.updates: list[dict[str, Any]] = []
        self.news = asyncio.Event()
        self._numbers = 0
        self._presses: set[str] = set()

    def open(self, chat: int, name: str | None = None) -> None:
        """Let there be a chat that the bot is in; a public one has a name."""
        self._names[chat] = name

    def close(self, chat: int) -> None:
        """Shut the bot out."""
        del self._names[chat]

    def write(
        self, chat: int, person: Person, text: str | None, *, at: datetime | None = None
    ) -> None:
        """Let somebody write to the bot; None is a picture."""
        message = self._message(chat, self._number(), at) | {"from": _user(person)}
        self._update({"message": message | ({} if text is None else {"text": text})})

    def press(self, message: Message, label: str, person: Person) -> str:
        """Let somebody press a button; return the press's id."""
        data = dict(message.buttons)[label]
        return self.send_press(message, data, person)

    def send_press(self, message: Message, data: str, person: Person) -> str:
        """Let somebody's app send any data, as a button of long ago."""
        press = str(self._number())
        self._presses.add(press)
        of = self._message(message.chat, message.number, None) | {"text": message.text}
        query = {"id": press, "from": _user(person), "message": of, "data": data}
        self._update({"callback_query": query | {"chat_instance": "1"}})
        return press

    def send(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Do ``sendMessage``. Raises RefusedError."""
        chat = self._chat(given)
        message = Message(self._number(), chat, _text(given), _buttons(given))
        self.messages.append(message)
        return self._message(chat, message.number, None) | {"text": message.text}

    def edit(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Do ``editMessageText``. Raises RefusedError."""
        chat = self._chat(given)
        for message in self.messages:
            if (message.chat, str(message.number)) == (chat, given["message_id"]):
                text, buttons = _text(given), _buttons(given)
                if (text, buttons) == (message.text, message.buttons):
                    raise RefusedError(400, "Bad Request: message is not modified")
                message.text, message.buttons = text, buttons
                message.edits += 1
                return self._message(chat, message.number, None) | {"text": text}
        raise RefusedError(400, "Bad Request: message to edit not found")

    def answer(self, given: Mapping[str, str]) -> bool:
        """Do ``answerCallbackQuery``. Raises RefusedError."""
        press = given["callback_query_id"]
        if press not in self._presses:
            raise RefusedError(400, "Bad Request: query is too old or query ID is invalid")
        self._presses.discard(press)
        self.answers.append((press, given.get("text", "")))
        return True

    def describe(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Do ``getChat``. Raises RefusedError."""
        chat = self._message(self._chat(given), 0, None)["chat"]
        assert isinstance(chat, dict)  # as it was made
        return chat | {"title": "The desk", "accent_color_id": 1, "max_reaction_count": 11}

    def _chat(self, given: Mapping[str, str]) -> int:
        for number, name in self._names.items():
            if given["chat_id"] in {str(number), f"@{name}"}:
                return number
        raise RefusedError(400, "Bad Request: chat not found")

    def _message(self, chat: int, number: int, at: datetime | None) -> dict[str, Any]:
        name = self._names.get(chat)
        kind = {"type": "private" if chat > 0 else "group"}
        return {
            "message_id": number,
            "date": int((at or self._clock.now()).timestamp()),
            "chat": {"id": chat} | kind | ({} if name is None else {"username": name}),
        }

    def _update(self, content: dict[str, Any]) -> None:
        self.updates.append({"update_id": self._number()} | content)
        self.news.set()

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


def _user(person: Person) -> dict[str, Any]:
    return {"id": person.number, "is_bot": False, "first_name": person.name}


def _text(given: Mapping[str, str]) -> str:
    text = given.get("text", "").strip()
    if not text:
        raise RefusedError(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > TEXT_UNITS_MAX:
        raise RefusedError(400, "Bad Request: message is too long")
    return text


def _buttons(given: Mapping[str, str]) -> list[tuple[str, str]]:
    markup = json.loads(given.get("reply_markup", "{}"))
    buttons = [
        (each["text"], each["callback_data"])
        for row in markup.get("inline_keyboard", [])
        for each in row
    ]
    if any(not 1 <= len(data.encode()) <= BUTTON_BYTES_MAX for _, data in buttons):
        raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
    return buttons
