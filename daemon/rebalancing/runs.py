"""Runs as they are stored: where each stands, what it planned to trade, what its orders did."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from algorithms.decimals import ZERO, add, multiply, to_text
from algorithms.domain import AccountName, BookName, ParentId, ParentStatus, Side, Symbol
from algorithms.rebalancing.states import RunState
from algorithms.rebalancing.targets import Targets
from daemon.signals import RebalanceMoved
from daemon.storage.rows import (
    decimal_or_none,
    from_us,
    parent_from_row,
    time_or_none,
    to_us,
    us_or_none,
)
from daemon.storage.tx import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from algorithms.domain import ParentOrder
    from algorithms.rebalancing.orders import LeftOut, Order
    from daemon.storage.tx import Tx, View

Document = dict[str, object]

NEVER_SENT = ("not_placed", "too_old")
"""How the reasons begin of orders that were never at a broker."""

HISTORY = Table(
    "rebalancing_history",
    (
        "id", "account", "book", "state", "reason", "started_by", "plan_id", "targets_id",
        "targets", "snapshot", "outcome", "slice", "slices", "due_at", "until_at",
        "cancelled_at", "alarmed_at", "created_at", "planned_at", "updated_at", "ended_at",
    ),
)  # fmt: skip
TRADES = Table(
    "rebalancing_trades",
    (
        "run_id", "number", "slice", "side", "ticker", "quantity", "price", "limit_price",
        "parent_id",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One rebalance of one book.

    ``slice`` of ``slices`` days is worked from ``due_at``; ``until_at`` is when the state it is in
    must have come to its end. ``planned_at``: when its last trades were planned, or ordered.
    ``plan_id``: the preview that a person confirmed. ``snapshot`` is what it was planned from,
    ``outcome`` what has come of it so far.
    """

    id: str
    account: AccountName
    book: BookName
    state: RunState
    started_by: str
    targets_id: str
    targets: Targets
    slices: int
    due_at: datetime
    created_at: datetime
    planned_at: datetime
    updated_at: datetime
    reason: str = ""
    plan_id: str | None = None
    slice: int = 1
    snapshot: Mapping[str, object] = field(default_factory=dict)
    outcome: Mapping[str, object] = field(default_factory=dict)
    until_at: datetime | None = None
    cancelled_at: datetime | None = None
    alarmed_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def slices_left(self) -> int:
        """Days that are left for it, the one under way among them."""
        return self.slices - self.slice + 1

    @property
    def tries(self) -> int:
        """How often orders that never reached the broker were made anew."""
        return int(str(self.outcome.get("tries", 0)))

    @property
    def request_id(self) -> str:
        """What stands for a request in its orders."""
        return f"rebalance:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One planned order of a run, and what its order has come to.

    ``quantity`` in units; ``price`` the current one it was planned at. ``order`` is None until it
    is ordered. ``filled`` units were traded for ``value``, fees beside.
    """

    number: int
    slice: int
    side: Side
    ticker: Symbol
    quantity: Decimal
    price: Decimal
    limit: Decimal
    order: ParentOrder | None = None
    filled: Decimal = ZERO
    value: Decimal = ZERO
    fees: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def is_alive(self) -> bool:
        """Whether its order may still trade."""
        return self.order is not None and not self.order.status.is_final

    @property
    def never_arrived(self) -> bool:
        """Whether the rest of its order is known never to have been at the broker."""
        return (
            self.order is not None
            and self.order.status in {ParentStatus.FAILED, ParentStatus.EXPIRED}
            and self.order.reason.startswith(NEVER_SENT)
        )


def add_run(tx: Tx, run: Run) -> None:
    """Store a new run. A second unfinished one of the account is refused by the database."""
    tx.insert(
        HISTORY,
        (
            run.id,
            run.account,
            run.book,
            run.state.value,
            run.reason,
            run.started_by,
            run.plan_id,
            run.targets_id,
            targets_text(run.targets),
            _text(run.snapshot),
            _text(run.outcome),
            run.slice,
            run.slices,
            to_us(run.due_at),
            us_or_none(run.until_at),
            us_or_none(run.cancelled_at),
            us_or_none(run.alarmed_at),
            to_us(run.created_at),
            to_us(run.planned_at),
            to_us(run.updated_at),
            us_or_none(run.ended_at),
        ),
    )
    tx.signal(RebalanceMoved(run.account, run.id, run.state))


def save_run(tx: Tx, run: Run) -> None:
    """Store what may change of a run."""
    tx.execute(
        "save_rebalancing_run",
        id=run.id,
        state=run.state.value,
        reason=run.reason,
        snapshot=_text(run.snapshot),
        outcome=_text(run.outcome),
        slice=run.slice,
        due_at=to_us(run.due_at),
        until_at=us_or_none(run.until_at),
        cancelled_at=us_or_none(run.cancelled_at),
        alarmed_at=us_or_none(run.alarmed_at),
        planned_at=to_us(run.planned_at),
        updated_at=to_us(run.updated_at),
        ended_at=us_or_none(run.ended_at),
    )
    tx.signal(RebalanceMoved(run.account, run.id, run.state))


def find_run(view: View, run_id: str) -> Run | None:
    """Return a run; None if there is none of this id."""
    return _run_or_none(view.fetch_one("rebalancing_run", id=run_id))


def unfinished_run(view: View, account: str) -> Run | None:
    """Return the run of an account that is under way or stopped."""
    return _run_or_none(view.fetch_one("unfinished_rebalancing_run", account=account))


def unfinished_runs(view: View) -> list[Run]:
    """Return every run that is under way or stopped."""
    return [_run(row) for row in view.fetch("unfinished_rebalancing_runs")]


def run_of_plan(view: View, account: str, plan_id: str) -> Run | None:
    """Return the run that a confirmed plan has begun."""
    return _run_or_none(view.fetch_one("rebalancing_run_of_plan", account=account, plan_id=plan_id))


def last_runs(view: View, account: str, limit: int) -> list[Run]:
    """Return the runs of an account, newest first."""
    return [_run(row) for row in view.fetch("rebalancing_runs", account=account, limit=limit)]


def plan_trades(tx: Tx, run: Run, orders: Iterable[Order]) -> None:
    """Store what a run plans to trade now, in place of what it had planned and not ordered."""
    tx.execute("forget_rebalancing_trades", run_id=run.id)
    numbers = [row["number"] for row in tx.fetch("rebalancing_trades", run_id=run.id)]
    for number, order in enumerate(orders, start=max(numbers, default=0) + 1):
        assert order.asset.price is not None  # or the plan would have ended before
        tx.insert(
            TRADES,
            (
                run.id,
                number,
                run.slice,
                order.side.value,
                order.asset.ticker,
                to_text(order.quantity),
                to_text(order.asset.price),
                to_text(order.limit),
                None,
            ),
        )


def trades_of(view: View, run_id: str) -> list[Trade]:
    """Return every trade of a run with its order and its fills, in the order of planning."""
    fills: dict[int, list[sqlite3.Row]] = {}
    for row in view.fetch("fills_of_rebalancing_run", run_id=run_id):
        fills.setdefault(row["number"], []).append(row)
    return [
        _trade(view, row, fills.get(row["number"], ()))
        for row in view.fetch("rebalancing_trades", run_id=run_id)
    ]


def left_rows(left_out: Iterable[LeftOut]) -> list[Document]:
    """Spell what is not ordered, and why, as it is stored and shown."""
    return [
        {
            "ticker": each.ticker,
            "action": each.side.value,
            "quantity": to_text(each.quantity),
            "reason": each.reason.value,
        }
        for each in left_out
    ]


def targets_text(targets: Targets) -> str:
    """Spell targets as they are stored."""
    return _text(targets_document(targets))


def targets_document(targets: Targets) -> Document:
    """Spell targets as they are shown."""
    return {
        "mp": {name: to_text(weight) for name, weight in targets.mp.items()},
        "sub_mp": {
            name: {ticker: to_text(weight) for ticker, weight in tickers.items()}
            for name, tickers in targets.sub_mp.items()
        },
    }


def targets_of(document: Mapping[str, Mapping[str, object]]) -> Targets:
    """Read stored targets."""
    sub_mp: Mapping[str, Mapping[str, str]] = document["sub_mp"]  # type: ignore[assignment]
    return Targets(
        {name: Decimal(str(weight)) for name, weight in document["mp"].items()},
        {
            name: {Symbol(ticker): Decimal(weight) for ticker, weight in tickers.items()}
            for name, tickers in sub_mp.items()
        },
    )


def _run_or_none(row: sqlite3.Row | None) -> Run | None:
    return None if row is None else _run(row)


def _run(row: sqlite3.Row) -> Run:
    return Run(
        id=row["id"],
        account=AccountName(row["account"]),
        book=BookName(row["book"]),
        state=RunState(row["state"]),
        reason=row["reason"],
        started_by=row["started_by"],
        plan_id=row["plan_id"],
        targets_id=row["targets_id"],
        targets=targets_of(orjson.loads(row["targets"])),
        snapshot=orjson.loads(row["snapshot"]),
        outcome=orjson.loads(row["outcome"]),
        slice=row["slice"],
        slices=row["slices"],
        due_at=from_us(row["due_at"]),
        until_at=time_or_none(row["until_at"]),
        cancelled_at=time_or_none(row["cancelled_at"]),
        alarmed_at=time_or_none(row["alarmed_at"]),
        created_at=from_us(row["created_at"]),
        planned_at=from_us(row["planned_at"]),
        updated_at=from_us(row["updated_at"]),
        ended_at=time_or_none(row["ended_at"]),
    )


def _trade(view: View, row: sqlite3.Row, fills: Sequence[sqlite3.Row]) -> Trade:
    order = None
    if row["parent_id"] is not None:
        found = view.fetch_one("parent_order", id=ParentId(row["parent_id"]))
        assert found is not None  # it was stored in the transaction that named it
        order = parent_from_row(found)
    filled, value = ZERO, ZERO
    fees: dict[str, Decimal] = {}
    for each in fills:
        quantity = Decimal(each["quantity"])
        filled = add(filled, quantity)
        value = add(value, multiply(quantity, Decimal(each["price"])))
        fee = decimal_or_none(each["fee"]) or ZERO
        fees[each["fee_asset"]] = add(fees.get(each["fee_asset"], ZERO), fee)
    return Trade(
        number=row["number"],
        slice=row["slice"],
        side=Side(row["side"]),
        ticker=Symbol(row["ticker"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        limit=Decimal(row["limit_price"]),
        order=order,
        filled=filled,
        value=value,
        fees=fees,
    )


def _text(document: Mapping[str, object]) -> str:
    return orjson.dumps(document).decode()
