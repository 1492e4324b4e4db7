"""The books as the invariants look at them, read from the database row by row."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO
from algorithms.domain import (
    AccountName,
    BookName,
    ChildId,
    FillSource,
    OrderType,
    ParentId,
    Side,
    StrategyName,
    Symbol,
)
from algorithms.invariants import (
    AtClose,
    CancelTarget,
    Change,
    Crossing,
    Event,
    Family,
    Fill,
    Held,
    LadderBooks,
    Pair,
    Rebalance,
    Request,
    Snapshot,
)
from algorithms.ledger import Posting
from algorithms.rebalancing.states import RunState
from daemon.execution.answers import RequestStatus
from daemon.storage.rows import (
    child_from_row,
    decimal_or_none,
    from_us,
    parent_from_row,
    time_or_none,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime, timedelta

    from algorithms.domain import ParentOrder
    from algorithms.invariants import BrokerView
    from daemon.storage.tx import View

UNFINISHED = frozenset({RequestStatus.STORED, RequestStatus.WORKING})


def read_books(
    view: View,
    *,
    now: datetime,
    request_age_most: timedelta,
    brokers: Iterable[BrokerView] = (),
    brokers_are_still: bool = False,
    on_row: Callable[[], None] | None = None,
) -> Snapshot:
    """Return all books; what is large in it is read while it is gone through, so inside ``view``.

    ``on_row`` is called for every row read, to show progress or to pause.
    """
    rows = _Rows(view, on_row)
    return Snapshot(
        now=now,
        request_age_most=request_age_most,
        events=_events(rows),
        fills=map(_fill, rows.of("all_fills")),
        families=_families(rows),
        crossings=_crossings(rows),
        requests=map(_request, rows.of("all_requests")),
        ladders=_ladders(rows),
        rebalances=map(_rebalance, rows.of("all_rebalances")),
        held=read_held(view),
        currencies=read_currencies(view),
        resting=read_resting(view),
        splits=_symbols(view, "all_splits"),
        brokers=tuple(brokers),
        brokers_are_still=brokers_are_still,
    )


def read_held(view: View) -> tuple[Held, ...]:
    """Return every stored position."""
    return tuple(
        Held(
            account=AccountName(row["account"]),
            book=BookName(row["book"]),
            asset=row["asset"],
            quantity=Decimal(row["quantity"]),
            reserved=Decimal(row["reserved"]),
            cost=Decimal(row["cost"]),
            profit=Decimal(row["profit"]),
        )
        for row in view.fetch("all_positions")
    )


def read_currencies(view: View) -> dict[AccountName, str]:
    """Return the currency of every account that was ever given capital."""
    named = (row["name"].split(":") for row in view.fetch("capital_facts"))
    return {AccountName(account): currency for _, account, _, currency in named}


def read_resting(view: View) -> frozenset[tuple[AccountName, str]]:
    """Return the symbols of which accounts a split is not carried out."""
    return _symbols(view, "pending_splits")


def _symbols(view: View, query: str) -> frozenset[tuple[AccountName, Symbol]]:
    return frozenset(
        (AccountName(row["account"]), Symbol(row["symbol"])) for row in view.fetch(query)
    )


class _Rows:
    """Named queries, each row reported as it is read."""

    def __init__(self, view: View, on_row: Callable[[], None] | None) -> None:
        self._view = view
        self._on_row = on_row

    def of(self, query: str) -> Iterator[sqlite3.Row]:
        rows = iter(self._view.each(query))
        return rows if self._on_row is None else self._reported(rows, self._on_row)

    def _reported(
        self, rows: Iterator[sqlite3.Row], on_row: Callable[[], None]
    ) -> Iterator[sqlite3.Row]:
        for row in rows:
            on_row()
            yield row


class _Alongside:
    """Rows ordered by a key, handed out to somebody who goes through the same keys in order."""

    def __init__(self, rows: Iterator[sqlite3.Row], key: str) -> None:
        self._rows = rows
        self._key = key
        self._next = next(rows, None)

    def take(self, key: str) -> list[sqlite3.Row]:
        """Return the rows with this key."""
        taken: list[sqlite3.Row] = []
        while self._next is not None and self._next[self._key] <= key:
            if self._next[self._key] == key:
                taken.append(self._next)
            self._next = next(self._rows, None)
        return taken


def _events(rows: _Rows) -> Iterator[Event]:
    entries = _Alongside(rows.of("all_entries"), "event_id")
    for event_id, group in groupby(rows.of("all_postings"), key=itemgetter("event_id")):
        lines = list(group)
        yield Event(
            event_id,
            lines[0]["kind"],
            AccountName(lines[0]["event_account"]),
            tuple(map(_posting, lines)),
            tuple(map(_change, entries.take(event_id))),
        )


def _families(rows: _Rows) -> Iterator[Family]:
    children = _Alongside(rows.of("all_children"), "parent_id")
    fills = _Alongside(rows.of("all_fills_by_parent"), "parent_id")
    cancels = _Alongside(rows.of("all_cancel_targets"), "parent_id")
    for row in rows.of("all_parents"):
        parent = parent_from_row(row)
        yield Family(
            parent,
            tuple(map(child_from_row, children.take(parent.id))),
            tuple(map(_fill, fills.take(parent.id))),
            tuple(
                CancelTarget(cancel["request_id"], StrategyName(cancel["strategy"]))
                for cancel in cancels.take(parent.id)
            ),
        )


def _crossings(rows: _Rows) -> Iterator[Crossing]:
    pairs = _Alongside(rows.of("all_pairs"), "id")
    fills = _Alongside(rows.of("all_fills_of_pairs"), "pair_id")
    events = _Alongside(rows.of("all_netting_events"), "id")
    for row in rows.of("all_pair_ids"):
        pair_id = row["id"]
        yield Crossing(
            pair_id,
            next(map(_pair, pairs.take(pair_id)), None),
            tuple(map(_fill, fills.take(pair_id))),
            len(events.take(pair_id)),
        )


def _ladders(rows: _Rows) -> Iterator[LadderBooks]:
    orders = _Alongside(rows.of("all_orders_of_ladders"), "ladder_id")
    rungs = _Alongside(rows.of("all_rungs_of_ladders"), "ladder_id")
    fills = _Alongside(rows.of("all_fills_of_ladders"), "ladder_id")
    for row in rows.of("all_ladders"):
        own = [parent_from_row(each) for each in rungs.take(row["id"])]
        live = [rung for rung in own if not rung.status.is_final]
        moved: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for fill in fills.take(row["id"]):
            sign = 1 if fill["side"] == Side.BUY else -1
            moved[fill["source"]] += sign * Decimal(fill["quantity"])
        yield LadderBooks(
            id=row["id"],
            is_settled=row["ended_at"] is not None,
            is_whole=bool(row["whole"]) and not any(map(_was_lost, own)),
            orders=tuple(
                _at_close(order, order.remain)
                for order in map(parent_from_row, orders.take(row["id"]))
            ),
            # What the auction gave one before the broker says that it has ended was asked too.
            rungs=tuple(_at_close(rung, rung.total) for rung in live),
            from_broker=moved[FillSource.BROKER],
            handed_on=moved[FillSource.LADDER],
        )


def _rebalance(row: sqlite3.Row) -> Rebalance:
    return Rebalance(
        id=row["id"],
        state=RunState(row["state"]),
        alarmed=bool(row["alarmed"]),
        sold=bool(row["sold"]),
        bought=bool(row["bought"]),
        wanted=bool(row["wanted"]),
    )


def _was_lost(rung: ParentOrder) -> bool:
    """Whether an order of a ladder has ended though nobody wanted that."""
    return rung.status.is_final and rung.cancel_requested_at is None


def _at_close(parent: ParentOrder, quantity: Decimal) -> AtClose:
    price = parent.limit_price if parent.order_type is OrderType.LOC else None
    return AtClose(parent.side, price, quantity)


def _change(row: sqlite3.Row) -> Change:
    return Change(
        BookName(row["book"]),
        row["asset"],
        Decimal(row["quantity"]),
        Decimal(row["cost"]),
        Decimal(row["profit"]),
    )


def _posting(row: sqlite3.Row) -> Posting:
    return Posting(
        AccountName(row["account"]), BookName(row["book"]), row["asset"], Decimal(row["amount"])
    )


def _fill(row: sqlite3.Row) -> Fill:
    return Fill(
        id=row["id"],
        account=AccountName(row["account"]),
        book=BookName(row["book"]),
        strategy=StrategyName(row["strategy"]),
        parent_id=ParentId(row["parent_id"]),
        child_id=None if row["child_id"] is None else ChildId(row["child_id"]),
        pair_id=row["pair_id"],
        symbol=Symbol(row["symbol"]),
        side=Side(row["side"]),
        source=FillSource(row["source"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        fee=Decimal(row["fee"]),
        fee_asset=row["fee_asset"],
        average_cost=decimal_or_none(row["average_cost"]),
        profit=decimal_or_none(row["profit"]),
    )


def _pair(row: sqlite3.Row) -> Pair:
    return Pair(
        id=row["id"],
        account=AccountName(row["account"]),
        symbol=Symbol(row["symbol"]),
        buy_parent=ParentId(row["buy_parent"]),
        sell_parent=ParentId(row["sell_parent"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
    )


def _request(row: sqlite3.Row) -> Request:
    return Request(
        id=row["id"],
        status=row["status"],
        is_final=RequestStatus(row["status"]) not in UNFINISHED,
        has_answer=bool(row["has_answer"]),
        received_at=from_us(row["received_at"]),
        finished_at=time_or_none(row["finished_at"]),
        live_orders=row["live_orders"],
    )
