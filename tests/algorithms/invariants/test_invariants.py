from __future__ import annotations

from dataclasses import replace

from algorithms.invariants import broken, examine
from algorithms.invariants.findings import MOST_LISTED, NAMES
from tests.algorithms.invariants.day import DAY, HELD, with_held


def test_a_day_whose_books_are_right_breaks_nothing() -> None:
    assert broken(DAY) == ()


def test_all_eight_are_listed_and_those_that_can_be_were_checked() -> None:
    findings = examine(DAY)
    assert [finding.number for finding in findings] == list(NAMES)
    assert [finding.number for finding in findings if finding.checked] == [1, 2, 3, 4, 5, 6]
    assert all(finding.skipped for finding in findings if not finding.checked)


def test_an_empty_database_breaks_nothing() -> None:
    empty = replace(
        DAY, events=(), fills=(), families=(), crossings=(), requests=(), held=(), brokers=()
    )
    assert broken(empty) == ()


def test_a_violation_says_which_what_and_where() -> None:
    (violation,) = broken(with_held(HELD[0].book, "TQQQ", cost="121"))
    assert violation.number == 1
    assert violation.name == NAMES[1]
    assert violation.where == "main a TQQQ"
    assert violation.what == "cost is 121, its ledger says 120"


def test_thousands_of_violations_are_counted_and_the_first_are_listed() -> None:
    many = tuple(replace(HELD[0], asset=f"S{n}") for n in range(1000))
    violations = [one for one in broken(replace(DAY, held=HELD + many)) if one.number == 1]
    assert len(violations) == MOST_LISTED + 1
    assert violations[-1].what.endswith("more like these")
