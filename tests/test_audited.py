from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import orjson

from tests.audited import Found, main, verdict

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CLEAN: dict[str, object] = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
WEAKNESS = {"id": "CVE-2026-1", "fix_versions": ["2.1"], "description": "long", "aliases": []}
WEAK: dict[str, object] = {"name": "jinja2", "version": "2.0", "vulns": [WEAKNESS]}


def passed_over(name: str) -> dict[str, object]:
    return {"name": name, "skip_reason": f"Dependency not found: {name}"}


def said(*packages: dict[str, object]) -> tuple[list[str], bool]:
    return verdict(Found.model_validate({"dependencies": packages, "fixes": []}))


def test_what_was_asked_about_and_has_no_weakness_is_clean() -> None:
    assert said(CLEAN, CLEAN) == (["no weakness is known of 2 locked versions"], False)


def test_a_source_that_knows_of_no_package_makes_nothing_clean() -> None:
    lines, is_weak = said(*(passed_over(f"p{number}") for number in range(7)))
    assert lines == [
        "NOT AUDITED: nobody could be asked about 7 (p0, p1, p2, p3, p4, ...)",
    ]
    assert not is_weak


def test_what_was_passed_over_is_named_beside_the_rest() -> None:
    lines, _ = said(CLEAN, passed_over("multidict"))
    assert lines == [
        "no weakness is known of 1 locked versions",
        "NOT AUDITED: nobody could be asked about 1 (multidict)",
    ]


def test_a_known_weakness_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "found.json"
    file.write_bytes(orjson.dumps({"dependencies": [CLEAN, WEAK], "fixes": []}))
    monkeypatch.setattr(sys, "argv", ["audited", str(file)])
    assert main() == 1
    assert capsys.readouterr().out == "jinja2 2.0: CVE-2026-1, mended in 2.1\n"
