"""Orders of a ladder and orders in it: as parents, as they stand in a curve, and in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import ZERO, floor_to, to_text
from algorithms.domain import (
    LADDER,
    LADDER_STRATEGY,
    Kind,
    Measure,
    OrderType,
    ParentOrder,
    ParentStatus,
    Side,
)
from algorithms.loc.curve import LocOrder, curve
from algorithms.loc.ladder import Rung, ladder
from daemon.storage.rows import parent_from_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from algorithms.domain import AccountName, Symbol
    from algorithms.instruments import Instrument
    from daemon.ids import IdSource

REVISED = "the ladder was replaced"
RETRY_RUNG = timedelta(seconds=30)
"""An order of the ladder that the broker did not take is sent again after this."""
SHOWN_MAX = 40
"""Orders of a ladder that a notice names."""
MOST_TRIES = 10
"""So often one and the same order of a ladder is sent."""


class Member(NamedTuple):
    """An order of a book that is in a ladder, or waits for one.

    ``order`` is None if less than one lot of it is left; ``leaving`` says why it goes.
    """

    parent: ParentOrder
    order: LocOrder | None
    leaving: str | None

    @property
    def stays(self) -> bool:
        return self.order is not None and self.leaving is None and not self.parent.status.is_final


def member_from_row(row: sqlite3.Row, instrument: Instrument) -> Member:
    """Return the member that a row of ``orders_of_ladder`` or ``waiting_for_ladder`` holds."""
    parent = parent_from_row(row)
    return Member(parent, loc_order(parent, instrument), row["leaving"])


def ladder_of(members: Iterable[Member], instrument: Instrument) -> list[Rung]:
    """Return the ladder that comes to the same as these orders."""
    orders = [member.order for member in members if member.order is not None]
    return ladder(curve(orders), instrument.ticks)


def own_order(
    account: AccountName,
    symbol: Symbol,
    side: Side,
    quantity: Decimal,
    *,
    request: str,
    ids: IdSource,
    now: datetime,
) -> ParentOrder:
    """Return an order of the ladder itself, market-on-close, that nobody works yet."""
    return ParentOrder(
        id=ids.parent(),
        request_id=f"loc:{request}",
        created_at=now,
        due_at=None,
        deadline=None,
        strategy=LADDER_STRATEGY,
        account=account,
        book=LADDER,
        symbol=symbol,
        side=side,
        kind=Kind.BUY if side is Side.BUY else Kind.SELL,
        order_type=OrderType.MOC,
        measure=Measure.QUANTITY,
        total=quantity,
        remain=quantity,
        reserved=quantity if side is Side.SELL else ZERO,
        reserve_price=None if side is Side.SELL else ZERO,
        limit_price=None,
        stop_price=None,
        nets=False,
        slices=1,
        slices_left=1,
        status=ParentStatus.OPEN,
        reason="",
        cancel_requested_at=None,
        ended_at=None,
    )


def loc_order(parent: ParentOrder, instrument: Instrument) -> LocOrder | None:
    """Return what is left of a book's order as it stands in a curve; None if less than a lot."""
    units = parent.remain
    if parent.measure is Measure.CASH:
        assert parent.reserve_price is not None  # a cash order is accepted with one
        units = parent.remain // parent.reserve_price
    quantity = floor_to(units, instrument.lot)
    if quantity <= ZERO:
        return None
    price = parent.limit_price if parent.order_type is OrderType.LOC else None
    return LocOrder(parent.id, parent.side, price, quantity)


def spell(rung: Rung) -> str:
    """Write an order of a ladder shortly: ``S450@100.01``, ``B50@MOC``."""
    price = "MOC" if rung.price is None else to_text(rung.price)
    return f"{rung.side.value[0].upper()}{to_text(rung.quantity)}@{price}"


def spell_all(rungs: Sequence[Rung]) -> str:
    """Write a ladder for a notice, no longer than a message may be: of many the first, ``+7``."""
    shown = [spell(rung) for rung in rungs[:SHOWN_MAX]]
    more = len(rungs) - len(shown)
    return ", ".join([*shown, f"+{more}"] if more else shown)


def rung_of(parent: ParentOrder) -> Rung:
    """Return an order of the ladder as the ladder has it."""
    return Rung(parent.side, parent.limit_price, parent.total)


def may_send(rung: Rung, sent: Sequence[ParentOrder], now: datetime) -> bool:
    """Whether an order may be sent (again): not at once after a refusal, and not for ever.

    One that a person has cancelled stays cancelled.
    """
    before = [each for each in sent if each.status.is_final and rung_of(each) == rung]
    if any(each.cancel_requested_at is not None and each.reason != REVISED for each in before):
        return False
    lost = [each.ended_at or now for each in before if each.cancel_requested_at is None]
    return len(lost) < MOST_TRIES and (not lost or now - max(lost) >= RETRY_RUNG)
