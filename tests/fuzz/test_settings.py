"""Spoiled configurations are refused with their faults, and never crash the reader."""

from __future__ import annotations

from random import randrange
from typing import TYPE_CHECKING

from tests.fuzz.settings import CONFIG, ENVIRON, fuzz, judge

if TYPE_CHECKING:
    from pathlib import Path


def test_the_unspoiled_one_is_taken(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("p" * 40)
    assert judge(tmp_path / "config.toml", CONFIG.encode(), ENVIRON) == ("taken", [])


def test_whatever_a_file_says_it_is_taken_or_refused_with_reasons(tmp_path: Path) -> None:
    seed = randrange(1 << 30)
    taken, wrong = fuzz(tmp_path, 200, seed)
    assert wrong == [], f"--seed {seed}"
    assert taken["refused"] > taken["taken"] > 0
