"""``POST /api/cancel`` with ``preview``: what a cancel would end, and what lives beside it.

The orders are found by the very code that cancels them; nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from algorithms.domain import AT_BROKER
from daemon.storage.rows import child_from_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from algorithms.domain import ParentId, ParentOrder, StrategyName
    from daemon.execution.cancels import CancelDesk
    from daemon.execution.commands import Cancel, CancelAll
    from daemon.storage.tx import View


def cancel_preview(
    view: View,
    cancels: CancelDesk,
    strategy: StrategyName,
    commands: Sequence[Cancel | CancelAll],
) -> Mapping[str, object]:
    """Answer for one strategy: its orders, account by account, and the books that are not meant."""
    orders, rest = cancels.find(view, strategy, commands)
    ours = {order.id for order in orders}
    accounts = [_account(view, account, ours) for account in sorted({o.account for o in orders})]
    return {
        "strategy": strategy,
        "preview": True,
        "orders": [_order(view, order) for order in orders],
        "accounts": accounts,
        "problems": [
            item.error or f"{item.order_id} has ended before, in account {item.account}"
            for item in rest
        ],
        "message": _message(orders, accounts),
    }


def _order(view: View, order: ParentOrder) -> dict[str, object]:
    rows = view.fetch("live_children_of_parent", parent_id=order.id)
    return {
        "id": order.id,
        "account": order.account,
        "book": order.book,
        "symbol": order.symbol,
        "side": order.side.value,
        "order_type": order.order_type.value,
        "remain": to_text(order.remain),
        "status": order.status.value,
        "at_broker": sum(child_from_row(row).state in AT_BROKER for row in rows),
    }


def _account(view: View, account: str, ours: set[ParentId]) -> dict[str, object]:
    rows = view.fetch("live_parents_of_account", account=account)
    stays = Counter((row["strategy"], row["book"]) for row in rows if row["id"] not in ours)
    return {
        "account": account,
        "orders": sum(row["id"] in ours for row in rows),
        "stays": [
            {"strategy": strategy, "book": book, "orders": count}
            for (strategy, book), count in sorted(stays.items())
        ],
    }


def _message(orders: Sequence[ParentOrder], accounts: Sequence[Mapping[str, object]]) -> str:
    if not orders:
        return "no open orders to cancel"
    stay = sum(
        each["orders"]
        for account in accounts
        if isinstance(stays := account["stays"], list)
        for each in stays
    )
    return (
        f"would cancel {_count(len(orders), _ORDERS)} in {_count(len(accounts), _ACCOUNTS)}; "
        f"{_count(stay, _OTHERS)} of these accounts would stay"
    )


_ORDERS = ("1 order", "{0} orders")
_ACCOUNTS = ("1 account", "{0} accounts")
_OTHERS = ("1 other order", "{0} other orders")


def _count(number: int, words: tuple[str, str]) -> str:
    one, many = words
    return one if number == 1 else many.format(number)
