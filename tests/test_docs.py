"""What documents say of the code, held against the code."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from algorithms.transitions import CHILD, PARENT
from daemon.config.service import Locale
from daemon.execution import answers
from daemon.execution.answers import Item, Outcome
from daemon.i18n import catalogue, translations
from daemon.notices import CATALOGUE
from daemon.rules.catalogue import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
S = TypeVar("S", bound=StrEnum)
NAMED = re.compile(r"\{[a-z_]+\}")
NAMES = re.compile(r"`([a-z_]+)`")


def section(document: str, title: str) -> str:
    text = (ROOT / document).read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def transitions(title: str) -> dict[str, set[str]]:
    rows = re.findall(
        r"^\| `([a-z_]+)` \| .* \|(.*)\|$",
        section("docs/explanation/order-path.md", title),
        re.MULTILINE,
    )
    return {state: set(NAMES.findall(following)) for state, following in rows}


def in_words(table: Mapping[S, frozenset[S]]) -> dict[str, set[str]]:
    return {str(state): set(map(str, following)) for state, following in table.items()}


def test_the_tables_of_states_are_those_of_the_code() -> None:
    assert transitions("Parent orders") == in_words(PARENT)
    assert transitions("Child orders") == in_words(CHILD)


def test_the_answer_in_the_readme_has_the_form_of_a_real_one() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", section("README.md", "Running it"), re.DOTALL)
    order = json.loads(shown)["results"][0]["orders"][0]
    item = Item(
        account="paper",
        order_id=order["id"],
        exchange_order_id="1",
        symbol="TQQQ",
        outcome=Outcome.ACCEPTED,
    )
    assert json.loads(answers.build(json.loads(shown)["id"], [item], ()).body) == json.loads(shown)


def test_the_map_in_the_readme_names_folders_that_are_there() -> None:
    (shown,) = re.findall(
        r"```\n(algorithms/.*?)```", section("README.md", "Where things are"), re.DOTALL
    )
    above = Path()
    for line in shown.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            above = ROOT / name
        assert (above if not line.startswith(" ") else above / name).exists(), name


def test_every_shipped_rule_and_each_of_its_keys_is_on_the_page_of_rules() -> None:
    for name, rule in shipped().items():
        described = section("docs/reference/rules.md", name)
        listed = set(re.findall(r"^\| `([a-z_]+)` \|", described, re.MULTILINE))
        assert listed == set(rule.options_model.model_fields), name


def test_every_notice_is_explained_with_its_level() -> None:
    page = (ROOT / "docs/reference/notices.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \| (\w+) \| \S", page, re.MULTILINE)
    assert dict(explained) == {code: str(level) for code, (level, _) in CATALOGUE.items()}
    assert len(explained) == len(CATALOGUE)


@pytest.mark.parametrize("locale", [each for each in Locale if each is not Locale.ENGLISH])
def test_every_notice_is_said_in_every_language(locale: Locale) -> None:
    known = translations(locale)
    missing = [text for _, text in CATALOGUE.values() if known.gettext(text) == text]
    assert [text for text in missing if re.search("[a-z]", NAMED.sub("", text))] == [], (
        f"add them, as msgid and msgstr, to {catalogue(locale).relative_to(ROOT)}"
    )


def test_every_test_that_the_threat_model_names_is_there() -> None:
    page = (ROOT / "docs/explanation/security.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_/]+\.py)(?:::(\w+))?`", page)
    assert len(named) > 20
    for path, test in named:
        text = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, f"{path} has no {test}"


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    leads = set(re.findall(r"\]\(([a-z/-]+\.md)\)", index))
    missing = {page for page in pages if not page.startswith("ko/")} - leads - {"README.md"}
    assert missing == set()


def test_every_command_of_the_promises_leads_somewhere() -> None:
    page = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    modules = re.findall(r"`python -m ([\w.]+)", page)
    targets = re.findall(r'`make (\w+)(?: ARGS="([^"]+)")?`', page)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert modules
    for module in modules:
        file = ROOT / module.replace(".", "/")
        assert (file / "__main__.py").exists() or file.with_suffix(".py").exists(), module
    for target, arguments in targets:
        assert f"\n{target}:" in makefile, target
        assert all((ROOT / path).exists() for path in arguments.split()), arguments
