"""Finding an order again where the venue knows no client order ids.

Before an order is sent, what looks like it already is noted, with the holdings as evidence for a
person. Afterwards an order that looks like it and was not there before must be it; if several do,
nobody but a person can say.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

from adapters.paper.rows import time_text
from algorithms.decimals import ZERO, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.broker import Holdings, OrderRequest
    from adapters.paper.orders import PaperOrder

PLACED_BEFORE_SENT = timedelta(seconds=2)
"""How much earlier than "sent" the venue's clock may date an order."""
NOTED_BEFORE_SENT = timedelta(seconds=10)
"""Look-alikes placed longer ago need no note: their time excludes them."""

NumberOnDay = tuple[str, date]


def write_fingerprint(
    look_alikes: Iterable[PaperOrder], holdings: Holdings, request: OrderRequest
) -> str:
    """Write down what is there before ``request`` is sent."""
    return json.dumps(
        {
            "at": time_text(holdings.at),
            "numbers": [[order.number, order.market_day.isoformat()] for order in look_alikes],
            "position": to_text(holdings.positions.get(request.symbol, ZERO)),
            "cash": {currency: to_text(cash) for currency, cash in holdings.cash.items()},
        },
        separators=(",", ":"),
    )


def known_before(fingerprint: str | None) -> frozenset[NumberOnDay]:
    """Return the orders that were there before, by number and market day."""
    if fingerprint is None:
        return frozenset()
    return frozenset(
        (number, date.fromisoformat(day)) for number, day in json.loads(fingerprint)["numbers"]
    )
