"""What the items of lists are made of: one type a list, which names its columns too."""

# ruff: noqa: TC001 - pydantic and the columns read annotations when the program runs

from __future__ import annotations

from typing_extensions import TypedDict

from algorithms.domain import (
    ChildState,
    FillSource,
    Kind,
    Measure,
    OrderType,
    ParentStatus,
    Side,
    TimeInForce,
)
from daemon.api.wire import Amount, Document, Time
from daemon.execution.answers import RequestStatus
from daemon.execution.halts import Scope
from daemon.notices import Level


class AccountItem(TypedDict):
    """An account of the configuration. ``halted`` is the reason of a halt of this very account."""

    name: str
    broker: str
    market: str
    market_type: str
    currency: str
    commission_percent: Amount
    sell_tax_percent: Amount
    books: list[str]
    halted: str | None


class StrategyItem(TypedDict):
    """A strategy of the configuration."""

    name: str
    books: list[str]
    halted: str | None


class BookItem(TypedDict):
    """A book of the configuration. Without ``symbols`` it may trade any."""

    name: str
    strategy: str
    account: str
    symbols: list[str]
    capital: Amount
    leverage: Amount
    nets: bool
    slice_type: OrderType
    active: bool
    halted: str | None


class HaltItem(TypedDict):
    """Where new orders are stopped. ``name`` is empty where that is everywhere."""

    scope: Scope
    name: str
    reason: str
    at: Time


class OrderItem(TypedDict):
    """A parent order. ``total`` and ``remain`` are in ``measure``: cash, or units."""

    id: str
    request_id: str
    strategy: str
    account: str
    book: str
    symbol: str
    side: Side
    kind: Kind
    order_type: OrderType
    measure: Measure
    total: Amount
    remain: Amount
    limit_price: Amount | None
    stop_price: Amount | None
    nets: bool
    slices: int
    slices_left: int
    status: ParentStatus
    reason: str
    created_at: Time
    due_at: Time | None
    deadline: Time | None
    cancel_requested_at: Time | None
    ended_at: Time | None


class ChildItem(TypedDict):
    """A child order: what a broker sees. ``id`` is the client order id where it takes one."""

    id: str
    parent_id: str
    strategy: str
    account: str
    book: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Amount
    filled: Amount
    limit_price: Amount | None
    stop_price: Amount | None
    state: ChildState
    reason: str
    broker_order_id: str | None
    market_day: str | None
    created_at: Time
    sent_at: Time | None
    acknowledged_at: Time | None
    cancel_at: Time | None
    cancel_requested_at: Time | None
    ended_at: Time | None


class FillItem(TypedDict):
    """A fill: by a broker, or by crossing inside an account (``pair_id``)."""

    id: str
    parent_id: str
    child_id: str | None
    pair_id: str | None
    strategy: str
    account: str
    book: str
    symbol: str
    side: Side
    kind: Kind
    source: FillSource
    quantity: Amount
    price: Amount
    fee: Amount
    fee_asset: str
    average_cost: Amount | None
    profit: Amount | None
    market_day: str
    at: Time
    booked_at: Time


class PositionItem(TypedDict):
    """What one book holds of one asset; cash is an asset like any other.

    ``cost`` is what the units held were bought for, without fees; ``average_cost`` is rounded to
    eight places.
    """

    account: str
    book: str
    asset: str
    quantity: Amount
    reserved: Amount
    free: Amount
    cost: Amount
    average_cost: Amount | None
    profit: Amount


class PairItem(TypedDict):
    """Two orders crossed inside an account, and what that saved."""

    id: str
    run_id: str
    account: str
    symbol: str
    buy_parent: str
    sell_parent: str
    quantity: Amount
    price: Amount
    commission_saved: Amount
    broker_orders_saved: int
    at: Time


class WebhookItem(TypedDict):
    """A request as it was stored, without secrets, and its answer once there is one."""

    id: str
    strategy: str
    source: str
    status: RequestStatus
    http_status: int | None
    received_at: Time
    deadline: Time | None
    finished_at: Time | None
    body: Document
    answer: Document | None


class HistoryItem(TypedDict):
    """A line of history: a fill, or what an event that is no order did to a book.

    ``shares`` are units bought or received (above zero), sold or given (below); ``total`` the cash
    of it. ``buy_price`` of a sale is what its units had cost on average; ``rate`` is ``profit`` in
    percent of that, to two places. ``source`` is ``broker``, ``netting`` or ``ledger``.
    """

    id: str
    date: str
    at: Time
    account: str
    book: str
    symbol: str | None
    kind: str
    shares: Amount | None
    buy_price: Amount | None
    sell_price: Amount | None
    total: Amount | None
    profit: Amount | None
    rate: Amount | None
    fee: Amount | None
    fee_asset: str | None
    asset: str
    source: str
    parent_id: str | None
    pair_id: str | None
    event_id: str | None


class EventItem(TypedDict):
    """A notice: ``text`` is the sentence of ``code`` with its ``params``, in ``daemon.locale``.

    ``delivered_at``: when the last of the configured notifiers was done with it. ``seen_at``: when
    a person marked the alarm as seen.
    """

    id: str
    at: Time
    level: Level
    code: str
    account: str | None
    book: str | None
    params: dict[str, str]
    delivered_at: Time | None
    seen_at: Time | None
    seen_by: str | None
    text: str
