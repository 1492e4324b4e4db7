from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import pytest

from tests.bench.__main__ import measured
from tests.bench.figures import Figure, from_json, last_release, page, to_json

if TYPE_CHECKING:
    from pathlib import Path

FAST = Figure(name="webhooks", value=0.6, goal=0.5, at_least=True, beside="bare: 20,000/s")
SLOW = Figure(name="a tick", value=2.0, unit="s", goal=1)
TOLD = Figure(name="memory", value=1234.5, unit="MB")


@pytest.mark.parametrize(
    ("figure", "is_met", "verdict"),
    [
        (FAST, True, "met 1.2 times"),
        (SLOW, False, "MISSED"),
        (TOLD, True, ""),
        (Figure(name="hung", value=None, goal=1), False, "not measured"),
        (Figure(name="never", value=0, goal=0), True, "met"),
        (Figure(name="nobody measured", value=None), False, "not measured"),
        (Figure(name="odd", value=math.nan, goal=1), False, "MISSED"),
        (Figure(name="nothing", value=0.0, goal=1), True, "met 99.0 times"),
    ],
)
def test_a_goal_is_met_or_missed(figure: Figure, *, is_met: bool, verdict: str) -> None:
    assert figure.is_met is is_met
    assert figure.verdict() == verdict


def test_the_page_shows_goals_and_the_release_before(tmp_path: Path) -> None:
    for version, figure in (("0.9.0", SLOW), ("0.10.0", FAST)):
        (tmp_path / f"{version}.json").write_bytes(to_json([figure, TOLD]))
    release, before = last_release(tmp_path)
    assert release == "0.10.0"
    assert before == {"webhooks": 0.6, "memory": 1234.5}
    text = page([FAST, SLOW, TOLD], {"webhooks": 0.3}, release)
    webhooks, tick, memory = text.splitlines()[-3:]
    assert webhooks.split() == [
        "webhooks",
        "0.6",
        ">=",
        "0.5",
        "met",
        "1.2",
        "times",
        "2.00",
        "bare:",
        "20,000/s",
    ]
    assert "MISSED" in tick
    assert "1,234 MB" in memory


def test_figures_are_kept_as_they_are() -> None:
    assert from_json(to_json([FAST, SLOW, TOLD])) == [FAST, SLOW, TOLD]


def test_without_a_release_nothing_is_compared(tmp_path: Path) -> None:
    assert last_release(tmp_path) == ("none", {})


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise SystemExit(3)", "it ended with 3"),
        ("print('[]')", "no figures"),
        ("print('a traceback')", "it wrote no figures"),
        ("""print('[{"name": "a"}]')""", "it wrote no figures"),
    ],
)
def test_a_section_that_did_not_run_meets_nothing(code: str, why: str) -> None:
    (figure,) = measured("netting", (sys.executable, "-S", "-c", code), within_s=30)
    assert not figure.is_met
    assert (figure.name, figure.verdict(), figure.beside) == ("netting", "not measured", why)


def test_a_section_that_takes_too_long_is_ended_with_all_it_started() -> None:
    code = "import os, time; os.fork(); time.sleep(60)"
    (figure,) = measured("netting", (sys.executable, "-S", "-c", code), within_s=0.3)
    assert (figure.is_met, figure.beside) == (False, "not within 0 s")
