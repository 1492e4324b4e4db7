from __future__ import annotations

from dataclasses import replace

from algorithms.invariants import broken, examine
from algorithms.invariants.findings import NAMES
from tests.algorithms.invariants.day import DAY


def test_a_day_whose_books_are_right_breaks_nothing() -> None:
    assert broken(DAY) == ()


def test_all_eight_are_listed_and_were_checked() -> None:
    findings = examine(DAY)
    assert [finding.number for finding in findings] == list(NAMES)
    assert [finding.number for finding in findings if finding.checked] == list(NAMES)


def test_an_empty_database_breaks_nothing() -> None:
    empty = replace(
        DAY, events=(), fills=(), families=(), crossings=(), requests=(), held=(), brokers=()
    )
    assert broken(empty) == ()
