"""The Korean pages, held against the English ones.

A translation cannot be checked, but what it leaves out can: its examples, headings, tables and
points are those of its page. And each says at its end which text it is a translation of: once the
English page has changed, this fails until somebody has looked at the Korean one.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCED = re.compile(r"^( *)```[^\n]*\n.*?^\1```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^<!-- of ([0-9a-f]{12}) -->$", re.MULTILINE)
"""The last line of a Korean page: the English text that it says."""
IN_ENGLISH = {
    "how-to/test-against-binance.md": "for those who work on its adapter",
    "how-to/test-against-kis.md": "for those who work on its adapter",
}
"""Pages without a Korean one, and why."""


def shape(text: str) -> dict[str, object]:
    """What a translation has in common with its page: examples, headings, rows, points."""
    prose = FENCED.sub("", text)
    return {
        "examples": [match.group(0) for match in FENCED.finditer(text)],
        "headings": re.findall(r"^#+ ", prose, re.MULTILINE),
        "rows": len(re.findall(r"^\|", prose, re.MULTILINE)),
        "points": re.findall(r"^ *(?:-|\d+\.) ", prose, re.MULTILINE),
    }


def test_every_page_for_users_is_there_in_korean_and_says_as_much() -> None:
    docs = ROOT / "docs"
    pages = {path.relative_to(docs) for path in docs.glob("how-to/*.md")} | {Path("quickstart.md")}
    translated = {path.relative_to(docs / "ko") for path in docs.glob("ko/**/*.md")}
    wanted = {page for page in pages if page.as_posix() not in IN_ENGLISH}
    assert wanted - translated == set(), "write these in docs/ko"
    assert translated - wanted == {Path("README.md")}, "pages of nothing in docs/ko"
    assert {Path(each) for each in IN_ENGLISH} <= pages
    other = {
        page.as_posix(): part
        for page in wanted
        for part, value in shape((docs / page).read_text("utf-8")).items()
        if shape((docs / "ko" / page).read_text("utf-8"))[part] != value
    }
    assert other == {}, "the Korean page has other examples, headings, rows or points"


def mark_of(text: str) -> str:
    """Return what a translation of this text ends with; blanks and line ends do not count."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


def test_every_korean_page_says_what_the_english_one_says_now() -> None:
    docs = ROOT / "docs"
    stale = {}
    for path in sorted((docs / "ko").rglob("*.md")):
        page = path.relative_to(docs / "ko")
        english = mark_of((docs / page).read_text("utf-8"))
        found = MARK.findall(path.read_text("utf-8"))
        if page != Path("README.md") and found != [english]:
            stale[f"docs/ko/{page}"] = f"<!-- of {english} -->"
    assert stale == {}, "the English pages changed: see to these, and end them with this line"


def test_a_changed_word_makes_a_translation_stale() -> None:
    assert mark_of("Wait a minute.\n\nGo on.") == mark_of("Wait a minute. Go\non.")
    assert mark_of("Wait a minute.") != mark_of("Wait an hour.")


def test_the_korean_index_leads_to_every_korean_page() -> None:
    korean = ROOT / "docs/ko"
    index = (korean / "README.md").read_text("utf-8")
    pages = {path.relative_to(korean).as_posix() for path in korean.rglob("*.md")}
    leads = set(re.findall(r"\]\(([a-z/-]+\.md)\)", index))
    assert leads == pages - {"README.md"}
