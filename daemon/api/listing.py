"""Every list on one page: what it holds, how it is sorted, and by what it can be narrowed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from algorithms.decimals import divide, subtract, to_text
from algorithms.domain import ChildState, FillSource, ParentStatus, Side
from daemon.api import items
from daemon.api import webhook_fields as fields
from daemon.api.columns import Columns
from daemon.api.history import complete
from daemon.api.paging import NUMBER_MAX, Filter, Place, equal, one_of, only, since
from daemon.execution.answers import RequestStatus
from daemon.execution.halts import Scope
from daemon.notices import Level, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.api.columns import Item
    from daemon.i18n import Words

COST_PLACES = 8


class HistorySource(StrEnum):
    """Where a line of history comes from."""

    BROKER = "broker"
    NETTING = "netting"
    LEDGER = "ledger"


_LAST = "\U0010ffff"
"""Sorts after every id."""

ACCOUNT, BOOK, STRATEGY = equal("account"), equal("book"), equal("strategy")
SYMBOL = equal("symbol", read=fields.symbol)
SIDE = one_of(Side, "side")
UNSEEN = only(
    "unseen",
    f"seen_at IS NULL AND level = '{Level.ALARM}'",
    "Only alarms that nobody has marked as seen.",
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One list. ``query`` names what is in it; None: it comes from the configuration.

    ``start`` is the place before the first item, which also says of what form places are.
    ``finish`` completes an item in place.
    """

    name: str
    summary: str
    columns: Columns
    filters: tuple[Filter, ...]
    sorted_by: tuple[str, ...]
    start: Place
    query: str | None = None
    newest_first: bool = True
    finish: Callable[[Item], None] = field(default=lambda _: None)

    def statement(self, base: str, page_filters: tuple[Filter, ...]) -> str:
        """Put filters, order and limit around what is in the list.

        Only the conditions in use are written, so that the database can use its indexes.
        """
        if self.newest_first:
            compare, direction = "<", " DESC"
        else:
            compare, direction = ">", ""
        columns = ", ".join(self.sorted_by)
        marks = ", ".join(f":after_{column}" for column in self.sorted_by)
        conditions = [each.condition for each in page_filters]
        conditions.append(f"({columns}) {compare} ({marks})")
        order = ", ".join(f"{column}{direction}" for column in self.sorted_by)
        return (
            f"SELECT * FROM ({base.rstrip().rstrip(';')}) AS listed "  # noqa: S608 - words of ours
            f"WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT :limit"
        )


def _position(item: Item) -> None:
    """Add what is free and what a unit cost, the latter rounded to eight places."""
    quantity, cost = Decimal(str(item["quantity"])), Decimal(str(item["cost"]))
    average = divide(cost, quantity, COST_PLACES) if quantity and cost else None
    item["free"] = to_text(subtract(quantity, Decimal(str(item["reserved"]))))
    item["average_cost"] = None if average is None else to_text(average)


def event_text(item: Item, words: Words) -> None:
    """Add the sentence of a notice, in the language of the daemon."""
    params = item["params"]
    assert isinstance(params, dict)  # as the column's type says
    item["text"] = render(str(item["code"]), params, words)


_NEWEST = (("id",), (_LAST,))
_BY_NAME = (("name",), ("",))
_OF_ORDERS = (ACCOUNT, BOOK, STRATEGY, SYMBOL, SIDE)

LISTINGS = (
    Listing(
        "accounts", "Accounts of the configuration.", Columns(items.AccountItem), (), *_BY_NAME
    ),
    Listing(
        "strategies", "Strategies of the configuration.", Columns(items.StrategyItem), (), *_BY_NAME
    ),
    Listing(
        "books",
        "Books of the configuration.",
        Columns(items.BookItem),
        (ACCOUNT, STRATEGY),
        *_BY_NAME,
    ),
    Listing(
        "halts",
        "Where new orders are stopped, and why.",
        Columns(items.HaltItem),
        (one_of(Scope, "scope"),),
        ("scope", "name"),
        ("", ""),
        query="halts",
        newest_first=False,
    ),
    Listing(
        "orders",
        "Parent orders: what books asked for, newest first.",
        Columns(items.OrderItem),
        (*_OF_ORDERS, one_of(ParentStatus, "status"), *since("created_at")),
        *_NEWEST,
        query="orders",
    ),
    Listing(
        "open-orders",
        "Child orders that are or may be at a broker, newest first.",
        Columns(items.ChildItem),
        (*_OF_ORDERS, one_of(ChildState, "state")),
        ("created_at", "id"),
        (NUMBER_MAX, _LAST),
        query="open_orders",
    ),
    Listing(
        "fills",
        "What was traded, newest first.",
        Columns(items.FillItem),
        (*_OF_ORDERS, one_of(FillSource, "source"), *since("at")),
        *_NEWEST,
        query="fills",
    ),
    Listing(
        "positions",
        "What every book holds, cash included, by account, book and asset.",
        Columns(items.PositionItem),
        (ACCOUNT, BOOK, equal("symbol", "asset", fields.symbol)),
        ("account", "book", "asset"),
        ("", "", ""),
        query="positions",
        newest_first=False,
        finish=_position,
    ),
    Listing(
        "netting",
        "Pairs that were crossed inside an account, newest first.",
        Columns(items.PairItem),
        (ACCOUNT, SYMBOL, *since("at")),
        *_NEWEST,
        query="netting",
    ),
    Listing(
        "history",
        "What every book bought, sold, received and gave, newest first.",
        Columns(items.HistoryItem),
        (ACCOUNT, BOOK, SYMBOL, equal("kind"), one_of(HistorySource, "source"), *since("at")),
        *_NEWEST,
        query="history",
        finish=complete,
    ),
    Listing(
        "webhooks",
        "Requests with their answers, without secrets, newest first.",
        Columns(items.WebhookItem),
        (STRATEGY, equal("source"), one_of(RequestStatus, "status"), *since("received_at")),
        *_NEWEST,
        query="webhooks",
    ),
    Listing(
        "events",
        "Notices to people, newest first.",
        Columns(items.EventItem),
        (ACCOUNT, BOOK, one_of(Level, "level"), equal("code"), UNSEEN, *since("at")),
        *_NEWEST,
        query="events",
    ),
)
