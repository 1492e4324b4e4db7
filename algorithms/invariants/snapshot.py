"""The books at one moment, as the invariants look at them.

Plain data: who reads it (from a database, from a test) is no concern here. What grows without
bound (events, fills, orders, pairs, requests) may be any iterable and is gone through once, so
that a ledger of years needs no more memory than one of a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta
    from decimal import Decimal

    from algorithms.domain import (
        AccountName,
        BookName,
        ChildId,
        ChildOrder,
        FillSource,
        ParentId,
        ParentOrder,
        Side,
        StrategyName,
        Symbol,
    )
    from algorithms.ledger import Posting
    from algorithms.rebalancing.states import RunState


@dataclass(frozen=True, slots=True)
class Change:
    """What an event that is no order did to a book: units, their cost, the profit realised."""

    book: BookName
    asset: str
    quantity: Decimal
    cost: Decimal
    profit: Decimal


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the ledger with all its postings, and what it changed beside quantities."""

    id: str
    kind: str
    account: AccountName
    postings: tuple[Posting, ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A booked execution; ``average_cost`` and ``profit`` as history shows them."""

    id: str
    account: AccountName
    book: BookName
    strategy: StrategyName
    parent_id: ParentId
    child_id: ChildId | None
    pair_id: str | None
    symbol: Symbol
    side: Side
    source: FillSource
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    average_cost: Decimal | None
    profit: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a book holds of an asset, as it is stored."""

    account: AccountName
    book: BookName
    asset: str
    quantity: Decimal
    reserved: Decimal
    cost: Decimal
    profit: Decimal


@dataclass(frozen=True, slots=True)
class CancelTarget:
    """That a request wanted an order cancelled."""

    request_id: str
    strategy: StrategyName


@dataclass(frozen=True, slots=True)
class Family:
    """A parent order with all that belongs to it. ``fills`` in any order."""

    parent: ParentOrder
    children: tuple[ChildOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    cancels: tuple[CancelTarget, ...] = ()

    @property
    def live(self) -> tuple[ChildOrder, ...]:
        """The children that may still fill."""
        return tuple(child for child in self.children if not child.state.is_final)

    @property
    def leaves(self) -> Decimal:
        """Units that live children may still fill."""
        return total(child.leaves for child in self.live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A netting pair as its row tells it."""

    id: str
    account: AccountName
    symbol: Symbol
    buy_parent: ParentId
    sell_parent: ParentId
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Crossing:
    """Everything that carries one pair's id: its row, its fills, its events in the ledger."""

    pair_id: str
    pair: Pair | None
    fills: tuple[Fill, ...]
    events: int


@dataclass(frozen=True, slots=True)
class AtClose:
    """An order for the close. ``price`` None: market-on-close."""

    side: Side
    price: Decimal | None
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderBooks:
    """A LOC ladder: ``orders`` of books, and ``rungs``, what of it lives at the broker.

    ``is_whole``: it is neither being replaced nor lacks an order. ``from_broker`` is what its
    orders got, ``handed_on`` what its books got of that; both in units, buys above zero.
    """

    id: str
    is_settled: bool
    is_whole: bool
    orders: tuple[AtClose, ...]
    rungs: tuple[AtClose, ...]
    from_broker: Decimal
    handed_on: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request and how far it has come. ``live_orders``: orders of it that have not ended."""

    id: str
    status: str
    is_final: bool
    has_answer: bool
    received_at: datetime
    finished_at: datetime | None
    live_orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRecord:
    """An order as it stands in the broker's own books."""

    client_id: str
    number: str
    is_alive: bool
    filled: Decimal


@dataclass(frozen=True, slots=True)
class Rebalance:
    """A run, and what the orders of its last day did. ``wanted``: it ordered buys."""

    id: str
    state: RunState
    alarmed: bool
    sold: bool
    bought: bool
    wanted: bool


@dataclass(frozen=True, slots=True)
class BrokerView:
    """One account as its broker has it.

    ``holdings``: units and cash by asset; None when the broker could not be asked. ``orders``:
    every order it ever took, by our id; None where the broker does not tell. ``tolerance``: by how
    much its currency may be off because the broker rounds.
    """

    account: AccountName
    holdings: Mapping[str, Decimal] | None
    orders: tuple[BrokerRecord, ...] | None = None
    tolerance: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The books at ``now``.

    ``events`` and ``fills`` are in the order in which they were booked, that of their ids.
    ``splits``: which symbols of which accounts were ever to be split. Their orders had to end then,
    at a time that a clock set back may have moved. ``resting``: those whose split is not carried
    out, so that books and broker count in different units. ``currencies``: of each account.
    ``brokers``: the view of every account that could be asked. ``brokers_are_still``: every fill
    the brokers report is booked, so that orders resting there hide nothing.
    ``request_age_most``: how old a request without an answer may be that no live order explains.
    """

    now: datetime
    request_age_most: timedelta
    events: Iterable[Event] = ()
    fills: Iterable[Fill] = ()
    families: Iterable[Family] = ()
    crossings: Iterable[Crossing] = ()
    requests: Iterable[Request] = ()
    ladders: Iterable[LadderBooks] = ()
    rebalances: Iterable[Rebalance] = ()
    held: tuple[Held, ...] = ()
    splits: frozenset[tuple[AccountName, Symbol]] = frozenset()
    resting: frozenset[tuple[AccountName, str]] = frozenset()
    currencies: Mapping[AccountName, str] = field(default_factory=dict)
    brokers: tuple[BrokerView, ...] = field(default=())
    brokers_are_still: bool = False
