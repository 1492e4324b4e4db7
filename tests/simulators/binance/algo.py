"""Conditional futures orders: a service of its own, with numbers and client ids of its own.

Margin is judged when one goes off, not when it is placed. What fills then is a plain order that
is born of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulators.binance.errors import ApiError, no_such_order, nothing_to_cancel
from tests.simulators.binance.listings import MOST_ALGOS, check_filters
from tests.simulators.binance.orders import (
    ZERO,
    AlgoEvent,
    AlgoOrder,
    AlgoStatus,
    Draft,
    Order,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.simulators.binance.futures import FuturesVenue

FIRST_NUMBER = 2_000_000_000


class AlgoDesk:
    """Watches the prices of a venue for every account.

    Whether a born order has the id of its conditional one is not documented: ``passes_id_on``.
    """

    def __init__(self, venue: FuturesVenue) -> None:
        self.orders: dict[int, AlgoOrder] = {}
        self.passes_id_on = False
        self.tells_births_late = False
        """Tell what a born order did before telling of what it was born."""
        self._venue = venue
        self._born: dict[int, AlgoOrder] = {}
        self._number = FIRST_NUMBER

    def of(self, account: str, symbol: str | None = None) -> list[AlgoOrder]:
        return [
            order
            for order in self.orders.values()
            if order.account == account and symbol in {None, order.draft.symbol}
        ]

    def place(
        self,
        account: str,
        draft: Draft,
        *,
        by_mark_price: bool = False,
        callback_percent: Decimal | None = None,
        activation: Decimal | None = None,
    ) -> AlgoOrder:
        """Accept an order, or refuse what can be judged before it goes off."""
        self._check(account, draft)
        now = self._venue.now_ms()
        order = AlgoOrder(
            id=self._number + 1,
            account=account,
            draft=draft,
            created_ms=now,
            updated_ms=now,
            by_mark_price=by_mark_price,
            callback_percent=callback_percent,
            activation=activation,
        )
        if self._goes_off(order):
            raise ApiError(-2021, "Order would immediately trigger.")
        self._number += 1
        self.orders[order.id] = order
        self._tell(order)
        return order

    def find(
        self, account: str, number: int | None, client_id: str | None, *, is_open: bool = False
    ) -> AlgoOrder:
        """Return an order by either name; of several with one client id the newest."""
        for order in reversed(self.orders.values()):
            named = order.id == number if number is not None else order.draft.client_id == client_id
            if named and order.account == account and (order.is_open or not is_open):
                return order
        raise no_such_order()

    def cancel(self, account: str, number: int | None, client_id: str | None) -> AlgoOrder:
        try:
            order = self.find(account, number, client_id, is_open=True)
        except ApiError:
            raise nothing_to_cancel() from None
        self._turn(order, AlgoStatus.CANCELED)
        return order

    def look(self, symbol: str) -> None:
        """Let go off what the prices of a symbol set off."""
        for order in list(self.orders.values()):
            if order.is_open and order.draft.symbol == symbol and self._goes_off(order):
                self._go_off(order)

    def ended(self, plain: Order) -> None:
        """Finish the order of which this plain one was born."""
        order = self._born.pop(plain.id, None)
        if order is not None:
            self._turn(order, AlgoStatus.FINISHED)

    def _check(self, account: str, draft: Draft) -> None:
        venue = self._venue
        listing = venue.listing(draft.symbol)
        venue.check_side(account, draft)
        check_filters(listing, draft, venue.last[draft.symbol], venue.codes, 0)
        mine = [order for order in self.of(account) if order.is_open]
        if any(order.draft.client_id == draft.client_id for order in mine):
            raise ApiError(-4116, "ClientOrderId is duplicated.")
        here = [order.draft for order in mine if order.draft.symbol == draft.symbol]
        if len(here) >= MOST_ALGOS:
            raise ApiError(-4045, "Reach max stop order limit.")
        twin = (draft.type, draft.side, draft.position_side)
        if draft.close_position and any(
            (each.type, each.side, each.position_side) == twin
            for each in here
            if each.close_position
        ):
            raise ApiError(
                -4130,
                "An open stop or take profit order with GTE and closePosition in the direction is"
                " existing.",
            )

    def _goes_off(self, order: AlgoOrder) -> bool:
        draft, venue = order.draft, self._venue
        price = venue.mark(draft.symbol) if order.by_mark_price else venue.last[draft.symbol]
        buys = draft.side == "BUY"
        if order.callback_percent is not None:
            return _trails_off(order, price, buys=buys)
        assert draft.stop_price is not None  # only trailing orders have none
        rises = buys != draft.type.startswith("TAKE_PROFIT")
        return price >= draft.stop_price if rises else price <= draft.stop_price

    def _go_off(self, order: AlgoOrder) -> None:
        venue = self._venue
        order.triggered_ms = venue.now_ms()
        self._turn(order, AlgoStatus.TRIGGERING)
        before = len(venue.outbox)
        try:
            order.born = venue.place(order.account, self._plain(order))
        except ApiError as error:
            order.failure = error.message
            self._turn(order, AlgoStatus.REJECTED)
            return
        self._turn(order, AlgoStatus.TRIGGERED)
        if not self.tells_births_late:
            venue.outbox.insert(before, venue.outbox.pop())
        if order.born.status.is_open:
            self._born[order.born.id] = order
        else:
            self._turn(order, AlgoStatus.FINISHED)

    def _plain(self, order: AlgoOrder) -> Draft:
        draft, quantity = order.draft, order.draft.quantity
        if draft.close_position:
            held = self._venue.positions[order.account, draft.symbol, draft.position_side]
            quantity = abs(held.amount)
        limited = draft.price is not None
        return Draft(
            symbol=draft.symbol,
            side=draft.side,
            type="LIMIT" if limited else "MARKET",
            orig_type=draft.type,
            tif=draft.tif if limited else "GTC",
            quantity=quantity,
            client_id=draft.client_id if self.passes_id_on else f"born-of-{order.id}",
            price=draft.price,
            stp=draft.stp,
            reduce_only=draft.reduce_only or (draft.close_position and draft.is_one_way),
            close_position=draft.close_position,
            position_side=draft.position_side,
            good_till_ms=draft.good_till_ms,
        )

    def _turn(self, order: AlgoOrder, status: AlgoStatus) -> None:
        order.status = status
        order.updated_ms = self._venue.now_ms()
        self._tell(order)

    def _tell(self, order: AlgoOrder) -> None:
        born = order.born if order.status is AlgoStatus.FINISHED else None
        self._venue.outbox.append(
            AlgoEvent(
                account=order.account,
                order=order,
                status=order.status,
                executed=born.executed if born else ZERO,
                average=born.average if born else ZERO,
                at_ms=order.updated_ms,
            )
        )


def _trails_off(order: AlgoOrder, price: Decimal, *, buys: bool) -> bool:
    """Follow the price; tell whether it has come back far enough."""
    assert order.callback_percent is not None  # it trails
    if order.best is None:
        waits = order.activation is not None and (
            price > order.activation if buys else price < order.activation
        )
        if not waits:
            order.best = price
        return False
    order.best = min(order.best, price) if buys else max(order.best, price)
    back = order.best * order.callback_percent / 100
    return price >= order.best + back if buys else price <= order.best - back
