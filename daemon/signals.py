"""What one part of the daemon tells the others, after it is on disk and never before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta
    from decimal import Decimal

    from algorithms.domain import (
        AccountName,
        ChildOrder,
        ChildState,
        FillSource,
        Side,
        StrategyName,
        Symbol,
    )
    from algorithms.rebalancing.states import RunState

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class WorkArrived:
    """An account has something to do now: an order has changed, ended, or is to be cancelled."""

    account: AccountName
    symbol: Symbol


class LadderStirred(NamedTuple):
    """An order for the close waits for its account's ladder or leaves it, or the ladder moved."""

    account: AccountName
    symbol: Symbol


class OrderTaken(NamedTuple):
    """A new parent order: it may net with what opposes it, and wants planning at ``due_at``."""

    account: AccountName
    symbol: Symbol
    side: Side
    due_at: datetime


class OrderPlanned(NamedTuple):
    """What was due became an order for the broker, which is stored."""

    due_at: datetime
    at: datetime


class ChildMoved(NamedTuple):
    """A child order has another state than before; it is as it is now."""

    before: ChildState
    child: ChildOrder


class FillBooked(NamedTuple):
    """A fill is in the ledger, for one side of its trade. ``at`` is when it was traded."""

    account: AccountName
    source: FillSource
    at: datetime
    booked_at: datetime


class PairCrossed(NamedTuple):
    """Two orders were crossed inside.

    ``value`` and ``commission_saved`` are in the account's currency; the latter and
    ``broker_orders_saved`` are what was spared. ``waited`` is how long the later order stood
    before they met; None at a close, for which both wait.
    """

    account: AccountName
    value: Decimal
    commission_saved: Decimal
    broker_orders_saved: int
    waited: timedelta | None


class StandingChanged(NamedTuple):
    """How a portfolio stands is known anew, or what was known is out of date: pages look again."""

    account: str


class RebalanceMoved(NamedTuple):
    """A run of a rebalance is stored, or stands elsewhere than before."""

    account: AccountName
    run_id: str
    state: RunState


class Committed(NamedTuple):
    """A transaction is on disk that so many writes shared."""

    writes: int


class RequestWorked(NamedTuple):
    """A request that had to wait is worked: its orders are stored."""

    strategy: StrategyName
    request_id: str


class RequestSettled(NamedTuple):
    """A webhook (or another request) has its final answer."""

    request_id: str
    http_status: int
    answer: bytes


@dataclass(frozen=True, slots=True)
class NoticeRaised:
    """There is a line for people in the outbox."""

    level: str
    code: str
    text: str
    account: str | None
    book: str | None
    id: str
    at: datetime
    params: Mapping[str, str]


class SignalBus:
    """Delivers signals to whoever asked for their type, in order, in the event loop."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Callable[[object], None]]] = defaultdict(list)

    def subscribe(self, kind: type[S], handler: Callable[[S], None]) -> None:
        """Call ``handler`` for every signal of this type; it must not block."""
        self._handlers[kind].append(handler)  # type: ignore[arg-type]

    def deliver(self, signals: list[object]) -> None:
        """Hand signals to their subscribers."""
        for signal in signals:
            for handler in self._handlers.get(type(signal), ()):
                handler(signal)
