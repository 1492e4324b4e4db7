"""Lines of lists of orders as the adapter has read them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from adapters.kis.rows import Row
from algorithms.domain import Side, Symbol

KODEX = Symbol("069500")
DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 1, 15, 2, tzinfo=UTC)


def row(**changes: Any) -> Row:  # noqa: ANN401 - any field of the line
    """An order for 3 of KODEX 200 at 41,250 of which nothing traded yet."""
    values: dict[str, Any] = {
        "number": "218840",
        "origin": "",
        "branch": "91264",
        "day": DAY,
        "times": (AT,),
        "symbol": KODEX,
        "side": Side.BUY,
        "division": "00",
        "venue": "KRX",
        "quantity": Decimal(3),
        "limit_price": Decimal(41250),
        "filled": Decimal(0),
        "value": Decimal(0),
        "left": Decimal(3),
    }
    return Row(**{**values, **changes})


def traded(filled: int, value: int, *, left: int | None = None, **changes: Any) -> Row:  # noqa: ANN401 - as above
    rest = 3 - filled if left is None else left
    return row(filled=Decimal(filled), value=Decimal(value), left=Decimal(rest), **changes)
