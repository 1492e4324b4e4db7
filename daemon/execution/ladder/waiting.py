"""Orders for the close that wait for their account's ladder instead of being sent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from algorithms.domain import AT_THE_CLOSE, LADDER, OrderType, ParentStatus, Side
from daemon.config.trading import LocMode
from daemon.execution.ladder.closing import REVISION_TAKES
from daemon.signals import LadderStirred
from daemon.storage.rows import from_us, parent_from_row, to_us
from daemon.storage.tx import Table

if TYPE_CHECKING:
    from datetime import datetime

    from algorithms.domain import AccountName, ParentOrder, Symbol
    from daemon.execution.ladder.closing import Closings
    from daemon.execution.orders import Orders
    from daemon.setup import Current
    from daemon.storage.tx import Tx

LOC_ORDERS = Table("loc_orders", ("parent_id", "account", "symbol", "day", "until"))
IN_LADDER = "in the account's LOC ladder"


class Door(NamedTuple):
    """The waiting room, as one account's orders come to it.

    ``unable``: why the account's broker can have no ladder; ``no_moc_buys``: why none in which a
    buy has no limit.
    """

    room: WaitingRoom
    unable: str | None
    no_moc_buys: str | None = None

    def takes(self, parent: ParentOrder) -> bool:
        """Whether an order is worked by a ladder instead of being sent as it is."""
        return self.room.takes(parent)

    def admit(self, tx: Tx, parent: ParentOrder, now: datetime) -> None:
        """Let an order wait for the ladder of the next close, or end it with the reason."""
        is_moc_buy = parent.order_type is OrderType.MOC and parent.side is Side.BUY
        unable = self.unable or (self.no_moc_buys if is_moc_buy else None)
        self.room.admit(tx, parent, unable, now)


class WaitingRoom:
    """Takes orders in, and sends those away that come too late.

    Every function runs in the writer's transaction.
    """

    def __init__(self, current: Current, orders: Orders, closings: Closings) -> None:
        self._current = current
        self._orders = orders
        self._closings = closings

    def takes(self, parent: ParentOrder) -> bool:
        """Whether an order is worked by a ladder instead of being sent as it is.

        Books that do not net (``net = false``) have theirs sent.
        """
        if parent.order_type not in AT_THE_CLOSE or parent.book == LADDER:
            return False
        setup = self._current.setup
        book = setup.registry.books.get(parent.book)
        return setup.config.loc.mode is LocMode.LADDER and (book is None or book.nets)

    def admit(self, tx: Tx, parent: ParentOrder, unable: str | None, now: datetime) -> None:
        """Let an order wait for the ladder of the next close, or end it with the reason.

        ``unable``: why its broker can have no ladder.
        """
        closing = self._closings.of(parent.account, now)
        if unable is not None:
            self._refuse(tx, parent, f"unsupported: {unable}", now)
        elif closing is None:
            self._refuse(tx, parent, "market_closed: no closing auction is known", now)
        elif now >= closing.change_until:
            self._refuse(tx, parent, too_late(closing.day.isoformat(), closing.change_until), now)
        else:
            day, until = closing.day.isoformat(), to_us(closing.change_until)
            tx.insert(LOC_ORDERS, (parent.id, parent.account, parent.symbol, day, until))
            self._orders.begin_waiting(tx, parent, IN_LADDER, now)
            tx.signal(LadderStirred(parent.account, parent.symbol))

    def _refuse(self, tx: Tx, parent: ParentOrder, reason: str, now: datetime) -> None:
        self._orders.end_parent(tx, parent, ParentStatus.FAILED, reason, now)

    def drop_late(self, tx: Tx, account: AccountName, symbol: Symbol, now: datetime) -> None:
        """End the orders that no ladder took in time. One being replaced may still take them."""
        revising = {
            row["day"]
            for row in tx.fetch("open_ladders", account=account, symbol=symbol)
            if row["revising"]
        }
        for row in tx.fetch("waiting_for_ladder", account=account, symbol=symbol):
            until = from_us(row["until"])
            grace = REVISION_TAKES if row["day"] in revising else timedelta()
            if now < until + grace:
                continue
            tx.execute("forget_loc_order", parent_id=row["id"])
            parent = parent_from_row(row)
            if not parent.status.is_final:
                reason = too_late(row["day"], until)
                self._orders.end_parent(tx, parent, ParentStatus.EXPIRED, reason, now)


def too_late(day: str, until: datetime) -> str:
    """Say why an order is in no ladder."""
    moment = until.isoformat(timespec="minutes")
    return f"too_late: orders for the close of {day} had to be in the ladder by {moment}"
