"""In which language a command speaks, and in which time zone: those of the daemon it belongs to.

Commands say things in English. ``tell`` and ``warn`` say them again in ``daemon.locale`` of the
configuration (or of its variable); what programs read goes past them, and stays UTC.
"""

from __future__ import annotations

import argparse
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from daemon.i18n import Words

LOCALE_VARIABLE = "NETTINGD_DAEMON__LOCALE"
ENGLISH = "en"
LIBRARY = (
    "argument {0}: expected at least one argument",
    "argument {0}: expected one argument",
    "argument {0}: ignored explicit argument {1}",
    "argument {0}: invalid choice: {1} (choose from {2})",
    "argument {0}: invalid {1} value: {2}",
    "argument {0}: not allowed with argument {1}",
    "one of the arguments {0} is required",
    "show this help message and exit",
    "the following arguments are required: {0}",
    "unrecognized arguments: {0}",
)
"""What argparse says by itself."""
_TABLE_ROW = re.compile(r"\S {2,}\S")
_NAMED = re.compile(r"--config(?:=(.*))?")

_words: ContextVar[Words | None] = ContextVar("words", default=None)
_zone: ContextVar[tzinfo] = ContextVar("zone", default=UTC)


def speak(locale: str) -> None:
    """Speak this language from now on; one that there is not is English."""
    if locale == ENGLISH:
        _words.set(None)
        return
    # Whoever reads English does not wait for what reads catalogues.
    from daemon.config.service import Locale  # noqa: PLC0415
    from daemon.i18n import words_in  # noqa: PLC0415

    _words.set(words_in(Locale(locale)) if locale in set(Locale) else None)


def live_in(zone: tzinfo) -> None:
    """Tell times of this zone from now on; UTC's until then."""
    _zone.set(zone)


def language(arguments: Sequence[str], environ: Mapping[str, str], config: Path) -> str:
    """Look up the language of a command line before it is understood, so help has it too."""
    if LOCALE_VARIABLE in environ:
        return environ[LOCALE_VARIABLE]
    for here, following in pairwise([*arguments, ""]):
        if named := _NAMED.fullmatch(here):
            config = Path(following if named[1] is None else named[1])
    try:
        text = config.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ENGLISH
    if "locale" not in text:
        return ENGLISH
    import tomllib  # noqa: PLC0415 - see above

    try:
        found = tomllib.loads(text)["daemon"]["locale"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        return ENGLISH  # whoever needs the file says what is wrong with it
    return str(found)


def spoken() -> str:
    """Return the language."""
    words = _words.get()
    return ENGLISH if words is None else words.locale.value


def again(text: str) -> str:
    """Return a text in the language; lines of tables stay, they were said when laid out."""
    words = _words.get()
    if words is None:
        return text
    return "\n".join(
        line if _TABLE_ROW.search(line) else words.again(line) for line in text.split("\n")
    )


def heading(text: str) -> str:
    """Return a heading or a help."""
    words = _words.get()
    return text if words is None else words.heading(text)


def cell(column: str, text: str) -> str:
    """Return what stands in a table as people say it: words of the machine, sentences, times."""
    if column == "at" or column.endswith("_at"):
        return moment(text)
    words = _words.get()
    if words is None:
        return text
    if column in _LABELLED or (column == "reason" and " " not in text):
        return words.label(text)
    return words.heading(text) if column == "result" else words.again(text)


def moment(text: str) -> str:
    """Return a time of ISO 8601 as people of the zone read it; what is none as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(_zone.get())
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} {at.tzname()}"


def check(name: str) -> str:
    """Return the name of a check of readiness."""
    words = _words.get()
    return name if words is None else words.check(name)


_LABELLED = frozenset(
    {
        "action",
        "from_status",
        "kind",
        "scope",
        "ladder",
        "order",
        "outcome",
        "phase",
        "side",
        "source",
    }
    | {"state", "status", "to_status"}
)


def tell(text: str) -> None:
    """Write to standard output."""
    sys.stdout.write(again(text))


def warn(text: str) -> None:
    """Write to standard error."""
    sys.stderr.write(again(text))


class Help(argparse.RawDescriptionHelpFormatter):
    """Lays out help in the language."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(
            usage, actions, groups, heading("usage:") + " " if prefix is None else prefix
        )

    def start_section(self, title: str | None) -> None:
        super().start_section(title and heading(title))

    def _expand_help(self, action: argparse.Action) -> str:
        return heading(super()._expand_help(action))


class Parser(argparse.ArgumentParser):
    """Understands a command line, and says in the language what is wrong with it."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {heading('error')}: {again(message)}\n")


def described(summary: str) -> str:
    """Return a summary as a sentence."""
    text = again(summary)
    return f"{text[0].upper()}{text[1:]}."
