"""The answer to a request: what became of each order, counted, with the HTTP status it deserves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.execution.receipts import Receipt

ALL_GOOD = 200
PARTLY = 207
ALL_REFUSED = 422
NO_BROKER_ANSWERED = 502
STILL_WORKING = 202

NO_ANSWER_CODES = ("unavailable:", "rate_limited:", "not_placed:", "cancel_unconfirmed:")
"""Errors that say the broker gave no verdict; everything else is a refusal."""
TOO_OLD = "too_old:"
OUR_MISTAKE = 500


class RequestStatus(StrEnum):
    """Life of a request; the last four are final."""

    STORED = "stored"
    WORKING = "working"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    DROPPED = "dropped"


class Outcome(StrEnum):
    """What became of one order of a request."""

    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    FILLED_MEANWHILE = "filled_meanwhile"
    """It was to be cancelled and filled first."""
    ENDED_BEFORE = "ended_before"
    UNCONFIRMED = "unconfirmed"
    """Its cancel has not been confirmed in time; it goes on."""
    FAILED = "failed"


NOT_WELL = frozenset({Outcome.UNCONFIRMED, Outcome.FAILED})
"""Outcomes that no answer counts as success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One order in an answer. ``error`` is ``code: explanation``, None when all is well."""

    account: str
    order_id: str | None
    exchange_order_id: str | None
    symbol: str
    outcome: Outcome
    error: str | None = None


class Answer(NamedTuple):
    """A final answer, as it is stored and sent again to whoever repeats the request."""

    status: RequestStatus
    http_status: int
    body: bytes


def build(
    request_id: str,
    items: Sequence[Item],
    warnings: Sequence[str],
    receipts: Mapping[str, Receipt] | None = None,
) -> Answer:
    """Count the orders and judge the whole: none succeeded is never called success.

    ``receipts``: what came of the cancels, by account.
    """
    failed = [item for item in items if item.outcome in NOT_WELL]
    if not failed:
        status, http_status = RequestStatus.DONE, ALL_GOOD
    elif len(failed) < len(items):
        status, http_status = RequestStatus.PARTIAL, PARTLY
    elif all(_has_code(item, TOO_OLD) for item in failed):
        status, http_status = RequestStatus.DROPPED, ALL_REFUSED
    elif all(_has_code(item, *NO_ANSWER_CODES) for item in failed):
        status, http_status = RequestStatus.FAILED, NO_BROKER_ANSWERED
    else:
        status, http_status = RequestStatus.FAILED, ALL_REFUSED
    body = {
        "id": request_id,
        "status": status.value,
        "success": not failed,
        "cancelled_orders": _count(items, Outcome.CANCELLED),
        "failed_orders": len(failed),
        "message": message(items),
        "results": [
            _account_result(account, own, (receipts or {}).get(account))
            for account, own in _by_account(items).items()
        ],
        "warnings": list(warnings),
    }
    return Answer(status, http_status, orjson.dumps(body))


def accepted(
    request_id: str, orders: Sequence[tuple[str, str, str]], warnings: Sequence[str]
) -> Answer:
    """Answer that every order was taken: ``orders`` are account, id and symbol of each.

    The same as ``build`` makes of them, at a fraction of the cost: signals that only have to be
    stored are the most frequent ones.
    """
    if len(orders) == 1 and not warnings:
        # Names of accounts, symbols and our ids consist of what needs no escaping in JSON.
        account, order_id, symbol = orders[0]
        text = (
            f'{{"id":"{request_id}","status":"done","success":true,"cancelled_orders":0,'
            '"failed_orders":0,"message":"1 order accepted","results":['
            f'{{"account_id":"{account}","success":true,"cancelled":0,"failed":0,"orders":['
            f'{{"id":"{order_id}","exchange_order_id":null,"symbol":"{symbol}","success":true,'
            '"outcome":"accepted","error":null}]}],"warnings":[]}'
        )
        return Answer(RequestStatus.DONE, ALL_GOOD, text.encode())
    accounts: dict[str, list[dict[str, object]]] = {}
    for account, order_id, symbol in orders:
        accounts.setdefault(account, []).append(
            {
                "id": order_id,
                "exchange_order_id": None,
                "symbol": symbol,
                "success": True,
                "outcome": "accepted",
                "error": None,
            }
        )
    count = len(orders)
    body = {
        "id": request_id,
        "status": "done",
        "success": True,
        "cancelled_orders": 0,
        "failed_orders": 0,
        "message": "1 order accepted" if count == 1 else f"{count} orders accepted",
        "results": [
            {"account_id": account, "success": True, "cancelled": 0, "failed": 0, "orders": own}
            for account, own in accounts.items()
        ],
        "warnings": list(warnings),
    }
    return Answer(RequestStatus.DONE, ALL_GOOD, orjson.dumps(body))


def interim(request_id: str, status: RequestStatus, words: str) -> bytes:
    """Return the body that stands for a request until it is final."""
    return orjson.dumps(
        {
            "id": request_id,
            "status": status.value,
            "success": False,
            "cancelled_orders": 0,
            "failed_orders": 0,
            "message": words,
            "results": [],
            "warnings": [],
        }
    )


def broken(request_id: str) -> Answer:
    """Return the answer of a request that a mistake of ours kept from being worked."""
    words = "a mistake of nettingd kept this from being worked; the log tells which"
    return Answer(
        RequestStatus.FAILED, OUR_MISTAKE, interim(request_id, RequestStatus.FAILED, words)
    )


def message(items: Sequence[Item]) -> str:
    """Say in words what became of the orders. Only a cancel can find nothing to do."""
    told = [
        one if count == 1 else many.format(count)
        for outcome, one, many in _WORDS
        if (count := _count(items, outcome))
    ]
    return ", ".join(told) or "no open orders to cancel"


_WORDS = (
    (Outcome.ACCEPTED, "1 order accepted", "{0} orders accepted"),
    (Outcome.CANCELLED, "1 order cancelled", "{0} orders cancelled"),
    (Outcome.FILLED_MEANWHILE, "1 order filled meanwhile", "{0} orders filled meanwhile"),
    (
        Outcome.ENDED_BEFORE,
        "1 order ended before the cancel",
        "{0} orders ended before the cancel",
    ),
    (Outcome.UNCONFIRMED, "1 order not confirmed yet", "{0} orders not confirmed yet"),
    (Outcome.FAILED, "1 order failed", "{0} orders failed"),
)


def _has_code(item: Item, *codes: str) -> bool:
    return item.error is not None and item.error.startswith(codes)


def _count(items: Sequence[Item], outcome: Outcome) -> int:
    return sum(item.outcome is outcome for item in items)


def _by_account(items: Sequence[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.account, []).append(item)
    return found


def _account_result(account: str, own: list[Item], receipt: Receipt | None) -> dict[str, object]:
    failed = sum(item.outcome in NOT_WELL for item in own)
    result: dict[str, object] = {
        "account_id": account,
        "success": not failed,
        "cancelled": _count(own, Outcome.CANCELLED),
        "failed": failed,
        "orders": [
            {
                "id": item.order_id,
                "exchange_order_id": item.exchange_order_id,
                "symbol": item.symbol,
                "success": item.outcome not in NOT_WELL,
                "outcome": item.outcome.value,
                "error": item.error,
            }
            for item in own
        ],
    }
    if receipt is not None:
        result["receipt"] = receipt
    return result
