from __future__ import annotations

from typing import Any

import orjson
import pytest

from daemon.execution import answers
from daemon.execution.answers import Answer, Item, Outcome, RequestStatus

TAKEN = Outcome.ACCEPTED
REFUSED = "insufficient_cash: needs 1 USD, 0 free in a"
SILENT = "unavailable: no answer within 10.0 s"


def item(outcome: Outcome = TAKEN, error: str | None = None, *, account: str = "main") -> Item:
    return Item(
        account=account,
        order_id="P1",
        exchange_order_id="7",
        symbol="TQQQ",
        outcome=outcome,
        error=error,
    )


def failed(error: str = REFUSED, *, account: str = "main") -> Item:
    return item(Outcome.FAILED, error, account=account)


def body(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(answer.body)
    return found


@pytest.mark.parametrize(
    ("items", "status", "http_status"),
    [
        ([], RequestStatus.DONE, 200),
        ([item()], RequestStatus.DONE, 200),
        ([item(), item(Outcome.CANCELLED), item(Outcome.ENDED_BEFORE)], RequestStatus.DONE, 200),
        ([item(), failed()], RequestStatus.PARTIAL, 207),
        ([item(), failed(SILENT)], RequestStatus.PARTIAL, 207),
        ([failed()], RequestStatus.FAILED, 422),
        ([failed(), failed(SILENT)], RequestStatus.FAILED, 422),
        ([failed(SILENT), failed(SILENT)], RequestStatus.FAILED, 502),
        ([failed("rate_limited: 429")], RequestStatus.FAILED, 502),
        ([failed("not_placed: the broker never received it")], RequestStatus.FAILED, 502),
        ([failed("cancel_unconfirmed: later")], RequestStatus.FAILED, 502),
        ([failed("unavailable_symbol: a refusal, not a silence")], RequestStatus.FAILED, 422),
        ([failed("too_old: 61 s old")], RequestStatus.DROPPED, 422),
        ([failed("too_old: 61 s old"), failed()], RequestStatus.FAILED, 422),
        ([failed("too_old: 61 s old"), item()], RequestStatus.PARTIAL, 207),
    ],
)
def test_the_whole_is_judged_by_its_parts(
    items: list[Item], status: RequestStatus, http_status: int
) -> None:
    answer = answers.build("R1", items, ())
    assert (answer.status, answer.http_status) == (status, http_status)
    assert body(answer)["success"] is (http_status == 200)
    assert body(answer)["status"] == status


def test_orders_are_counted_and_listed_account_by_account() -> None:
    told = body(
        answers.build(
            "R1",
            [
                item(Outcome.CANCELLED, account="kim"),
                failed(account="lee"),
                item(Outcome.CANCELLED, account="lee"),
            ],
            ["qyt: unknown key, ignored"],
        )
    )
    assert (told["cancelled_orders"], told["failed_orders"]) == (2, 1)
    assert [
        (r["account_id"], r["success"], r["cancelled"], r["failed"]) for r in told["results"]
    ] == [
        ("kim", True, 1, 0),
        ("lee", False, 1, 1),
    ]
    assert told["results"][1]["orders"][0] == {
        "id": "P1",
        "exchange_order_id": "7",
        "symbol": "TQQQ",
        "success": False,
        "outcome": "failed",
        "error": REFUSED,
    }
    assert told["message"] == "2 orders cancelled, 1 order failed"
    assert told["warnings"] == ["qyt: unknown key, ignored"]


def test_nothing_to_do_is_success_and_says_so() -> None:
    told = body(answers.build("R1", [], ()))
    assert told["message"] == "no open orders to cancel"
    assert told["results"] == []
    assert told["success"] is True


def test_the_short_way_to_an_answer_says_what_the_long_way_says() -> None:
    orders = [("kim", "P1", "TQQQ"), ("lee", "P2", "SOXL"), ("kim", "P3", "SOXL")]
    items = [
        Item(
            account=account,
            order_id=order_id,
            exchange_order_id=None,
            symbol=symbol,
            outcome=TAKEN,
        )
        for account, order_id, symbol in orders
    ]
    for count in (1, 3):
        for warnings in ([], ["one"]):
            short = answers.accepted("R1", orders[:count], warnings)
            assert short == answers.build("R1", items[:count], warnings)


def test_what_is_not_final_is_never_called_success() -> None:
    for status in (RequestStatus.STORED, RequestStatus.WORKING):
        told = orjson.loads(answers.interim("R1", status, "wait"))
        assert told.keys() == body(answers.build("R1", [], ())).keys()
        assert (told["success"], told["status"]) == (False, status)


def test_our_own_mistake_is_an_answer_too() -> None:
    answer = answers.broken("R1")
    assert (answer.status, answer.http_status) == (RequestStatus.FAILED, 500)
    assert body(answer)["success"] is False
