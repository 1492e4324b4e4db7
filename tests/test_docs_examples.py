"""What readers copy from the documents is taken as it stands: commands, settings, messages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from daemon.api.decode import decode_json
from daemon.api.problems import BadInput
from daemon.api.webhook_model import read_signal
from daemon.cli.main import make_parser
from tests.daemon.config.loading import complaints

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FENCED = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(
    path
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    if "ko" not in path.relative_to(ROOT).parts  # its examples are those of the English pages
)
INLINE = re.compile(r"`(nettingd [^`\n]+)`")
FILLED_IN = {
    "timenow": "2026-11-20T14:30:00Z",
    "ticker": "TQQQ",
    "close": "90",
    "strategy.order.id": "long",
    "strategy.order.action": "buy",
    "strategy.order.contracts": "3",
}
"""What TradingView makes of its placeholders."""
ELSEWHERE = ("refers to", "there is no such", "is required", "environment variable", "the file ")
"""Complaints about what a piece of a configuration leaves to the rest, or to the host."""


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Yield the page and the text of every example in a language."""
    for path in PAGES:
        for _, found, text in FENCED.findall(path.read_text("utf-8")):
            if found == language:
                yield path.relative_to(ROOT).as_posix(), text


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every simple command of a shell example."""
    lines = re.sub(r"\\\n", " ", text)
    if "$(" not in lines:
        lines = "\n".join(re.split(r"&&|\|", lines))
    for line in lines.splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue  # a part of what goes over several lines
        if words:
            yield words[: words.index(">")] if ">" in words else words


def test_every_command_of_an_example_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    parser, tried = make_parser(), 0
    for page, text in blocks("sh"):
        for words in commands(text):
            if not words[0].endswith("nettingd"):
                continue
            tried += 1
            try:
                parser.parse_args(words[1:])
            except SystemExit:
                pytest.fail(f"{page}: {shlex.join(words)}: {capsys.readouterr().err}")
    assert tried > 30


def test_every_command_in_a_sentence_is_there_with_its_options() -> None:
    (choices,) = [
        action.choices
        for action in make_parser()._actions  # noqa: SLF001 - the library tells them no other way
        if isinstance(action.choices, dict)
    ]
    unknown = []
    for path in PAGES:
        for said in INLINE.findall(path.read_text("utf-8")):
            words = [word for word in said.split()[1:] if not word.startswith("--config")]
            name = words[0].rstrip(".,")
            if name.isupper() or name in {"ready", "--version"}:
                continue
            known: set[str] = set()
            if name in choices:
                known = set(choices[name]._option_string_actions)  # noqa: SLF001
            options = {word.partition("=")[0] for word in words[1:] if word.startswith("--")}
            if name not in choices or options - known:
                unknown.append((path.relative_to(ROOT).as_posix(), said))
    assert unknown == []


def test_every_target_and_module_of_an_example_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for page, text in blocks("sh"):
        for words in commands(text):
            if words[0] == "make":
                named = [word for word in words[1:] if "=" not in word and word.islower()]
                assert all(f"\n{target}:" in makefile for target in named), (page, words)
            if words[:2] in (["python", "-m"], ["python3", "-m"]) and words[2] != "venv":
                module = ROOT / words[2].replace(".", "/")
                assert module.with_suffix(".py").exists() or (module / "__main__.py").exists(), page


def test_every_setting_of_an_example_is_one(tmp_path: Path) -> None:
    tried = 0
    for page, text in blocks("toml"):
        if text.startswith("[project"):
            continue  # of a Python package
        whole = f"[books.a]\n{text}" if text.startswith("rule = ") else text
        wrong = {
            key: said
            for key, said in complaints(tmp_path, whole).items()
            if not said.startswith(ELSEWHERE)
        }
        assert wrong == {}, (page, text)
        tried += 1
    assert tried > 15


def filled_in(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Fill in a message as TradingView does."""
    for name, text in FILLED_IN.items():
        value = value.replace(f"{{{{{name}}}}}", text)
    return value


def test_every_message_of_an_example_is_taken() -> None:
    read = 0
    for page, text in [*blocks("json"), *blocks("text")]:
        if '"token"' not in text or page.startswith("docs/reference"):
            continue
        try:
            signal = read_signal(decode_json(filled_in(text).encode()))
        except BadInput as error:
            pytest.fail(f"{page}: {text}: {error}")
        assert signal.commands
        assert signal.warnings == (), page
        read += 1
    assert read >= 5


def test_every_path_of_the_api_that_a_page_names_is_in_the_reference() -> None:
    reference = (ROOT / "docs/reference/http.md").read_text("utf-8")
    missing = []
    for path in PAGES:
        if path.name.startswith("test-against-"):
            continue  # paths of brokers
        for method, url in re.findall(r"`(GET|POST) (/[^\s`?]*)", path.read_text("utf-8")):
            pattern = re.sub(r"\\\{\w+\\\}|(?<=/)[A-Z]+\b", r"[^/\\s]+", re.escape(url))
            if not re.search(rf"{pattern}(?![\w-])", reference):
                missing.append((path.name, method, url))
    assert missing == []
