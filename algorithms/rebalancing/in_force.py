"""Which targets count: those that were seen on enough days in a row.

A day sees what stood when it began, and its own last word: what is taken back on the same day was
never said. Setting the same targets again changes nothing, other targets begin the count anew;
until they count, those before stay in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """Something that was set on a day; ``same`` tells equal settings."""

    day: date
    value: T
    same: object


def in_force(
    settings: Iterable[Setting[T]],
    today: date,
    days: int,
    days_since: Callable[[date, date], int],
) -> T | None:
    """Return the newest value that was seen on ``days`` (>= 1) days in a row; None if none was.

    ``settings`` come oldest first, none after ``today``. ``days_since`` counts the market's days
    after one day up to and with another, so a weekend does not count.
    """
    last_words: list[Setting[T]] = []
    for each in settings:
        if last_words and last_words[-1].day == each.day:
            last_words.pop()
        if not last_words or last_words[-1].same != each.same:
            last_words.append(each)
    until = today
    for each in reversed(last_words):
        if 1 + days_since(each.day, until) >= days:
            return each.value
        until = each.day
    return None
