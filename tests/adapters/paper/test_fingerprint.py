from __future__ import annotations

import json
from decimal import Decimal

from adapters.broker import Holdings
from adapters.paper.fingerprint import newest_before, write_fingerprint
from tests.support.paper_engine import BUY, NOON, TQQQ, request


def test_a_fingerprint_says_what_was_there_before() -> None:
    holdings = Holdings(positions={TQQQ: Decimal("2.50")}, cash={"USD": Decimal("1E+3")}, at=NOON)
    written = write_fingerprint(17, holdings, request("c", BUY))
    assert json.loads(written) == {
        "at": "2026-11-20T12:00:00.000000+00:00",
        "newest": 17,
        "position": "2.5",
        "cash": {"USD": "1000"},
    }
    assert newest_before(written) == 17


def test_without_a_fingerprint_nothing_was_known() -> None:
    assert newest_before(None) == 0


def test_of_an_order_that_was_sent_by_a_version_before_no_newest_one_is_known() -> None:
    assert newest_before('{"at":"2026-11-20T12:00:00.000000+00:00","numbers":[]}') == 0
