"""From an answer to what the core hears."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.broker import (
    CancelAccepted,
    CancelRefused,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from adapters.http import Lost, NotSent
from adapters.kis.answers import Reply, read_reply
from adapters.kis.outcomes import Receipt, cancelled, not_placed, receipt_of, was_throttled


def says(body: dict[str, Any], status: int = 200) -> Reply:
    return read_reply(status, orjson.dumps(body), "")


def code(value: str, result: str = "1", status: int = 200) -> Reply:
    return says({"rt_cd": result, "msg_cd": value, "msg1": "x"}, status)


TAKEN = says(
    {
        "rt_cd": "0",
        "msg_cd": "APBK0013",
        "output": {"KRX_FWDG_ORD_ORGNO": "91264", "ODNO": "0000218840", "ORD_TMD": "101502"},
    }
)
WITHOUT_NUMBER = says({"rt_cd": "0", "msg_cd": "IGW00009", "output": {"ODNO": " "}})


def test_a_receipt_has_a_number() -> None:
    assert receipt_of(TAKEN) == Receipt("218840", "91264", "101502")
    assert receipt_of(WITHOUT_NUMBER) is None
    assert receipt_of(says({"rt_cd": "0"})) is None
    assert receipt_of(code("APBK0952")) is None
    assert receipt_of(Lost("x")) is None


def test_the_documents_lower_case_is_read_too() -> None:
    lower = says({"rt_cd": "0", "output": {"odno": "1", "krx_fwdg_ord_orgno": "2"}})
    assert receipt_of(lower) == Receipt("1", "2", "")


@pytest.mark.parametrize(
    "seen",
    [
        WITHOUT_NUMBER,
        Lost("time-out"),
        code("EGW00302", status=500),
        code("EGW00001", status=500),
        code("IGW00009"),
        read_reply(502, b"<html>", ""),
        read_reply(200, b"", ""),
        says({"msg": "no result"}),
    ],
)
def test_what_proves_nothing_is_unknown(seen: Reply | Lost) -> None:
    assert isinstance(not_placed(seen), OutcomeUnknown)
    assert isinstance(cancelled(seen), OutcomeUnknown)


def test_a_business_rejection_counts_whatever_the_status() -> None:
    for status in (200, 500):
        refused = not_placed(code("APBK0952", "7", status))
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.INSUFFICIENT_FUNDS


def test_too_many_requests_wait_and_may_be_sent_again() -> None:
    seen = code("EGW00201", status=500)
    refused = not_placed(seen)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.retry_after_s) == (RefusalCode.RATE_LIMITED, 1.1)
    assert was_throttled(seen)
    assert not was_throttled(TAKEN)
    assert not was_throttled(Lost("x"))


def test_a_ledger_that_is_overloaded_may_have_taken_the_order() -> None:
    seen = code("EGW00215", status=500)
    assert isinstance(not_placed(seen), OutcomeUnknown)
    assert not was_throttled(seen), "so it is not sent again after one look"


def test_what_never_left_is_refused() -> None:
    refused = not_placed(NotSent("no route"))
    assert isinstance(refused, Refused)
    assert refused.code.is_transient
    final = not_placed(NotSent("bad keys", person=True))
    assert isinstance(final, Refused)
    assert not final.code.is_transient


def test_a_cancels_receipt_is_no_end() -> None:
    assert cancelled(TAKEN) == CancelAccepted()
    assert cancelled(code("40330000")) == NotOpen()
    assert isinstance(cancelled(code("APBK0918")), CancelRefused)
    assert isinstance(cancelled(NotSent("no route", 2.0)), CancelRefused)
