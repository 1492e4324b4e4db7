"""The greedy rule of netting as it is told: look at every pair, take the best, begin again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


def triple_loop(
    buys: Sequence[int],
    sells: Sequence[int],
    buy_books: Sequence[Hashable] | None = None,
    sell_books: Sequence[Hashable] | None = None,
) -> list[tuple[int, int, int]]:
    """``(index of the buy, index of the sell, lots)`` for every pair, in the order taken."""
    buys_left, sells_left = list(buys), list(sells)
    pairs: list[tuple[int, int, int]] = []
    while True:
        best: tuple[int, int, int] | None = None
        for i, buy in enumerate(buys_left):
            for j, sell in enumerate(sells_left):
                if buy_books and sell_books and buy_books[i] == sell_books[j]:
                    continue
                lots = min(buy, sell)
                if lots > 0 and (best is None or lots > best[2]):
                    best = (i, j, lots)
        if best is None:
            return pairs
        pairs.append(best)
        i, j, lots = best
        buys_left[i] -= lots
        sells_left[j] -= lots
