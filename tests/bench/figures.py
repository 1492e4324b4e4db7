"""What is measured, what it shall be, and how it compares with the release before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import orjson

from daemon.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure. ``value`` None: it could not be measured, which meets no goal.

    ``goal`` is the most it may be, or the least with ``at_least``; None: told for comparison.
    ``beside`` is what it was measured against, in the same run.
    """

    name: str
    value: float | None
    unit: str = ""
    goal: float | None = None
    at_least: bool = False
    beside: str = ""

    @property
    def is_met(self) -> bool:
        if self.value is None:
            return False
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def verdict(self) -> str:
        """Say in a word whether the goal is met, and by how much."""
        if self.value is None:
            return "not measured"
        if self.goal is None:
            return ""
        if not self.is_met:
            return "MISSED"
        if not self.goal:
            return "met"
        spare = self.value / self.goal if self.at_least else self.goal / max(self.value, 1e-9)
        return f"met {min(spare, 99.0):.1f} times"

    def wanted(self) -> str:
        """Write the goal."""
        if self.goal is None:
            return ""
        return f"{'>=' if self.at_least else '<='} {shown(self.goal, self.unit)}"


def shown(value: float | None, unit: str) -> str:
    """Write a value with three digits that count."""
    if value is None:
        return "-"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def page(figures: Sequence[Figure], before: Mapping[str, float], release: str) -> str:
    """Lay all figures out; ``before`` has those of the release before, by name."""
    rows = []
    for each in figures:
        was = before.get(each.name)
        change = "" if was is None or not each.value else f"{each.value / was:.2f}" if was else ""
        rows.append(
            (
                each.name,
                shown(each.value, each.unit),
                each.wanted(),
                each.verdict(),
                change,
                each.beside,
            )
        )
    heads = ("figure", ">value", ">goal", "verdict", f">of {release}", "beside")
    return table(heads, rows)


def to_json(figures: Sequence[Figure]) -> bytes:
    """Write figures for programs."""
    return orjson.dumps([asdict(each) for each in figures], option=orjson.OPT_INDENT_2) + b"\n"


def from_json(content: bytes) -> list[Figure]:
    """Read what ``to_json`` wrote."""
    return [Figure(**each) for each in orjson.loads(content)]


def last_release(folder: Path) -> tuple[str, dict[str, float]]:
    """Return the name and the figures of the last release that was kept."""
    kept = sorted(folder.glob("*.json"), key=lambda file: [int(n) for n in file.stem.split(".")])
    if not kept:
        return "none", {}
    figures = from_json(kept[-1].read_bytes())
    return kept[-1].stem, {each.name: each.value for each in figures if each.value is not None}
