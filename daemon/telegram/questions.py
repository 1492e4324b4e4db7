"""Questions that wait for a button: each is answered once, by hand, and soon.

They are kept in memory only. A button from before a restart, or of an hour ago, does nothing but
say so: nobody knows any more what it looked like when it was asked.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.notify.chat import Button

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from adapters.clock import Clock

LASTS = timedelta(minutes=5)
OPEN_MAX = 32
"""Open questions; the oldest goes when there are more. As many answered ones are remembered."""
_YES, _NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is done only after a yes.

    ``text`` says what will be done, ``label`` is on the button that does it. ``carry_out`` gets
    the key that makes a repetition harmless and the name of who pressed, and returns what came of
    it, in words. Raises what ``commands`` explains.
    """

    text: str
    label: str
    carry_out: Callable[[str, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A question with its answer. ``key`` is the question's own."""

    question: Question
    key: str
    is_yes: bool


class Questions:
    """What was asked and not answered yet."""

    def __init__(self, clock: Clock, *, refuse: str) -> None:
        self._clock = clock
        self._refuse = refuse
        self._open: dict[str, tuple[Question, datetime]] = {}
        self._answered: deque[str] = deque(maxlen=OPEN_MAX)

    def ask(self, question: Question) -> tuple[Button, Button]:
        """Keep a question; return the buttons that answer it."""
        while len(self._open) >= OPEN_MAX:
            del self._open[next(iter(self._open))]
        key = secrets.token_hex(8)
        self._open[key] = question, self._clock.now() + LASTS
        return Button(question.label, f"{_YES}:{key}"), Button(self._refuse, f"{_NO}:{key}")

    def answered(self, data: str) -> Pressed | None:
        """Return what a button answers, once; None if that is no open question (any more)."""
        word, _, key = data.partition(":")
        question, until = self._open.pop(key, (None, None))
        if question is None or until is None or self._clock.now() >= until:
            return None
        self._answered.append(key)
        return Pressed(question, key, is_yes=word == _YES)

    def were_answered(self, data: str) -> bool:
        """Whether a button is one of a question that was answered a while ago."""
        return data.partition(":")[2] in self._answered
