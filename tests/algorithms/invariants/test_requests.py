# ruff: noqa: ANN401 - any field of an order can be spoiled

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.algorithms.invariants.day import ANSWERED, DAY, NOW, OPEN, found_in


def numbers(**changes: Any) -> set[int]:
    base = OPEN if "received_at" in changes or "live_orders" in changes else ANSWERED
    return found_in(replace(DAY, requests=(replace(base, **changes),))).numbers


@pytest.mark.parametrize(
    "changes",
    [{"has_answer": False}, {"finished_at": None}, {"is_final": False, "status": "working"}],
    ids=str,
)
def test_a_finished_request_has_an_answer_and_an_open_one_has_none(changes: dict[str, Any]) -> None:
    assert numbers(**changes) == {6}


def test_an_open_request_is_young_or_an_order_of_it_lives() -> None:
    assert numbers(live_orders=0) == {6}
    assert numbers(live_orders=1) == set()
    assert numbers(received_at=NOW - timedelta(minutes=15)) == set()
    assert numbers(received_at=NOW - timedelta(minutes=15, seconds=1)) == {6}
