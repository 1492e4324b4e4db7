"""The account's open orders, found by every name they have, and when each is due."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from adapters.paper.orders import PaperOrder
    from algorithms.domain import ChildId, Symbol


class OrderBook:
    """Orders that are alive. The oldest comes first wherever order matters."""

    def __init__(self, orders: Iterable[PaperOrder] = ()) -> None:
        self._orders: dict[int, PaperOrder] = {}
        self._by_client: dict[ChildId, int] = {}
        self._by_number: dict[tuple[str, date], int] = {}
        self._trading: dict[Symbol, dict[int, None]] = {}
        self._due: list[tuple[datetime, int]] = []
        for order in orders:
            self.keep(order)

    def __iter__(self) -> Iterator[PaperOrder]:
        return iter(self._orders.values())

    def __len__(self) -> int:
        return len(self._orders)

    def get(self, sequence: int) -> PaperOrder | None:
        return self._orders.get(sequence)

    def of_client(self, client_id: ChildId) -> PaperOrder | None:
        return self._orders.get(self._by_client.get(client_id, 0))

    def numbered(self, number: str, day: date) -> PaperOrder | None:
        return self._orders.get(self._by_number.get((number, day), 0))

    def trading(self, symbol: Symbol) -> tuple[PaperOrder, ...]:
        """Return the orders of a symbol that trade as prices move, not at the close."""
        return tuple(self._orders[sequence] for sequence in self._trading.get(symbol, ()))

    def trading_symbols(self) -> list[Symbol]:
        """Return the symbols that have such orders, in alphabetical order."""
        return sorted(self._trading)

    def keep(self, order: PaperOrder) -> None:
        """Take in a new order, or the new state of one; forget it once it has ended."""
        if not order.is_alive:
            self._forget(order)
            return
        before = self._orders.get(order.sequence)
        self._orders[order.sequence] = order
        if before is None:
            self._by_client[order.client_id] = order.sequence
            self._by_number[order.number, order.market_day] = order.sequence
            if not order.waits_for_close:
                self._trading.setdefault(order.symbol, {})[order.sequence] = None
            if order.ends_at is not None:
                heappush(self._due, (order.ends_at, order.sequence))
        if order.fills_from is not None and (
            before is None or before.fills_from != order.fills_from
        ):
            heappush(self._due, (order.fills_from, order.sequence))

    def next_due(self) -> datetime | None:
        """Return when an order is next due to trade on or to end."""
        while self._due:
            at, sequence = self._due[0]
            if self._is_due(sequence, at):
                return at
            heappop(self._due)
        return None

    def pop_due(self, at: datetime) -> list[PaperOrder]:
        """Return the orders due at or before ``at``, once, the earliest first."""
        orders = []
        while self._due and self._due[0][0] <= at:
            due_at, sequence = heappop(self._due)
            if self._is_due(sequence, due_at):
                orders.append(self._orders[sequence])
        return orders

    def _is_due(self, sequence: int, at: datetime) -> bool:
        order = self._orders.get(sequence)
        return order is not None and at in {order.ends_at, order.fills_from}

    def _forget(self, order: PaperOrder) -> None:
        if self._orders.pop(order.sequence, None) is None:
            return
        if self._by_client.get(order.client_id) == order.sequence:
            del self._by_client[order.client_id]
        del self._by_number[order.number, order.market_day]
        if order.waits_for_close:
            return
        of_symbol = self._trading[order.symbol]
        del of_symbol[order.sequence]
        if not of_symbol:
            del self._trading[order.symbol]
