from __future__ import annotations

from dataclasses import replace

from algorithms.invariants import broken
from algorithms.invariants.findings import MOST_LISTED, NAMES, Check
from tests.algorithms.invariants.day import DAY, HELD, with_held


def test_nothing_found_is_nothing_broken() -> None:
    finding = Check(2).finding()
    assert finding.holds
    assert (finding.number, finding.name, finding.checked) == (2, NAMES[2], 0)


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
