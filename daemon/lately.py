"""A bounded memory of what was looked at lately.

Two generations: what is looked at moves to the young one; when that is full it becomes the old one,
and what the old one held is forgotten. So putting and finding cost the same however much is
remembered. (A ``dict`` from which the first key is deleted again and again does not: finding its
first key walks over the places of all deleted ones.)
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Lately(Generic[K, V]):
    """Remembers the last ``at_least`` keys looked at, and at most twice as many."""

    __slots__ = ("_at_least", "_old", "_young")

    def __init__(self, at_least: int) -> None:
        self._at_least = at_least
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._young.keys() | self._old.keys())

    def __repr__(self) -> str:
        return f"Lately({self._old | self._young})"

    def get(self, key: K) -> V | None:
        """Return what is remembered, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Remember a value, in place of an earlier one of that key."""
        if len(self._young) >= self._at_least:
            self._old, self._young = self._young, {}
        self._young[key] = value
