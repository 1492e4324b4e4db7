from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
