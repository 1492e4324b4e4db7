"""Orders left from earlier market days: reported, cancelled with confirmation, ended.

Their fills stay booked: an order ends only when the broker has confirmed that nothing of it lives
any more. LIMIT and STOP orders of webhooks live by their time in force and are left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from algorithms.domain import BookName, OrderType
from daemon.execution.orders import BY_RULE
from daemon.notices import raise_notice
from daemon.signals import WorkArrived
from daemon.storage.rows import parent_from_row, to_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from adapters.clock import Clock
    from algorithms.domain import AccountName, ParentOrder
    from daemon.execution.orders import Orders
    from daemon.execution.persistence import Persistence
    from daemon.ids import IdSource
    from daemon.storage.tx import Tx, View

CONFIRMED_WITHIN_S = 30.0
LOOK_S = 0.25


class StaleOrders:
    """Ends what earlier days left."""

    def __init__(
        self, clock: Clock, persistence: Persistence, orders: Orders, ids: IdSource
    ) -> None:
        self._clock = clock
        self._persistence = persistence
        self._orders = orders
        self._ids = ids

    async def end(
        self,
        account: AccountName,
        before: datetime,
        *,
        keep_running: bool,
        day_of: Callable[[datetime], date],
    ) -> set[BookName]:
        """End the orders from before a time; return the books where one still lives.

        ``keep_running`` spares TWAPs whose own schedule is not over, on a market without nights.
        """

        def stale(view: View) -> list[ParentOrder]:
            rows = view.fetch("parents_before", account=account, before=to_us(before))
            parents = (parent_from_row(row) for row in rows)
            return [each for each in parents if self._is_stale(each, keep_running=keep_running)]

        found = await self._persistence.read(stale)
        if not found:
            return set()
        now = self._clock.now()

        def give_up(tx: Tx) -> None:
            for each in found:
                self._give_up(tx, each, day_of(each.created_at), now)

        await self._persistence.write(give_up)
        return await self._confirmed(found)

    def _is_stale(self, parent: ParentOrder, *, keep_running: bool) -> bool:
        if parent.order_type is OrderType.TWAP:
            return not (keep_running and parent.deadline is not None)
        return parent.request_id.startswith(BY_RULE)

    def _give_up(self, tx: Tx, parent: ParentOrder, day: date, now: datetime) -> None:
        parent = self._orders.parent(tx, parent.id)
        if parent.status.is_final:
            return
        raise_notice(
            tx,
            self._ids.new(),
            "stale_order",
            now,
            account=parent.account,
            book=parent.book,
            order=parent.id,
            symbol=parent.symbol,
            day=day.isoformat(),
            remain=to_text(parent.remain),
            total=to_text(parent.total),
        )
        if parent.order_type is OrderType.TWAP and parent.cancel_requested_at is None:
            self._orders.give_up(tx, parent, now)
            tx.signal(WorkArrived(parent.account, parent.symbol))
        else:
            self._orders.request_cancel(tx, parent, f"left from {day}", now)

    async def _confirmed(self, parents: list[ParentOrder]) -> set[BookName]:
        """Wait for the ends of orders; return the books of those that do not come in time."""

        def left(view: View) -> list[ParentOrder]:
            return [
                each for each in parents if not self._orders.parent(view, each.id).status.is_final
            ]

        until = self._clock.monotonic() + CONFIRMED_WITHIN_S
        while (alive := await self._persistence.read(left)) and self._clock.monotonic() < until:
            await self._clock.sleep(LOOK_S)
        if alive:
            now = self._clock.now()

            def tell(tx: Tx) -> None:
                for each in alive:
                    raise_notice(
                        tx,
                        self._ids.new(),
                        "stale_order_stuck",
                        now,
                        account=each.account,
                        book=each.book,
                        order=each.id,
                        symbol=each.symbol,
                    )

            await self._persistence.write(tell)
        return {each.book for each in alive}
