"""A bot in chats with people, whoever carries its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message. ``data`` comes back when it is pressed: at most 64 bytes."""

    label: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something that was written, or a button that was pressed, in a chat.

    ``chats`` are the names the chat goes by: its number, and its @name if it has one. ``text`` is
    what was written, or the data of the button. ``press`` is the id of a press, to be answered;
    None for a message. ``message`` is the message written, or the one the button belongs to.
    """

    update: int
    chats: frozenset[str]
    user: int
    who: str
    at: datetime
    text: str
    message: int
    press: str | None


class Bot(Protocol):
    """What a bot can do. Every function raises NotDeliveredError, and has a time limit."""

    async def send(self, chat: str, text: str, buttons: Sequence[Button] = ()) -> int:
        """Write to a chat; return the message's number."""
        ...

    async def replace(self, chat: str, message: int, text: str) -> None:
        """Write another text in place of a message, without buttons."""
        ...

    async def answer(self, press: str, text: str | None = None) -> None:
        """Say that a press was heard."""
        ...

    async def offer(self, commands: Mapping[str, str]) -> None:
        """Show these commands, with a few words on each, as a menu."""
        ...

    async def heard(self, after: int) -> tuple[int, list[Heard]]:
        """Wait for news behind update ``after``; return the last update's number and the news."""
        ...
