"""Commands speak the language of the daemon; programs read English."""

from __future__ import annotations

import argparse
import json
import re
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from daemon.cli.main import main, make_parser
from daemon.cli.table import table
from daemon.cli.voice import again, language, live_in, moment, speak, spoken
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

HANGUL = re.compile("[가-힣]")
NOWHERE = Path("/nowhere/config.toml")


def parsers() -> Iterator[argparse.ArgumentParser]:
    """The whole command line, and every command."""
    yield (whole := make_parser())
    for action in whole._actions:  # noqa: SLF001 - the library tells them no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            yield from action.choices.values()


def test_every_line_of_every_help_is_in_korean(in_korean: None) -> None:  # noqa: ARG001
    for parser in parsers():
        assert parser.description is not None
        assert HANGUL.search(parser.description), parser.description
        for block in re.split(r"\n(?=\S|  \S|    [a-z])", parser.format_help()):
            # An option whose help begins on the next line belongs to it.
            assert HANGUL.search(block) or not block.strip() or block.strip() == "COMMAND", block


def test_the_language_is_that_of_the_variable_or_else_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[daemon]\nlocale = "ko"\n')
    assert language(["status"], {}, config) == "ko"
    assert language(["status"], {"NETTINGD_DAEMON__LOCALE": "en"}, config) == "en"
    assert language(["--config", str(config), "status"], {}, NOWHERE) == "ko"
    assert language(["status", f"--config={config}"], {}, NOWHERE) == "ko"
    assert language(["status", "--config"], {}, NOWHERE) == "en"
    assert language([], {}, NOWHERE) == "en"


@pytest.mark.parametrize(
    "text", ["locale = ", "locale = 3", '[daemon]\nlocale = "xx"', "daemon = 1\n# locale", "\ufeff"]
)
def test_a_faulty_configuration_is_told_of_in_english(tmp_path: Path, text: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    speak(language([], {}, config))
    assert spoken() == "en"


def test_a_wrong_call_is_refused_in_korean(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    in_korean: None,  # noqa: ARG001 - it is English again afterwards
) -> None:
    monkeypatch.setenv("NETTINGD_DAEMON__LOCALE", "ko")
    with pytest.raises(SystemExit) as ended:
        main(["orders", "--side", "up"])
    assert ended.value.code == Exit.BAD_INPUT
    said = capsys.readouterr().err
    assert said.startswith("사용법: nettingd orders [-h]")
    assert "nettingd orders: 오류: 인자 --side: 고를 수 없는 값 'up'" in said


def test_programs_are_answered_in_english(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    in_korean: None,  # noqa: ARG001 - it is English again afterwards
) -> None:
    monkeypatch.setenv("NETTINGD_DAEMON__LOCALE", "ko")
    config = tmp_path / "config.toml"
    config.write_text("[accounts.a]\nbroker = 3\n")
    assert main(["--config", str(config), "check", "--json"]) == Exit.BAD_INPUT
    messages = [each["message"] for each in json.loads(capsys.readouterr().out)["errors"]]
    assert messages
    assert not HANGUL.search("".join(messages))
    assert main(["--config", str(config), "check"]) == Exit.BAD_INPUT
    assert HANGUL.search(capsys.readouterr().err)


def test_tables_have_korean_headings_and_states_and_the_names_they_had(
    in_korean: None,  # noqa: ARG001 - it speaks
) -> None:
    columns = ("book", "side", ">quantity", "status", "reason")
    text = table(
        columns, [("order", "buy", "3", "filled", "off_lot: 3 is not a multiple of the lot 2")]
    )
    assert again(text).splitlines() == [
        "장부   방향  수량  상태    사유",
        "-----  ----  ----  ------  ----------------------------------",
        "order  매수     3  체결됨  3 은 거래단위 2 의 배수가 아닙니다",
    ]


def test_times_are_those_of_the_people() -> None:
    live_in(ZoneInfo("America/New_York"))
    text = table(("created_at", "at", "late"), [("2026-11-01T05:30:00.0079+00:00", "x", "1:00")])
    live_in(UTC)
    assert text.splitlines()[2] == "2026-11-01 01:30:00.007 EDT  x   1:00"
    assert moment("2026-11-01T06:30:00+00:00") == "2026-11-01 06:30:00.000 UTC"
    assert moment("") == ""
