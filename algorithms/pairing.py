"""Which buy is crossed with which sell: the greedy one-to-one rule on whole lots.

The rule: take the pair with the largest min(buy, sell), the first buy and then the first sell
where pairs tie, cross that many lots, and begin again until no pair is left. Two orders of one
book are no pair.

Searching all pairs anew each time takes cubic time. ``match_lots`` gives the same, pair for pair,
in O((n+m) log(n+m)):

* The level is a number of lots that falls, and stops at every number that an order has. An
  order is ready while it has at least ``level`` lots.
* Before the level came down to L no ready pair was permitted. So in a pair ready at L one
  order has exactly L lots, and the other no fewer: it crosses L. Every other permitted pair
  has an order that is not ready and crosses less. Hence the pairs ready at L are exactly
  those the rule chooses among; crossing one only takes lots away, so that this stays true
  until no permitted pair is ready.
* Among them the rule wants the first buy that has a partner. A buy has none only if all ready
  sells are of its own book. So if the ready sells are of one book, it is the first ready buy
  outside that book, else the first of all; and then the first ready sell outside the buy's
  book.
* Each crossing empties an order, so there are fewer than n+m, and each sends at most one
  order with a remainder back to wait. Every step is a few operations on heaps.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

FREE = 0
"""The group of all orders whose book is on one side only: nothing forbids them any partner."""


def match_lots(
    buys: Sequence[int],
    sells: Sequence[int],
    buy_books: Sequence[Hashable] | None = None,
    sell_books: Sequence[Hashable] | None = None,
) -> list[tuple[int, int, int]]:
    """Pair lots by the greedy rule: ``(index of the buy, index of the sell, lots)`` in its order.

    Both sides stand in order of creation. With books given, orders of equal books never meet.
    Raises ``ValueError`` for negative lots and for books that do not fit the orders.
    """
    groups = _groups(buys, sells, buy_books, sell_books)
    left = [*buys, *sells]
    if any(lots < 0 for lots in left):
        raise ValueError("an order cannot have negative lots")
    first_sell = len(buys)
    ready_buys = _ReadyByBook(groups) if any(groups) else _Ready()
    ready_sells = _ReadyByBook(groups) if any(groups) else _Ready()
    waiting = _Waiting(left)
    pairs: list[tuple[int, int, int]] = []
    while level := waiting.most_lots():
        for order in waiting.take(level):
            (ready_buys if order < first_sell else ready_sells).add(order)
        while (buy := ready_buys.first_outside(ready_sells.only_group())) is not None:
            sell = ready_sells.first_outside(groups[buy])
            if sell is None:
                break
            pairs.append((buy, sell - first_sell, level))
            for order, ready in ((buy, ready_buys), (sell, ready_sells)):
                rest = left[order] = left[order] - level
                if rest < level:
                    ready.remove(order)
                    if rest:
                        waiting.add(order, rest)
    return pairs


def _groups(
    buys: Sequence[int],
    sells: Sequence[int],
    buy_books: Sequence[Hashable] | None,
    sell_books: Sequence[Hashable] | None,
) -> list[int]:
    """Number the books that are on both sides from 1; all others are ``FREE``."""
    if buy_books is None and sell_books is None:
        return [FREE] * (len(buys) + len(sells))
    buy_books, sell_books = buy_books or (), sell_books or ()
    if len(buy_books) != len(buys) or len(sell_books) != len(sells):
        raise ValueError("every order needs its book")
    on_both_sides = set(buy_books).intersection(sell_books)
    number = {book: group for group, book in enumerate(on_both_sides, start=1)}
    return [number.get(book, FREE) for book in (*buy_books, *sell_books)]


class _Waiting:
    """Orders that are not ready, most lots first.

    An order and its lots are one number, which a heap compares much faster than a tuple. The
    orders as they came are sorted once; only remainders need a heap.
    """

    __slots__ = ("_fresh", "_rests", "_stride")

    def __init__(self, lots: list[int]) -> None:
        self._stride = len(lots)
        self._fresh = sorted(n * self._stride + order for order, n in enumerate(lots) if n)
        self._rests: list[int] = []

    def add(self, order: int, lots: int) -> None:
        heappush(self._rests, -(lots * self._stride + order))

    def most_lots(self) -> int:
        """The largest number of lots that an order waits with; zero when none waits."""
        fresh = self._fresh[-1] if self._fresh else 0
        rest = -self._rests[0] if self._rests else 0
        return max(fresh, rest) // self._stride if fresh or rest else 0

    def take(self, lots: int) -> Iterator[int]:
        """Remove the orders that wait with ``lots``, the most there are."""
        lowest = lots * self._stride
        while self._fresh and self._fresh[-1] >= lowest:
            yield self._fresh.pop() - lowest
        while self._rests and -self._rests[0] >= lowest:
            yield -heappop(self._rests) - lowest


class _Ready:
    """The ready orders of one side, first created first, where no book is on both sides."""

    __slots__ = ("_orders",)

    def __init__(self) -> None:
        self._orders: list[int] = []

    def add(self, order: int) -> None:
        heappush(self._orders, order)

    def remove(self, _order: int) -> None:
        """Remove an order that ``first_outside`` gave: here always the first."""
        heappop(self._orders)

    def first_outside(self, _group: int) -> int | None:
        return self._orders[0] if self._orders else None

    def only_group(self) -> int:
        return FREE


class _ReadyByBook:
    """The ready orders of one side, first created first, where some may not meet.

    Every group has a heap of its orders, and ``heads`` is a heap of the groups' first orders. An
    entry of ``heads`` that is no longer the first of its group stays until it comes to the top.
    """

    __slots__ = ("_group_of", "_heads", "_orders")

    def __init__(self, group_of: list[int]) -> None:
        self._group_of = group_of
        self._orders: dict[int, list[int]] = {}  # by group, none of them empty
        self._heads: list[int] = []

    def add(self, order: int) -> None:
        orders = self._orders.setdefault(self._group_of[order], [])
        heappush(orders, order)
        if orders[0] == order:
            heappush(self._heads, order)

    def remove(self, order: int) -> None:
        """Remove an order that ``first_outside`` gave: the first of its group."""
        group = self._group_of[order]
        orders = self._orders[group]
        heappop(orders)
        if orders:
            heappush(self._heads, orders[0])
        else:
            del self._orders[group]

    def first_outside(self, group: int) -> int | None:
        """The first order that is not of ``group``; of all, where the group is ``FREE``."""
        if not self._orders:
            return None
        first = self._first()
        if group == FREE or self._group_of[first] != group:
            return first
        if len(self._orders) == 1:
            return None
        other = first
        while self._group_of[other] == group:
            heappop(self._heads)
            other = self._first()
        heappush(self._heads, first)
        return other

    def only_group(self) -> int:
        """The group of all ready orders, if they are of one; ``FREE`` if nothing is forbidden."""
        return self._group_of[self._first()] if len(self._orders) == 1 else FREE

    def _first(self) -> int:
        """The first order of all. There must be one."""
        while True:
            head = self._heads[0]
            orders = self._orders.get(self._group_of[head])
            if orders and orders[0] == head:
                return head
            heappop(self._heads)
