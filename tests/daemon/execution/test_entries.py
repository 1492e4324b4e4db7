from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import get_args

import pytest

from algorithms.bookkeeping import EventKind
from algorithms.domain import BookName
from daemon.execution.entries import Entered, Interest


def test_there_is_an_entry_for_every_kind_that_a_person_enters() -> None:
    made_by_itself = {
        EventKind.CAPITAL,
        EventKind.OPENING,
        EventKind.DIFFERENCE,
        EventKind.FUNDING,
    }
    kinds = {kind.__name__.lower() for kind in get_args(Entered)}
    assert kinds == {kind.value for kind in EventKind} - made_by_itself


def test_an_entry_cannot_be_changed() -> None:
    entry = Interest(book=BookName("a"), amount=Decimal(1))
    with pytest.raises(FrozenInstanceError):
        entry.amount = Decimal(2)  # type: ignore[misc]
