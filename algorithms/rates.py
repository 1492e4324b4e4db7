"""What trading costs in percent, by the day: commissions and taxes change on a date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """Percentages of what was traded, from a day on; ``since`` None: from the beginning."""

    since: date | None
    commission_percent: Decimal
    sell_tax_percent: Decimal


def rate_on(rates: Sequence[Rate], day: date) -> Rate | None:
    """Return the rate of a day, of rates from the oldest to the newest; None before the first."""
    valid = [rate for rate in rates if rate.since is None or rate.since <= day]
    return valid[-1] if valid else None
