"""Every form and button of the pages' templates, and which of them a browser has used.

A control that no test uses, at desktop and at phone width, fails the run (``conftest.py``).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import daemon.web
from daemon.web.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

WEB = Path(daemon.web.__file__).parent
NARROW_PX = 600
"""Below it pages look as on a phone."""
WATCH = """
const used = (what) => window.controlUsed(what, location.pathname);
const follow = (form) => `form ${form.getAttribute("action")} follow`;
document.addEventListener("submit", ({ target }) => {
    if (target.classList.contains("question")) used("yes");
    else if (!("follow" in target.dataset))
        used(`form ${target.dataset.api || target.getAttribute("action")}`);
}, true);
document.addEventListener("input", ({ target }) => {
    const form = target.closest("form[data-follow]");
    if (form) used(follow(form));
}, true);
document.addEventListener("click", ({ target }) => {
    const asks = target.closest("a[data-ask]");
    if (asks) used(new URL(asks.href).pathname);
    for (const each of ["data-add", "data-drop", "data-close"]) {
        const button = target.closest(`button[${each}]`);
        if (button) used(`button ${each} ${button.getAttribute(each)}`.trim());
    }
}, true);
"""
"""Tells, in a page, what somebody uses there."""

_TEMPLATES = {"orders": "order", "webhooks": "webhook"}
"""Of the pages of one thing, whose address is that of their list with an id."""


class Controls:
    """Remembers what was used, and whether at phone width."""

    def __init__(self) -> None:
        self.used: set[tuple[str, bool]] = set()

    def use(self, what: str, path: str, question: str, width: int) -> None:
        """Hear that somebody used a control of the page at ``path``; its last question is known."""
        if what == "yes":
            what = f"yes to {question}"
        elif what.startswith("/ask/"):
            what = f"{template_of(path)} {what}"
        self.used.add((what, width < NARROW_PX))

    @staticmethod
    def missing(used: Container[tuple[str, bool]]) -> list[str]:
        """Say what nobody has used, of what was used in all."""
        sizes = {False: "desktop", True: "phone"}
        return [
            f"{control} ({sizes[is_narrow]})"
            for control in sorted(set(offered()))
            for is_narrow in sizes
            if (control, is_narrow) not in used
        ]


CONTROLS = Controls()
"""Of all tests of this process."""


def offered() -> Iterator[str]:
    """Return every control that templates offer."""
    yield from (f"yes to {question}" for question in QUESTIONS)
    for file in sorted((WEB / "templates").glob("*.html")):
        text = file.read_text("utf-8")
        for form in re.findall(r"<form\b(?! class=\"question\")(.*?)>\s", text):
            address = re.search(r'(?:data-api|action)="([^"]*)"', form)
            assert address, (file.name, form)
            yield f"form {address[1]}" + (" follow" if "data-follow" in form else "")
        for name, value in re.findall(
            r'<button type="button"[^>]*(data-(?:add|drop|close))(?:="(\w+)")?', text
        ):
            yield f"button {name} {value}".strip()
        for path in _questions(re.sub(r'action="[^"]*"', "", text)):
            yield f"{file.stem} {path}"
    yield from (f"today {path}" for path in _questions((WEB / "needs.py").read_text("utf-8")))


def _questions(text: str) -> Iterator[str]:
    yield from re.findall(r"/ask/\w+", text)
    if "assign_address(" in text:
        yield "/ask/assign"


def template_of(path: str) -> str:
    """Return the template that made the page at a path."""
    first, _, rest = urlsplit(path).path.strip("/").partition("/")
    if rest:
        first = _TEMPLATES.get(first, first)
    return first.replace("-", "_") or "today"
