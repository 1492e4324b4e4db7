"""Every kind of answer, and what it proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.broker import CancelRefused, NotOpen, OutcomeUnknown, RefusalCode, Refused
from adapters.ccxt_bridge.observations import Sent, Trace
from adapters.ccxt_bridge.outcomes import is_not_found, not_cancelled, not_placed
from adapters.limits import OverBudgetError, Urgency
from algorithms.domain import Side
from tests.support import fake_ccxt

R = RefusalCode
JSON = '{"code": -1}'
CLASSES = [
    fake_ccxt.BaseError,
    fake_ccxt.ExchangeError,
    fake_ccxt.InvalidOrder,
    fake_ccxt.InsufficientFunds,
    fake_ccxt.AuthenticationError,
    fake_ccxt.RateLimitExceeded,
    fake_ccxt.InvalidNonce,
    fake_ccxt.OrderNotFound,
    fake_ccxt.RequestTimeout,
    KeyError,
]


def trace(status: int | None, text: str = JSON, *, never_left: bool = False) -> Trace:
    return Trace(Urgency.PLACE, [Sent("POST", status, text, never_left=never_left)])


@pytest.mark.parametrize(
    ("error", "status", "text", "code"),
    [
        (fake_ccxt.InsufficientFunds(), 400, JSON, R.INSUFFICIENT_FUNDS),
        (fake_ccxt.InvalidOrder("bad price"), 400, JSON, R.REJECTED),
        (fake_ccxt.InvalidOrder("Duplicate order sent."), 400, JSON, R.DUPLICATE),
        (fake_ccxt.InsufficientFunds(), 200, JSON, R.INSUFFICIENT_FUNDS),
        (fake_ccxt.AuthenticationError(), 401, JSON, R.REJECTED),
        (fake_ccxt.InvalidNonce(), 400, JSON, R.UNAVAILABLE),
        (fake_ccxt.RateLimitExceeded(), 200, JSON, R.RATE_LIMITED),
        (fake_ccxt.RateLimitExceeded(), 429, "slow down", R.RATE_LIMITED),
        (fake_ccxt.RateLimitExceeded(), 418, "", R.RATE_LIMITED),
        (fake_ccxt.ExchangeNotAvailable(), 403, "<html>", R.UNAVAILABLE),
        # What follows proves nothing.
        (fake_ccxt.ExchangeError("-2019"), 400, JSON, None),
        (fake_ccxt.ExchangeNotAvailable(), 503, JSON, None),
        (fake_ccxt.InsufficientFunds(), 502, JSON, None),
        (fake_ccxt.InvalidOrder(), 408, JSON, None),
        (fake_ccxt.InvalidOrder(), 400, "<html>", None),
        (fake_ccxt.InvalidOrder(), 200, "", None),
        (fake_ccxt.OrderNotFound(), 400, JSON, None),
        (fake_ccxt.ExchangeError(), None, "", None),
        (fake_ccxt.RequestTimeout(), None, "", None),
        (KeyError("id"), 200, JSON, None),
    ],
)
def test_a_placing_is_refused_only_where_that_is_proven(
    error: Exception, status: int | None, text: str, code: RefusalCode | None
) -> None:
    outcome = not_placed(error, trace(status, text), Side.BUY)
    assert (outcome.code if isinstance(outcome, Refused) else None) is code


@given(
    kind=st.sampled_from(CLASSES),
    status=st.none() | st.integers(500, 599) | st.just(408),
    text=st.sampled_from(["", JSON, "<html>", '{"cod']),
)
def test_a_failing_server_never_proves_anything(
    kind: type[Exception], status: int | None, text: str
) -> None:
    asked = trace(status, text)
    assert isinstance(not_placed(kind("insufficient duplicate"), asked, Side.BUY), OutcomeUnknown)
    assert isinstance(not_cancelled(kind("gone"), asked), OutcomeUnknown)
    assert not is_not_found(kind("gone"), asked)


def test_what_never_left_was_not_placed() -> None:
    asked = trace(None, "", never_left=True)
    outcome = not_placed(fake_ccxt.ExchangeNotAvailable("no host"), asked, Side.BUY)
    assert outcome == Refused(R.UNAVAILABLE, "ExchangeNotAvailable: no host")
    assert isinstance(not_cancelled(fake_ccxt.ExchangeNotAvailable(), asked), CancelRefused)


@pytest.mark.parametrize(
    ("error", "sent", "code"),
    [
        (fake_ccxt.InvalidOrder(), [], R.REJECTED),
        (TypeError("broken"), [], R.UNSUPPORTED),
        (OverBudgetError(3), [], R.RATE_LIMITED),
        (fake_ccxt.ExchangeNotAvailable(), [Sent("GET", 503)], R.UNAVAILABLE),
    ],
)
def test_what_ended_before_the_order_was_sent_is_refused(
    error: Exception, sent: list[Sent], code: RefusalCode
) -> None:
    outcome = not_placed(error, Trace(Urgency.PLACE, sent), Side.BUY)
    assert isinstance(outcome, Refused)
    assert outcome.code is code


def test_a_sale_of_more_than_there_is_lacks_holdings_not_funds() -> None:
    outcome = not_placed(fake_ccxt.InsufficientFunds(), trace(400), Side.SELL)
    assert isinstance(outcome, Refused)
    assert outcome.code is R.INSUFFICIENT_HOLDINGS


def test_a_cancel_that_finds_nothing_says_so() -> None:
    error = fake_ccxt.OrderNotFound()
    assert not_cancelled(error, trace(400)) == NotOpen()
    assert is_not_found(error, trace(400))
    assert isinstance(not_cancelled(error, trace(400, "<html>")), OutcomeUnknown)
    refused = not_cancelled(fake_ccxt.RateLimitExceeded(), trace(429))
    assert isinstance(refused, CancelRefused)
    assert not_cancelled(OverBudgetError(3), Trace(Urgency.CANCEL)) == CancelRefused(
        "OverBudgetError: over the venue's budget for another 3.0 s", 3
    )
