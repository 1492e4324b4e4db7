from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from daemon.cli.main import main, make_parser
from daemon.service.exits import MEANING, Exit

ROOT = Path(__file__).parents[3]
NETTING = {
    "price": "100",
    "orders": [
        {"id": "A", "symbol": "TQQQ", "kind": "BUY", "value": "3000"},
        {"id": "B", "symbol": "TQQQ", "kind": "SELL", "value": "20"},
    ],
}


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (
        action.choices
        for action in make_parser()._actions  # noqa: SLF001 - the library tells them no other way
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    )
    return dict(found)


def options_of(*arguments: str) -> argparse.Namespace:
    return make_parser().parse_args(arguments)


def nettingd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "daemon", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )


def test_the_configuration_may_stand_before_and_after_the_command() -> None:
    assert options_of("--config", "a.toml", "check").config == Path("a.toml")
    assert options_of("check", "--config", "b.toml").config == Path("b.toml")
    assert options_of("--config", "a.toml", "check", "--config", "b.toml").config == Path("b.toml")


def test_without_one_it_is_that_of_the_variable_or_of_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NETTINGD_CONFIG", raising=False)
    assert options_of("run").config == Path("config.toml")
    monkeypatch.setenv("NETTINGD_CONFIG", "/etc/nettingd.toml")
    assert options_of("run").config == Path("/etc/nettingd.toml")


def test_the_help_names_every_command_and_every_exit_code() -> None:
    text = make_parser().format_help()
    for name in commands():
        assert re.search(rf"^ {{4}}{name}\s", text, re.MULTILINE)
    for code in Exit:
        assert f"{code.value:>3}  {MEANING[code]}" in text


def test_the_documentation_describes_every_command_and_option() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    for name, parser in commands().items():
        assert f"## nettingd {name}\n" in page
        section = page.split(f"## nettingd {name}\n")[1].split("\n## ")[0]
        for action in parser._actions:  # noqa: SLF001 - the library tells them no other way
            for option in action.option_strings or [str(action.metavar or action.dest)]:
                if option not in {"-h", "--help"}:
                    assert f"`{option}" in section, f"{name}: {option}"


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("nettingd 0.")


@pytest.mark.parametrize("arguments", [[], ["trade"], ["net"], ["run", "--json"], ["--conf", "x"]])
def test_a_wrong_call_is_bad_input(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == Exit.BAD_INPUT


def test_hypothetical_orders_are_netted_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "orders.json"
    file.write_bytes(orjson.dumps(NETTING))
    assert main(["net", "--input", str(file), "--json"]) == 0
    assert orjson.loads(capsys.readouterr().out)["pairs"][0]["shares"] == "20"
    assert main(["net", "--input", str(file)]) == 0
    assert "TQQQ" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["net", "--input", str(tmp_path / "none")]) == Exit.BAD_INPUT
    assert "No such file" in capsys.readouterr().err


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("daemon.cli.main._check", interrupted)
    assert main(["check"]) == Exit.INTERRUPTED


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [sys.executable, "-m", "daemon", "check"],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as child:
        os.close(writing)
        _, errors = child.communicate(timeout=60)
    assert (child.returncode, errors) == (Exit.OUTPUT_CLOSED, "")


@pytest.mark.slow
def test_the_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from daemon.cli.main import make_parser; make_parser().format_help(); "
        "print(sorted({'aiohttp', 'apscheduler', 'asyncio', 'pandas', 'pydantic', 'structlog',"
        " 'uvloop'} & sys.modules.keys()))"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_python_m_daemon_is_the_same_program() -> None:
    done = nettingd("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: nettingd ")
