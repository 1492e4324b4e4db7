"""Finding an order again where the venue knows no client order ids.

Before an order is sent, the newest order of the exchange is noted, with the holdings as evidence
for a person. Afterwards an order that looks like it and is newer must be it; if several do, nobody
but a person can say.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.paper.rows import time_text
from algorithms.decimals import ZERO, to_text

if TYPE_CHECKING:
    from adapters.broker import Holdings, OrderRequest

PLACED_BEFORE_SENT = timedelta(seconds=2)
"""How much earlier than "sent" the venue's clock may date an order."""


def write_fingerprint(newest: int, holdings: Holdings, request: OrderRequest) -> str:
    """Write down what is there before ``request`` is sent. ``newest``: an order's sequence."""
    return json.dumps(
        {
            "at": time_text(holdings.at),
            "newest": newest,
            "position": to_text(holdings.positions.get(request.symbol, ZERO)),
            "cash": {currency: to_text(cash) for currency, cash in holdings.cash.items()},
        },
        separators=(",", ":"),
    )


def newest_before(fingerprint: str | None) -> int:
    """Return the sequence of the newest order that was there before; 0 where none was noted."""
    return 0 if fingerprint is None else int(json.loads(fingerprint).get("newest", 0))
