"""An order and its executions, as the matching engine knows them, of either venue."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Status(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"

    @property
    def is_open(self) -> bool:
        return self in {Status.NEW, Status.PARTIALLY_FILLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An order as it was asked for; prices in quote, quantity in base currency.

    ``stop_price`` makes a spot order wait for the last price; ``quote_quantity`` bounds a market
    order by its cost instead of its quantity.
    """

    symbol: str
    side: str
    type: str
    tif: str
    quantity: Decimal
    client_id: str
    price: Decimal | None = None
    stop_price: Decimal | None = None
    quote_quantity: Decimal | None = None
    stp: str = "EXPIRE_MAKER"
    reduce_only: bool = False
    close_position: bool = False
    position_side: str = "BOTH"
    good_till_ms: int = 0
    strategy_id: int | None = None
    strategy_type: int | None = None
    orig_type: str = ""

    @property
    def is_one_way(self) -> bool:
        return self.position_side == "BOTH"

    @property
    def is_post_only(self) -> bool:
        return self.type == "LIMIT_MAKER" or self.tif == "GTX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One side of a trade. ``realized`` is the profit a futures position closed with."""

    id: int
    order_id: int
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    at_ms: int
    position_side: str = "BOTH"
    realized: Decimal = ZERO

    @property
    def quote(self) -> Decimal:
        return self.price * self.quantity


@dataclass(slots=True, kw_only=True)
class Order:
    id: int
    account: str
    draft: Draft
    quantity: Decimal
    created_ms: int
    updated_ms: int
    working: bool
    price: Decimal | None
    """The limit. A modification changes it, ``quantity`` and the draft, and ends its ``rank``."""
    rank: int = 0
    """Its turn among orders of its price."""
    status: Status = Status.NEW
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    prevented: Decimal = ZERO
    reason: int = 0
    """Why it expired: the futures ``er`` number."""
    trades: list[Trade] = field(default_factory=list)

    @property
    def open_quantity(self) -> Decimal:
        return self.quantity - self.executed - self.prevented

    @property
    def average(self) -> Decimal:
        return self.quote / self.executed if self.executed else ZERO

    @property
    def is_buy(self) -> bool:
        return self.draft.side == "BUY"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """What the user stream tells of an order: the order, why, and what stood when it was told."""

    account: str
    order: Order
    execution: str
    status: Status
    executed: Decimal
    quote: Decimal
    at_ms: int
    trade: Trade | None = None
    cancel_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceEvent:
    """Balances (and on futures the position) changed, mostly through an order."""

    account: str
    assets: tuple[str, ...]
    symbol: str
    at_ms: int
    why: str = "ORDER"


class AlgoStatus(StrEnum):
    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


@dataclass(slots=True, kw_only=True)
class AlgoOrder:
    """A conditional futures order. ``draft`` has its trigger as ``stop_price``.

    A trailing one has ``callback_percent`` instead: it follows the best price since it was
    activated, ``best``, and goes off where the price comes back by so much.
    """

    id: int
    account: str
    draft: Draft
    created_ms: int
    updated_ms: int
    by_mark_price: bool = False
    callback_percent: Decimal | None = None
    activation: Decimal | None = None
    best: Decimal | None = None
    status: AlgoStatus = AlgoStatus.NEW
    triggered_ms: int = 0
    born: Order | None = None
    """The plain order that came of it."""
    failure: str = ""

    @property
    def is_open(self) -> bool:
        return self.status is AlgoStatus.NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoEvent:
    """A conditional order changed; ``status`` and the born order's fills are of that moment."""

    account: str
    order: AlgoOrder
    status: AlgoStatus
    executed: Decimal
    average: Decimal
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEvent:
    """The leverage of a futures symbol was changed."""

    account: str
    symbol: str
    leverage: int
    at_ms: int


Event = OrderEvent | BalanceEvent | AlgoEvent | ConfigEvent
