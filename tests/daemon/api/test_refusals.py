"""A flood of bad requests is counted; the log stays readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.api.errors import ErrorCode, Refused
from daemon.api.problems import Problem
from daemon.api.refusals import LINES_A_SECOND, RefusalLog
from tests.daemon.api.test_auth import HandClock

if TYPE_CHECKING:
    import pytest


def test_a_line_says_who_and_where_and_repeats_no_value(caplog: pytest.LogCaptureFixture) -> None:
    log = RefusalLog(HandClock())  # type: ignore[arg-type] # it only asks for the seconds
    faults = [Problem("price", "not a decimal number: 'my secret'"), Problem("qty", "missing")]
    log.refused("webhook", "192.0.2.7", Refused(ErrorCode.BAD_INPUT, "two faults", faults))
    assert caplog.messages == ["webhook from 192.0.2.7 refused: 400 bad_input (price, qty)"]


def test_a_second_has_ten_lines_and_the_rest_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    clock = HandClock()
    log = RefusalLog(clock)  # type: ignore[arg-type] # as above
    refused = Refused(ErrorCode.UNAUTHORIZED, "x")
    for _ in range(LINES_A_SECOND + 32):
        log.refused("webhook", "192.0.2.7", refused)
    assert len(caplog.messages) == LINES_A_SECOND
    clock.seconds += 1
    log.refused("webhook", "192.0.2.7", refused)
    assert caplog.messages[-2:] == [
        "32 more requests were refused",
        "webhook from 192.0.2.7 refused: 401 unauthorized",
    ]
