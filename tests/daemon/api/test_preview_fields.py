"""Numbers and symbols of previews are read exactly, or refused in our words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from daemon.api.preview_fields import Amount, Number, Percent, Positive, SymbolText, symbol_of
from daemon.api.problems import model_problems


def complaint(kind: Any, value: object) -> str:  # noqa: ANN401 - an annotated type
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    (problem,) = model_problems(refused.value, BaseModel)
    return problem.message


def test_numbers_are_exact_whatever_they_are_written_as() -> None:
    assert TypeAdapter(Number).validate_python("-0.10") == Decimal("-0.1")
    assert TypeAdapter(Positive).validate_python(7) == 7
    assert TypeAdapter(Amount).validate_python(Decimal(0)) == 0
    assert TypeAdapter(Percent).validate_python("100") == 100
    assert TypeAdapter(SymbolText).validate_python(" btc/usdt ") == symbol_of("BTCUSDT")


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Number, True, "neither a number nor a number in quotes"),
        (Number, 0.5, "neither a number nor a number in quotes"),
        (Number, "1,0", "not a decimal number: '1,0'"),
        (Positive, 0, "not above zero"),
        (Amount, "-1", "below zero"),
        (Percent, "100.1", "not between 0 and 100"),
        (SymbolText, 5, "not a symbol: it is no text"),
        (SymbolText, "a b", "not a symbol: 'a b'"),
    ],
)
def test_anything_else_is_refused(kind: Any, value: object, message: str) -> None:  # noqa: ANN401
    assert complaint(kind, value) == message
