"""What works ladders, made once and used by every account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.execution.ladder.revising import Reviser
from daemon.execution.ladder.settling import Settlements
from daemon.execution.ladder.waiting import WaitingRoom

if TYPE_CHECKING:
    from daemon.execution.bookkeeper import Bookkeeper
    from daemon.execution.fills import Fills
    from daemon.execution.halts import Halts
    from daemon.execution.ladder.closing import Closings
    from daemon.execution.orders import Orders
    from daemon.ids import IdSource
    from daemon.setup import Current


@dataclass(frozen=True, slots=True)
class Ladders:
    """Where orders wait, who replaces ladders, who settles them, and when the markets close."""

    waiting: WaitingRoom
    reviser: Reviser
    settlements: Settlements
    closings: Closings


def ladders_of(
    *,
    current: Current,
    orders: Orders,
    fills: Fills,
    halts: Halts,
    keeper: Bookkeeper,
    ids: IdSource,
    closings: Closings,
) -> Ladders:
    """Put them together."""
    return Ladders(
        WaitingRoom(current, orders, closings),
        Reviser(current, orders, halts, ids),
        Settlements(current=current, orders=orders, fills=fills, keeper=keeper, ids=ids),
        closings,
    )
