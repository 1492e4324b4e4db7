"""The forms of webhooks and of their answers, as OpenAPI tells them.

A webhook is read by ``webhook_model``, by hand and for speed; a test holds the two together.
"""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from typing_extensions import TypedDict

from daemon.api.operation import Answer
from daemon.api.wire import (
    GivenAmount,
    GivenId,
    GivenKey,
    GivenName,
    GivenSide,
    GivenSwitch,
    GivenSymbol,
    GivenToken,
)
from daemon.execution.answers import Outcome, RequestStatus
from daemon.execution.receipts import Receipt

OrderWord = Literal[
    "MARKET",
    "LIMIT",
    "STOP_MARKET",
    "STOP_LIMIT",
    "LOC",
    "MOC",
    "LOO",
    "MOO",
    "TWAP",
    "CANCEL",
    "CANCEL_ALL_ORDER",
]
_NUMBER = {"type": ["string", "number"]}
Number = Annotated[str, WithJsonSchema(_NUMBER)]


class SignalOrder(BaseModel):
    """One order of a webhook; which keys go with which order type stands in the reference."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    order_type: Annotated[OrderWord, Field(description="In any case.")]
    symbol: GivenSymbol | None = None
    side: GivenSide | None = None
    qty: GivenAmount | None = Field(None, description="Units for each book.")
    qty_per: Number | None = Field(None, description="Percent of the book's capital.")
    price: GivenAmount | None = None
    stop_price: GivenAmount | None = None
    slices: Annotated[int, Field(ge=1, le=500)] | None = None
    minutes: Number | None = None
    net: GivenSwitch | None = None
    order_id: GivenId | None = None
    account: GivenName | None = None
    exchange: GivenName | None = None
    market_type: GivenName | None = None
    currency: GivenName | None = None


class HandOrder(SignalOrder):
    """An order by hand: a webhook without token, for a strategy or for one book."""

    group_name: GivenName | None = None
    strategy: GivenName | None = Field(None, description="Another word for `group_name`.")
    book: GivenName | None = Field(None, description="Instead of `group_name` and `account`.")
    id: GivenKey | None = None


class Signal(SignalOrder):
    """A webhook with one order. A batch has `orders` instead of the order's own keys."""

    group_name: GivenName
    token: GivenToken
    id: GivenKey | None = None


class Batch(BaseModel):
    """A webhook with up to 30 orders of one symbol."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    group_name: GivenName
    token: GivenToken
    symbol: GivenSymbol | None = None
    id: GivenKey | None = None
    orders: Annotated[list[SignalOrder], Field(min_length=1, max_length=30)]


class ReplyOrder(TypedDict):
    """What became of one order."""

    id: str | None
    exchange_order_id: str | None
    symbol: str
    success: bool
    outcome: Outcome
    error: str | None


class _ReplyAccountMembers(TypedDict):
    account_id: str
    success: bool
    cancelled: int
    failed: int
    orders: list[ReplyOrder]


class ReplyAccount(_ReplyAccountMembers, total=False):
    """What became of the orders of one account; the numbers count orders.

    ``receipt``: of a request that cancels.
    """

    receipt: Receipt


class _ReplyMembers(TypedDict):
    id: str
    status: RequestStatus
    success: bool
    cancelled_orders: int
    failed_orders: int
    message: str
    results: list[ReplyAccount]
    warnings: list[str]


class Reply(_ReplyMembers, total=False):
    """The answer to a request: what became of each order."""

    duplicate: bool


REPLIES = {
    200: Answer("Every order is acknowledged, done, or stored as TWAP.", Reply),
    202: Answer("Stored and not settled in time; ask again with its id.", Reply),
    207: Answer("Some orders failed, some did not.", Reply),
    422: Answer("Every order was refused; `error` says why.", Reply),
    500: Answer("A mistake of the daemon kept it from being worked, or a problem.", Reply),
    502: Answer("No broker answered.", Reply),
}
