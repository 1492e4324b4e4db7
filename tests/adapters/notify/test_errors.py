from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapters.notify.errors import ASKED_WAIT_S_MAX, NotDeliveredError, wait_asked_for

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Fri, 20 Nov 2026 09:02:00 GMT", 120.0),
        ("Fri, 20 Nov 2026 08:00:00 GMT", 0.0),
        ("999999", ASKED_WAIT_S_MAX),
        ("inf", ASKED_WAIT_S_MAX),
        ("nan", None),
        ("Fri, 20 Nov 2026 09:02:00", None),
        ("soon", None),
    ],
)
def test_a_wait_that_is_asked_for_is_read_and_bounded(
    header: str | None, wait: float | None
) -> None:
    assert wait_asked_for(header, NOW) == wait


def test_a_fault_passes_unless_it_is_said_to_last() -> None:
    assert not NotDeliveredError("no answer").lasting
    assert str(NotDeliveredError("gone", lasting=True)) == "gone"
