"""Targets are edited as rows, and listed with who set them."""

from __future__ import annotations

from datetime import UTC, datetime

from daemon.rebalancing.planner import StoredTargets
from daemon.web.targets import FIRST, Row, Sum, editor, history
from tests.algorithms.rebalancing.houses import targets

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
WANTED = targets({"stocks": "60", "cash": "40.5"}, {"stocks": {"A": "70", "B": "30"}})


def test_every_weight_is_a_row_and_every_level_has_its_sum() -> None:
    found = editor(StoredTargets("1", WANTED, "kim", AT))
    assert found.classes == [Row("stocks", "60"), Row("cash", "40.5")]
    assert found.tickers == [Row("A", "70", "stocks"), Row("B", "30", "stocks")]
    assert found.sum == Sum("", "100.5", is_whole=False)
    assert found.sums == [Sum("stocks", "100", is_whole=True)]


def test_without_targets_there_are_rows_to_begin_with() -> None:
    assert editor(None) is FIRST


def test_history_says_who_wanted_what_and_what_counts() -> None:
    stored = [StoredTargets("2", WANTED, "model 7", AT), StoredTargets("1", WANTED, "kim", AT)]
    newest, oldest = history(stored, "1")
    assert newest.text == "stocks 60 (A 70, B 30), cash 40.5"
    assert (newest.by, newest.is_in_force) == ("model 7", False)
    assert (oldest.by, oldest.is_in_force) == ("kim", True)
