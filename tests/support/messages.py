"""Every text that the daemon says to people: what a language has to translate."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import nodes

from daemon.labels import LABELS
from daemon.notices import CATALOGUE
from daemon.telegram.commands import HELP
from daemon.web.menu import MENU
from daemon.web.templates import FOLDER, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

DAEMON = Path(__file__).resolve().parents[2] / "daemon"
SAYING = {"say": 1, "gettext": 1, "count": 2, "ngettext": 2}
"""Functions whose first arguments are texts, and how many of them: one, or one and many."""

Message = tuple[str, str | None]
"""A text, and what it is for many."""


def messages() -> set[Message]:
    """Return every text, those of notices and menus too."""
    in_tables = [text for _, text in CATALOGUE.values()]
    in_tables += [*HELP.values(), *LABELS.values(), *MENU.values()]
    found: set[Message] = {(text, None) for text in in_tables}
    for path in sorted(DAEMON.rglob("*.py")):
        found.update(_said_in(ast.parse(path.read_text(encoding="utf-8"))))
    for path in sorted(FOLDER.glob("*.html")):
        found.update(_said_in_template(path.read_text(encoding="utf-8")))
    return found


def _said_in_template(source: str) -> Iterator[Message]:
    for call in environment().parse(source).find_all(nodes.Call):
        name = getattr(call.node, "name", "")
        texts = [each.value for each in call.args if isinstance(each, nodes.Const)]
        if name in {"say", "count"} and texts:
            yield texts[0], texts[1] if name == "count" else None


def _name(node: object) -> str:
    """The last part of a dotted name."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _said_in(tree: ast.Module) -> Iterator[Message]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        if name in {"say", "count"} and _name(getattr(node.func, "value", None)) != "words":
            continue
        texts = [
            each.value
            for each in node.args[: SAYING.get(name, 0)]
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        if texts and len(texts) == SAYING[name]:
            yield texts[0], texts[1] if len(texts) > 1 else None
