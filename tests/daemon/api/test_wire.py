"""Values of requests are read as those of webhooks are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from algorithms.domain import Side
from daemon.api.wire import REASON_LENGTH_MAX, GivenAmount, GivenReason, GivenSide, GivenSymbol


def test_sides_symbols_and_numbers_are_those_of_webhooks() -> None:
    assert TypeAdapter(GivenSide).validate_python("LONG") is Side.BUY
    assert TypeAdapter(GivenSymbol).validate_python("btc/usdt") == "BTCUSDT"
    assert TypeAdapter(GivenAmount).validate_python("0.5") == Decimal("0.5")


@pytest.mark.parametrize("reason", ["", " ", "a\nb", 5, "x" * (REASON_LENGTH_MAX + 1)])
def test_a_reason_is_a_line_for_people(reason: object) -> None:
    with pytest.raises(ValidationError, match=r"must (be a text|have at most)"):
        TypeAdapter(GivenReason).validate_python(reason)
