"""A few hours of every kind; more by hand: ``python -m tests.binance_faults --seeds 1000``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.binance.hosts import MarketKind
from tests.binance_faults.hour import play
from tests.binance_faults.matrix import Cell, cells, play_cell
from tests.binance_faults.mutants import SOON_NOTICED

if TYPE_CHECKING:
    from tests.binance_faults.mutants import Mutant

HOSTILE_HOURS = 3
FRIENDLY_HOURS = 2
EVERY_SO_MANY = 61
"""Of the matrix; all of it by ``python -m tests.binance_faults --matrix``."""


@pytest.mark.parametrize("kind", MarketKind)
@pytest.mark.parametrize("seed", range(1, HOSTILE_HOURS + 1))
def test_nothing_is_lost_or_doubled_whatever_fails(seed: int, kind: MarketKind) -> None:
    outcome = play(seed, kind=kind)
    assert not outcome.wrong, "\n".join(["", *outcome.story, *outcome.wrong])


@pytest.mark.parametrize("kind", MarketKind)
@pytest.mark.parametrize("seed", range(1, FRIENDLY_HOURS + 1))
def test_two_bots_that_hammer_end_their_own_orders_only(seed: int, kind: MarketKind) -> None:
    outcome = play(seed, kind=kind, hostile=False)
    assert not outcome.wrong, "\n".join(["", *outcome.story, *outcome.wrong])
    assert outcome.orders


def test_a_seed_plays_the_same_hour_again() -> None:
    assert play(3).story == play(3).story


@pytest.mark.parametrize("cell", [*cells()][::EVERY_SO_MANY], ids=str)
def test_a_fault_once_at_one_request_leaves_nothing_open(cell: Cell) -> None:
    assert play_cell(cell) == []


@pytest.mark.parametrize("mutant", SOON_NOTICED, ids=lambda mutant: mutant.__name__)
def test_a_mistake_about_placing_is_noticed(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hours notice all of them: ``python -m tests.binance_faults --mutants``."""
    mutant(monkeypatch)
    placings = (cell for cell in cells() if (cell.asked, cell.times) == ("place", 1))
    assert any(play_cell(cell) for cell in placings)
