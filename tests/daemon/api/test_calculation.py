"""A calculation's process reads a body and writes what came out, with its length before it."""

from __future__ import annotations

from io import BytesIO

import orjson
import pytest

from daemon.api.calculation import Calculation, main

BODIES = {
    Calculation.LOC: b'{"orders": [{"id": "A", "side": "buy", "price": "9", "quantity": 1}]}',
    Calculation.NETTING: b'{"price": 1, "orders": []}',
}


def outcome_of(name: str, body: bytes) -> tuple[bytes, object]:
    target = BytesIO()
    main(name, BytesIO(body), target)
    head, _, told = target.getvalue().partition(b"\n")
    word, size = head.split()
    assert int(size) == len(told)
    return word, orjson.loads(told)


@pytest.mark.parametrize("calculation", Calculation)
def test_a_body_is_answered_or_its_problems_are_told(calculation: Calculation) -> None:
    word, told = outcome_of(calculation, BODIES[calculation])
    assert word == b"answer"
    assert isinstance(told, dict)
    word, told = outcome_of(calculation, b'{"orders": 7')
    assert word == b"problems"
    assert isinstance(told, list)
    [[path, message]] = told
    assert (path, message[:8]) == ("body", "not JSON")
