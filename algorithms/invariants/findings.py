"""What came of checking an invariant."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = {
    1: "postings sum to zero, positions equal the sum of fills",
    2: "books and suspense equal the broker",
    3: "no order is sent twice, none filled beyond what was asked",
    4: "no strategy cancels another's order",
    5: "a netting pair is whole, at one price and quantity",
    6: "every acknowledged request has an outcome",
    7: "the ladder's net equals the orders' net",
    8: "a rebalance that sold has bought or raised an alarm",
}
MOST_LISTED = 50
"""Of one invariant; more would bury the cause. The rest is counted."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where an invariant does not hold."""

    number: int
    name: str
    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Finding:
    """How one invariant fared. ``checked`` counts what was looked at.

    ``skipped`` says what could not be looked at, and why; empty when everything could.
    """

    number: int
    name: str
    checked: int
    skipped: str
    violations: tuple[Violation, ...]

    @property
    def holds(self) -> bool:
        return not self.violations


class Check:
    """Gathers what is found about one invariant."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.checked = 0
        self.skipped = ""
        self._violations: list[Violation] = []
        self._unlisted = 0

    def broken(self, where: str, what: str) -> None:
        """Note a place where it does not hold."""
        if len(self._violations) < MOST_LISTED:
            self._violations.append(Violation(self.number, NAMES[self.number], what, where))
        else:
            self._unlisted += 1

    def finding(self) -> Finding:
        violations = tuple(self._violations)
        if self._unlisted:
            more = f"and {self._unlisted} more like these"
            violations += (Violation(self.number, NAMES[self.number], more, "elsewhere"),)
        return Finding(self.number, NAMES[self.number], self.checked, self.skipped, violations)
