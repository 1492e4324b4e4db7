"""Log lines to stderr: for people, or one JSON object each for programs.

The parts of the daemon log with the standard library; structlog writes. What a person should know
is a notice: it is stored first, and written here with its level too.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

import orjson

from daemon.config.service import Locale, LogFormat
from daemon.i18n import words_in
from daemon.notices import Level, render
from daemon.service.without import without
from daemon.signals import NoticeRaised

with without("rich"):
    # Where it is installed, structlog loads it for tracebacks in colour: 3 MB that nobody sees.
    import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from structlog.typing import EventDict, Processor, WrappedLogger

    from daemon.config.service import DaemonConfig
    from daemon.signals import SignalBus

QUIET = ("aiohttp", "aiosqlite", "apscheduler", "asyncio", "tzlocal", "yoyo")
"""Libraries whose everyday lines are not ours to read; their warnings are."""
SILENT = ("aiohttp_session",)
"""Warns of each cookie that it cannot read, and anybody may send those, as fast as they like."""

_INFORMATIONAL = 6
_PRIORITIES: Mapping[int, int] = {
    logging.DEBUG: 7,
    logging.INFO: _INFORMATIONAL,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
"""Levels as syslog(3) numbers them."""

_NOTICE_LEVELS: Mapping[str, int] = {
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ALARM: logging.ERROR,
}

notices = logging.getLogger("notice")


def start_logging(config: DaemonConfig, stream: TextIO | None = None) -> None:
    """Write to ``stream``, stderr if it is None, as the configuration says."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    journal = _is_journal(out, os.environ.get("JOURNAL_STREAM", ""))
    kind = _JournalFormatter if journal else structlog.stdlib.ProcessorFormatter
    handler.setFormatter(
        kind(
            foreign_pre_chain=_BEFORE,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_written(config.log, coloured=out.isatty(), timed=not journal),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.log_level.value.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)


class _JournalFormatter(structlog.stdlib.ProcessorFormatter):
    """Says how important each line is in the way the journal reads it: sd-daemon(3)."""

    def format(self, record: logging.LogRecord) -> str:
        return _marked(super().format(record), record.levelno)


def say_error(text: str) -> None:
    """Write to stderr what ends the daemon, perhaps before there is a log."""
    journal = _is_journal(sys.stderr, os.environ.get("JOURNAL_STREAM", ""))
    sys.stderr.write((_marked(text, logging.ERROR) if journal else text) + "\n")


def _marked(text: str, level: int) -> str:
    mark = f"<{_PRIORITIES.get(level, _INFORMATIONAL)}>"
    return mark + text.replace("\n", f"\n{mark}")


def _is_journal(out: TextIO, stream: str) -> bool:
    """Whether ``out`` is the connection to the journal that systemd names in JOURNAL_STREAM."""
    try:
        status = os.fstat(out.fileno())
    except OSError:
        return False  # no file at all
    return stream == f"{status.st_dev}:{status.st_ino}"


def log_notices(bus: SignalBus, settings: Callable[[], DaemonConfig]) -> None:
    """Write every notice to the log, once it is stored, in the language of that moment."""
    bus.subscribe(NoticeRaised, lambda raised: _notice(raised, settings()))


def _notice(raised: NoticeRaised, settings: DaemonConfig) -> None:
    about = {"account": raised.account, "book": raised.book}
    known = {key: value for key, value in about.items() if value is not None}
    level = _NOTICE_LEVELS[raised.level]
    text = raised.text
    if settings.locale is not Locale.ENGLISH:
        text = render(raised.code, raised.params, words_in(settings.locale), settings.timezone)
    notices.log(level, "%s", text, extra={"code": raised.code, **known})


def _written(form: LogFormat, *, coloured: bool, timed: bool) -> list[Processor]:
    """Tracebacks are written without local variables: those may hold a token.

    People read the journal's own time beside a line, so none is written twice.
    """
    if form is LogFormat.JSON:
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [
            structlog.processors.ExceptionRenderer(tracebacks),
            structlog.processors.JSONRenderer(serializer=_json),
        ]
    plain = structlog.dev.plain_traceback
    first: list[Processor] = [] if timed else [_without_time]
    return [*first, structlog.dev.ConsoleRenderer(colors=coloured, exception_formatter=plain)]


def _json(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=str).decode()


def _without_time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    del event["timestamp"]
    return event


def _one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape what would break a line: words of a broker or a caller may be in it."""
    text = str(event["event"])
    if not text.isprintable():
        text = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    event["event"] = text
    return event


_BEFORE: tuple[Processor, ...] = (
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(("code", "account", "book")),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _one_line,
)
