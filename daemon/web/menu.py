"""What stands in the menu of every page, in this order: path and title."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MENU: Mapping[str, str] = {
    "/": "Today",
    "/accounts": "Accounts and books",
    "/orders": "Orders",
    "/netting": "Netting",
    "/order-book": "Order book",
    "/rebalancing": "Rebalancing",
    "/webhooks": "Webhooks",
    "/strategies": "Strategies",
    "/settings": "Settings",
    "/log": "Log",
}
