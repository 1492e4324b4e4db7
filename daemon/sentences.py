"""English sentences, said again in another language.

Reasons, refusals and faults are made where they arise, in English: so they are stored, and so
programs get them. Where a person reads them in another language they are recognised by their
form, ``{0} is not a multiple of the lot {1}``, and said in that language with the same values.
What nobody knows, such as a broker's own words, stays as it is.

``daemon/locale/LANGUAGE/LC_MESSAGES/sentences.po`` holds the forms. ``tests/daemon/
test_sentences.py`` finds every sentence in the code and fails for one that is missing there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from daemon.execution.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VALUE = re.compile(r"\{(\d+)\}")
_EDGES = " ;,"
_JOINTS = ("; ", ": ", ", ")
"""How sentences are put together, the loosest first."""
ALONE = frozenset({"complete", "empty", "halted", "missing"})
"""Sentences of one word; any other word may be a name."""
SPEAKER = re.compile(r"^nettingd [a-z-]+: ")
"""How a command begins what it has to say."""
_KEPT = 4096


def normal(text: str) -> str:
    """Return a form without what only joins it to others."""
    return text.strip().strip(_EDGES)


class Sentences:
    """Says sentences again. ``forms``: English ones with theirs in the language."""

    def __init__(self, forms: Mapping[str, str], states: Mapping[str, str]) -> None:
        self._whole = {form: said for form, said in forms.items() if not _VALUE.search(form)}
        self._states = states
        self._patterns = sorted(
            (_Pattern(form, said) for form, said in forms.items() if _VALUE.search(form)),
            key=lambda pattern: -pattern.letters,
        )
        self.again = lru_cache(_KEPT)(self._again)

    def _again(self, text: str) -> str:
        """Return a text in the language, as far as it is known."""
        if " " not in text and text not in ALONE:
            return text
        if "\n" in text:
            return "\n".join(map(self.again, text.split("\n")))
        if speaker := SPEAKER.match(text):
            return speaker[0] + self.again(text[speaker.end() :])
        return self._hinting(text) or self._recognised(text) or self._in_parts(text)

    def _hinting(self, text: str) -> str | None:
        """Say a sentence that ends with a hint in brackets, if both are known."""
        head, bracket, hint = text[:-1].rpartition(" (")
        if not (bracket and text.endswith(")") and " " in hint) or text in self._whole:
            return None
        said, hinted = self.again(head), self.again(hint)
        return f"{said} ({hinted})" if said != head and hinted != hint else None

    def heading(self, text: str) -> str:
        """Return a heading, which may be one word."""
        return self._whole.get(text) or self.again(text)

    def _in_parts(self, text: str) -> str:
        """Say what was put together of several sentences, each as far as it is known."""
        for joint in _JOINTS:
            head, joined, rest = text.partition(joint)
            if joined and (self.again(head), self.again(rest)) != (head, rest):
                return f"{self.again(head)}{joint}{self.again(rest)}"
        return text

    def _recognised(self, text: str) -> str | None:
        bare = normal(text)
        if bare in self._whole:
            return text.replace(bare, self._whole[bare])
        for pattern in self._patterns:
            values = pattern.values(bare)
            if values is not None:
                return text.replace(bare, pattern.filled([self._value(each) for each in values]))
        code, colon, rest = bare.partition(": ")
        if colon and code in REASONS:
            return f"{self.again(REASONS[code]).rstrip('.')}: {self.again(rest)}"
        return None

    def _value(self, value: str) -> str:
        """Say a value that is itself a sentence or a state; names and numbers stay."""
        return self._states.get(value) or self.again(value)


class _Pattern:
    """One form with values."""

    def __init__(self, form: str, said: str) -> None:
        literals = _VALUE.split(form)
        self._said = said
        self.letters = sum(map(len, literals[::2]))
        self._anchor = max(literals[::2], key=len)
        ends = [*literals[2:-1:2], literals[-1] or None]
        body = "".join(
            _value(ends[number // 2]) if number % 2 else re.escape(part)
            for number, part in enumerate(literals)
        )
        self._matches = re.compile(body, re.DOTALL).fullmatch

    def values(self, text: str) -> tuple[str, ...] | None:
        """Return the values of a text of this form, else None."""
        if self._anchor not in text:
            return None
        found = self._matches(text)
        return None if found is None else found.groups()

    def filled(self, values: Sequence[str]) -> str:
        """Return the sentence in the language."""
        return _VALUE.sub(lambda value: values[int(value[1])], self._said)


def _value(behind: str | None) -> str:
    """Return the pattern of a value, by the literal behind it; None at the end of the form.

    There it may be anything. Elsewhere it does not reach over what joins sentences, unless the
    form has a joint there; directly before another value it ends where that one's joint is.
    """
    if behind is None or behind.startswith((*_JOINTS, ")")):
        return "(.*?)"
    return r"((?:(?![;:,] ).)*?)" if behind else r"((?:(?![;:,] | \().)*)"
