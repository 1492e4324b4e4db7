"""What a request asks for, after its form has been checked and before any state was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from algorithms.domain import AccountName, OrderType, Side, StrategyName, Symbol

BY_HAND = "hand"
"""The source of a request that a person made."""


class Venue(NamedTuple):
    """Which of a strategy's accounts are meant; None means any."""

    account: AccountName | None = None
    exchange: str | None = None
    market_type: str | None = None
    currency: str | None = None


ANYWHERE = Venue()
"""All accounts of the strategy."""


class Place(NamedTuple):
    """One order for every book of the strategy that the venue and the symbol fit.

    Either ``quantity`` (units, per book) or ``percent`` (of the book's capital; negative: close
    that percent of the position) is given. ``slices`` and ``minutes`` belong to TWAP.
    ``by_hand``: a person ordered it, whatever the strategy's rule would have said.
    """

    order_type: OrderType
    symbol: Symbol
    side: Side
    quantity: Decimal | None
    percent: Decimal | None
    price: Decimal | None
    stop_price: Decimal | None
    slices: int | None
    minutes: Decimal | None
    nets: bool | None
    venue: Venue
    by_hand: bool = False


class Cancel(NamedTuple):
    """One order, by our id (parent or child) or by the broker's."""

    order_id: str
    venue: Venue


class CancelAll(NamedTuple):
    """Every open order of the strategy, narrowed by symbol, side and account."""

    symbol: Symbol | None
    side: Side | None
    venue: Venue


Command = Place | Cancel | CancelAll


def as_of(source: str, commands: Iterable[Command]) -> tuple[Command, ...]:
    """Return the commands as those of a request with this source."""
    if source != BY_HAND:
        return tuple(commands)
    return tuple(
        command._replace(by_hand=True) if isinstance(command, Place) else command
        for command in commands
    )


class Submission(NamedTuple):
    """A request of a strategy that has shown who it is.

    ``commands`` are in the order in which they are to be worked. ``key`` is the caller's
    idempotency key, ``body_hash`` the SHA-256 of the body; ``body`` what is stored of it: JSON
    without secrets, with the ``warnings`` of its reading.
    """

    strategy: StrategyName
    source: str
    commands: tuple[Command, ...]
    key: str | None
    body_hash: bytes
    body: str
    warnings: tuple[str, ...]
    received_at: datetime

    @property
    def cancels_only(self) -> bool:
        """A cancel is carried out however late it is, and never counts as a repeat by itself."""
        return all(isinstance(command, Cancel | CancelAll) for command in self.commands)
