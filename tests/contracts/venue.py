"""A venue under test, and what a test needs beside the ``Broker`` to try it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal

    from adapters.broker import Broker, BrokerOrder, Holdings, OrderRequest
    from adapters.clock import Clock
    from algorithms.domain import ChildId, Symbol

Asked = Literal["place", "cancel", "find", "open_orders", "fills_since", "holdings", "quote"]


class Mishap(StrEnum):
    """What the next request can meet. The caller of a lost answer waits in vain."""

    LOST_BEFORE = "the request is lost"
    LOST_AFTER = "the answer is lost"
    RESET_BEFORE = "the connection breaks before the venue has the request"
    RESET_AFTER = "the connection breaks before the answer"
    ERROR_BEFORE = "the venue is down"
    ERROR_AFTER = "the venue fails after it carried the request out"
    RATE_LIMIT = "too many requests"


@dataclass(frozen=True, slots=True)
class OrderThere:
    """An order as the venue's own books have it, client id included."""

    client_id: ChildId
    number: str
    is_open: bool
    filled: Decimal


class Venue(ABC):
    """One account at a venue that trades ``symbol`` in whole lots around ``price``.

    The account begins with cash for at least a hundred lots and with ``lots_held`` lots. Its
    prices stand still until ``set_price``. A venue that cannot be made to do something skips.
    """

    clock: Clock
    symbol: Symbol
    currency: str
    price: Decimal
    tick: Decimal
    lot: Decimal
    lots_held: int
    time_limit_s: float
    """How long the caller waits for an answer."""
    ask_every = timedelta(milliseconds=100)
    """How soon the same question is asked again."""

    @property
    @abstractmethod
    def broker(self) -> Broker:
        """The session under test: the newest."""

    @abstractmethod
    async def set_price(self, price: Decimal) -> None:
        """Let ``symbol`` trade at this price."""

    @abstractmethod
    async def fill_in_pieces(self) -> None:
        """From now on orders of ten lots and more fill in several pieces, over seconds."""

    @abstractmethod
    def meet(self, asked: Asked, mishap: Mishap) -> None:
        """Let the next request of this kind meet a mishap."""

    @abstractmethod
    def hold_up(self, asked: Asked, by: timedelta) -> None:
        """Let the next request of this kind take so much longer on its way to the venue."""

    @abstractmethod
    def repeat_next_fill(self) -> None:
        """Let the stream report the next fill twice."""

    @abstractmethod
    def delay_next_fill(self) -> None:
        """Let the stream report the next fill after what follows it."""

    @abstractmethod
    def disconnect_stream(self, gap: timedelta) -> None:
        """Break the stream off for a while."""

    @abstractmethod
    async def pass_time(self, by: timedelta) -> None:
        """Let time pass."""

    @abstractmethod
    async def reach_close(self) -> None:
        """Let time pass until just after the next close of the market."""

    @abstractmethod
    async def orders_there(self) -> tuple[OrderThere, ...]:
        """Return every order the venue ever accepted for this account, oldest first."""

    @abstractmethod
    async def holdings_there(self) -> Holdings:
        """Return what the venue's own books say the account owns."""

    @abstractmethod
    async def place_by_hand(self, request: OrderRequest) -> BrokerOrder:
        """Place an order past the broker object, as a person in the venue's own app would."""

    @abstractmethod
    async def second_session(self) -> Broker:
        """Return a new broker object on the same account, as after the process was killed."""
