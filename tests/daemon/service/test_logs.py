from __future__ import annotations

import io
import logging
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
import pytest

from daemon.config.service import DaemonConfig, Locale, LogFormat, LogLevel
from daemon.service.logs import SILENT, log_notices, say_error, start_logging
from daemon.signals import NoticeRaised, SignalBus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

log = logging.getLogger("daemon.test")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def started(form: LogFormat = LogFormat.TEXT, level: LogLevel = LogLevel.INFO) -> io.StringIO:
    out = io.StringIO()
    start_logging(DaemonConfig(log=form, log_level=level), out)
    return out


def refuse(token: str) -> None:
    raise ValueError(f"a token of {len(token)} letters")


def raised(level: str) -> NoticeRaised:
    return NoticeRaised(level, "bought", "dip bought 3 TQQQ at 100", "paper", "dip", "1", NOON, {})


def test_a_line_for_people_says_when_how_grave_what_and_where() -> None:
    out = started()
    log.info("the market has opened, %s", "late")
    line = out.getvalue()
    assert line.endswith("\n")
    assert line.count("\n") == 1
    for part in ("info", "the market has opened, late", "daemon.test", "Z"):
        assert part in line
    assert "\x1b" not in line


def test_a_line_for_programs_is_one_object() -> None:
    out = started(LogFormat.JSON)
    log.warning("low cash")
    line = orjson.loads(out.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "low cash", "level": "warning", "logger": "daemon.test"}


def test_nothing_below_the_level_is_written() -> None:
    out = started(level=LogLevel.WARNING)
    log.info("not asked for")
    assert out.getvalue() == ""


def test_libraries_are_quiet_but_may_warn() -> None:
    out = started()
    logging.getLogger("yoyo.migrations").info("applying 0001")
    logging.getLogger("apscheduler.scheduler").info("job added")
    assert out.getvalue() == ""
    logging.getLogger("apscheduler.scheduler").warning("missed by 3 s")
    assert "missed by 3 s" in out.getvalue()


def test_what_anybody_may_send_does_not_fill_the_log() -> None:
    out = started()
    for name in SILENT:
        logging.getLogger(name).warning("Cannot decrypt cookie value")
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("level", "word"), [("info", "info"), ("warning", "warning"), ("alarm", "error")]
)
def test_a_notice_is_logged_with_its_level_code_and_place(level: str, word: str) -> None:
    out, bus = started(LogFormat.JSON), SignalBus()
    log_notices(bus, DaemonConfig)
    bus.deliver([raised(level)])
    line = orjson.loads(out.getvalue())
    assert line["level"] == word
    assert line["event"] == "dip bought 3 TQQQ at 100"
    assert (line["code"], line["account"], line["book"]) == ("bought", "paper", "dip")


@pytest.mark.parametrize("form", list(LogFormat))
def test_a_traceback_does_not_show_what_variables_held(form: LogFormat) -> None:
    out = started(form)
    token = "very-secret"
    try:
        refuse(token)
    except ValueError:
        log.exception("refused")
    assert "a token of 11 letters" in out.getvalue()
    assert token not in out.getvalue()


def test_words_of_others_cannot_break_a_line() -> None:
    out = started()
    log.info("the broker says %s", "no\nINFO all is well\x1b[2J 한국어")
    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()
    assert "한국어" in out.getvalue()


def test_the_journal_is_told_how_grave_each_line_is_and_no_time_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    with path.open("w+") as journal:
        status = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        start_logging(DaemonConfig(), journal)
        log.info("the market has opened")
        log.error("no answer")
        try:
            refuse("secret")
        except ValueError:
            log.exception("a mistake of ours")
    lines = path.read_text().splitlines()
    assert lines[0].startswith("<6>[info")
    assert lines[1].startswith("<3>[error")
    assert len(lines) > 4
    assert all(line.startswith("<3>") for line in lines[1:])
    assert "2026" not in path.read_text()


def test_what_ends_the_daemon_is_an_error_to_the_journal_and_a_plain_line_to_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "stderr").open("w+") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        say_error("nettingd: no such file")
        status = os.fstat(stderr.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        say_error("two keys are wrong:\n  http.port")
    lines = (tmp_path / "stderr").read_text().splitlines()
    assert lines == ["nettingd: no such file", "<3>two keys are wrong:", "<3>  http.port"]


def test_a_file_that_is_not_the_journal_gets_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    path = tmp_path / "log"
    with path.open("w") as file:
        start_logging(DaemonConfig(), file)
        log.info("the market has opened")
    assert not path.read_text().startswith("<")


def test_a_notice_is_logged_in_the_language_of_the_moment() -> None:
    out, bus, locale = started(), SignalBus(), [Locale.KOREAN]
    log_notices(bus, lambda: DaemonConfig(locale=locale[0]))
    params = {"book": "dip", "quantity": "3", "symbol": "TQQQ", "price": "100"}
    bus.deliver([replace(raised("info"), params=params)])
    assert "dip: TQQQ 3 매수 체결, 가격 100" in out.getvalue()
    locale[0] = Locale.ENGLISH
    bus.deliver([raised("info")])
    assert "dip bought 3 TQQQ at 100" in out.getvalue()
