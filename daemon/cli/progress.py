"""A line that shows how far long work has come, on a terminal only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from daemon.cli.voice import heading

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

WIDTH = 25


class Bar:
    """One line, wiped at the end; nothing at all where nobody watches."""

    def __init__(self, out: TextIO, what: str) -> None:
        self._out = out if out.isatty() else None
        self._what = heading(what)
        self._percent = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._out is not None:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def left(self, left: int, whole: int) -> None:
        """Show that so much is left of the whole."""
        percent = 100 - left * 100 // max(whole, 1)
        if self._out is not None and percent != self._percent:
            self._percent = percent
            bar = "#" * (percent * WIDTH // 100)
            self._out.write(f"\r{self._what} {percent:3} % {bar:{WIDTH}}")
            self._out.flush()
