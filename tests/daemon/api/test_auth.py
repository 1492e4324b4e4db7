"""Tokens, signatures and the throttle of those who show neither."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from algorithms.domain import StrategyName
from daemon.api.auth import (
    FAILURES_AT_ONCE,
    Authority,
    FailureThrottle,
    StrategyAccess,
    bearer_token,
    digest,
    signature_fits,
)

ALPHA, BETA = StrategyName("alpha"), StrategyName("beta")


class HandClock:
    """A monotonic clock that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


def authority() -> Authority:
    strategies = [
        StrategyAccess(name=name, token_digest=digest(f"token of {name}")) for name in (ALPHA, BETA)
    ]
    return Authority(strategies, digest("token of the admin"))


def test_a_strategy_is_known_by_its_own_token_only() -> None:
    known = authority()
    access = known.strategy(ALPHA, digest("token of alpha"))
    assert access is not None
    assert access.name == ALPHA
    assert known.strategy(ALPHA, digest("token of beta")) is None
    assert known.strategy(ALPHA, digest("")) is None
    assert known.strategy(StrategyName("nobody"), digest("token of alpha")) is None


def test_a_token_tells_whose_it_is() -> None:
    known = authority()
    access = known.strategy_of_token("token of beta")
    assert access is not None
    assert access.name == BETA
    assert known.strategy_of_token("token of gamma") is None


def test_the_admin_s_token_is_no_strategy_s_and_the_other_way_round() -> None:
    known = authority()
    assert known.is_admin("token of the admin")
    assert not known.is_admin("token of alpha")
    assert known.strategy_of_token("token of the admin") is None


def test_nothing_keeps_a_token_in_clear() -> None:
    access = StrategyAccess(
        name=ALPHA, token_digest=digest("token of alpha"), signature_key=b"the key"
    )
    assert b"token of alpha" not in access.token_digest
    assert "key" not in repr(access).replace("signature_key", "")
    assert access.token_digest.hex() not in repr(access)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("BEARER abc", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
        (None, None),
    ],
)
def test_a_bearer_token_stands_behind_its_scheme(header: str | None, token: str | None) -> None:
    assert bearer_token(header) == token


def test_a_token_of_any_bytes_is_compared_and_does_not_fail() -> None:
    assert not authority().is_admin("\udce9\udcff")
    assert authority().strategy(ALPHA, digest("\udce9")) is None


def test_a_signature_is_the_hmac_of_the_body_in_hex() -> None:
    body = b'{"order_type": "MARKET"}'
    right = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert signature_fits(b"key", body, right)
    assert signature_fits(b"key", body, f"sha256={right}")
    assert signature_fits(b"key", body, f" SHA256={right.upper()} ")
    for wrong in (None, "", "sha256=", right[:-1], f"sha1={right}", "é" * 64, "\udce9"):
        assert not signature_fits(b"key", body, wrong)
    assert not signature_fits(b"key", body + b" ", right)
    assert not signature_fits(b"other", body, right)


def test_twenty_failures_at_once_are_let_pass_then_one_a_second() -> None:
    clock = HandClock()
    throttle = FailureThrottle(clock)  # type: ignore[arg-type] # it only asks for the seconds
    waits = [throttle.wait_after_failure("192.0.2.7") for _ in range(FAILURES_AT_ONCE + 1)]
    assert waits == [0] * FAILURES_AT_ONCE + [1]
    clock.seconds += 1
    assert [throttle.wait_after_failure("192.0.2.7") for _ in range(2)] == [0, 1]
    clock.seconds += 3600
    assert [throttle.wait_after_failure("192.0.2.7") for _ in range(21)] == [0] * 20 + [1]


def test_one_address_does_not_exhaust_another_s_attempts() -> None:
    throttle = FailureThrottle(HandClock())  # type: ignore[arg-type] # as above
    for _ in range(FAILURES_AT_ONCE + 5):
        throttle.wait_after_failure("192.0.2.7")
    assert throttle.wait_after_failure("192.0.2.8") == 0


def test_the_address_that_was_quiet_longest_is_forgotten_first() -> None:
    throttle = FailureThrottle(HandClock(), addresses_max=2)  # type: ignore[arg-type] # as above
    for _ in range(FAILURES_AT_ONCE):
        throttle.wait_after_failure("192.0.2.1")
        throttle.wait_after_failure("192.0.2.2")
    throttle.wait_after_failure("192.0.2.1")
    throttle.wait_after_failure("192.0.2.3")  # 192.0.2.2 is forgotten for it
    assert throttle.wait_after_failure("192.0.2.1") == 1
    assert throttle.wait_after_failure("192.0.2.2") == 0


def test_an_ipv6_caller_cannot_escape_by_changing_its_address() -> None:
    throttle = FailureThrottle(HandClock())  # type: ignore[arg-type] # as above
    waits = [throttle.wait_after_failure(f"2001:db8::{n:x}") for n in range(FAILURES_AT_ONCE + 1)]
    assert waits[-1] == 1
