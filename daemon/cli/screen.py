"""Words for a person who watches: headings, lines, tables, and claims that are true or not."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from daemon.cli.voice import again

if TYPE_CHECKING:
    from typing import TextIO

WIDTH = 96
_BOLD, _DIM, _GREEN, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m", "\x1b[0m"


class Screen:
    """Writes to one stream at once; coloured only on a terminal."""

    def __init__(self, out: TextIO, *, coloured: bool) -> None:
        self._out = out
        self._coloured = coloured
        self.false_claims: list[str] = []
        """What was said and was not so."""

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._write(f"\n{self._in(_BOLD, again(text))}\n")

    def say(self, text: str) -> None:
        """Tell, in lines that fit."""
        self._write(textwrap.fill(again(text), WIDTH) + "\n")

    def show(self, text: str) -> None:
        """Show what something answered: indented, as it is."""
        lines = again(text).rstrip("\n").splitlines()
        self._write("".join(f"  {self._in(_DIM, line)}\n" for line in lines))

    def table(self, text: str) -> None:
        """Show a table."""
        self._write(textwrap.indent(text, "  "))

    def claim(self, text: str, *, holds: bool) -> None:
        """Say something that has been looked at, and whether it is so."""
        mark = self._in(_GREEN, "ok") if holds else self._in(_RED, again("NOT SO"))
        self._write(f"  [{mark}] {again(text)}\n")
        if not holds:
            self.false_claims.append(text)

    def _in(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._coloured else text

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
