from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from adapters.broker import Holdings
from adapters.paper.fingerprint import known_before, write_fingerprint
from tests.support.paper_engine import BUY, NOON, TQQQ, make_engine, place, request


def test_a_fingerprint_says_what_was_there_before() -> None:
    engine = make_engine(daily_numbers=True)
    orders = [place(engine, request(name, BUY)) for name in ("a", "b")]
    holdings = Holdings(positions={TQQQ: Decimal("2.50")}, cash={"USD": Decimal("1E+3")}, at=NOON)
    written = write_fingerprint(orders, holdings, request("c", BUY))
    assert json.loads(written) == {
        "at": "2026-11-20T12:00:00.000000+00:00",
        "numbers": [["1", "2026-11-20"], ["2", "2026-11-20"]],
        "position": "2.5",
        "cash": {"USD": "1000"},
    }
    assert known_before(written) == {("1", date(2026, 11, 20)), ("2", date(2026, 11, 20))}


def test_without_a_fingerprint_nothing_was_known() -> None:
    assert known_before(None) == frozenset()
