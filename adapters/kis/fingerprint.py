"""Finding an order again at a broker without client order ids.

Before an order is sent, it is noted which like it are there already, and how it is spelt.
Afterwards one that is like it, was sent in the moments after, and was not there before, must be
it. If there are several, or one at another time, nobody but a person can say: our clock may have
been wrong when it was sent, so that no time disproves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from adapters.kis.desk import Terms
from algorithms.decimals import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from adapters.broker import OrderRequest, SentOrder
    from adapters.kis.register import Key
    from adapters.kis.rows import Row
    from algorithms.domain import ChildId

BEFORE = timedelta(seconds=2)
"""How much earlier than "sent" KIS's clock, which tells seconds only, may date an order."""
AFTER = timedelta(seconds=60)
"""How much later: it waits for its turn, travels, and clocks differ."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is stored before sending. ``numbers``: orders of the symbol that are there already."""

    terms: Terms
    numbers: frozenset[str]
    free: Decimal | None = None
    """What could be spent, or sold, before; told where lists may never show an order."""
    origin: str = ""
    """The number of the order whose place it takes, if it does."""

    def written(self) -> str:
        terms = self.terms
        return orjson.dumps(
            {
                "division": terms.division,
                "price": None if terms.price is None else to_text(terms.price),
                "venue": terms.venue,
                "stop": None if terms.stop is None else to_text(terms.stop),
                "numbers": sorted(self.numbers),
                "origin": self.origin,
                "free": None if self.free is None else to_text(self.free),
            }
        ).decode()


def read_fingerprint(written: str | None) -> Fingerprint | None:
    """Read what was stored; None where nothing was."""
    if written is None:
        return None
    raw = orjson.loads(written)
    price, stop, free = (
        None if raw.get(name) is None else Decimal(raw[name]) for name in ("price", "stop", "free")
    )
    terms = Terms(raw["division"], price, raw["venue"], stop)
    numbers = frozenset(raw["numbers"])
    return Fingerprint(terms, numbers, free, raw.get("origin", ""))


def is_like(row: Row, request: OrderRequest, print_: Fingerprint) -> bool:
    """Whether a line describes an order that is spelt as this one.

    One that took the place of another may be for less: some of that may have traded meanwhile.
    """
    terms = print_.terms
    return (
        row.origin == print_.origin
        and not row.is_cancel
        and row.symbol == request.symbol
        and row.side in {request.side, None}
        and (row.quantity == request.quantity or bool(print_.origin))
        and row.limit_price == (terms.price or None)
        and (not row.division or row.division == terms.division)
    )


@dataclass(frozen=True, slots=True)
class Search:
    """What a look at the list found: orders that must be it, and such that may."""

    fitting: list[Row]
    doubtful: list[Row]


def search(
    rows: Iterable[Row],
    sent: SentOrder,
    print_: Fingerprint,
    owner: Callable[[Key], ChildId | None],
) -> Search:
    """Look for an order that was sent, among those that no other order of ours is known to be."""
    request = sent.request
    fitting, doubtful, ours = [], [], []
    for row in rows:
        if not is_like(row, request, print_) or row.number in print_.numbers:
            continue
        whose = owner(row.key)
        if whose == request.client_id:
            ours.append(row)
        elif whose is None:
            if row.side is None:
                doubtful.append(replace(row, side=request.side))
            elif _was_at(row, sent.sent_at):
                fitting.append(row)
            else:
                doubtful.append(row)
    return Search(ours or fitting, [] if ours else doubtful)


def _was_at(row: Row, at: datetime) -> bool:
    return any(at - BEFORE <= time <= at + AFTER for time in row.times)
