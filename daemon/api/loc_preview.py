"""``POST /api/loc/preview``: what LOC orders come to at every close, and the ladder that does too.

A calculation on the body alone. It reads no state and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from algorithms.decimals import ONE, ZERO, floor_to, to_text
from algorithms.domain import Side
from algorithms.instruments import TickTable, market_ticks
from algorithms.loc.curve import LocOrder, curve
from algorithms.loc.ladder import ladder
from algorithms.loc.settlement import SettlementError, settle
from algorithms.loc.sheet import sheet
from daemon.api.preview_fields import Name, Number, Positive
from daemon.api.problems import BadInput, Problem, model_problems, path_text
from daemon.config.service import Locale
from daemon.loc.words import apart_note, note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from algorithms.loc.curve import Range
    from algorithms.loc.ladder import Rung
    from algorithms.loc.settlement import Share
    from algorithms.loc.sheet import Row

ORDERS_MAX = 200_000
CURRENCIES = {"XNYS": "USD", "XKRX": "KRW", "24/7": "USD"}


class LocPreviewOrder(BaseModel):
    """A hypothetical order for the close."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name = Field(description="For the settlement; it may come again.")
    side: Side
    price: Positive | None = Field(description="The limit; null is market-on-close.")
    quantity: Positive = Field(description="Units, whole lots.")
    label: Annotated[str, Field(strict=True, max_length=64)] = Field(
        default="", description="Why the order exists, for people: TP."
    )


class LocPreview(BaseModel):
    """Hypothetical orders of one account and symbol, in order of creation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    orders: tuple[LocPreviewOrder, ...] = Field(max_length=ORDERS_MAX)
    tick: Positive | None = Field(
        default=None, description="One tick at every price. Left out, the market's ticks."
    )
    market: Literal["XNYS", "XKRX", "24/7"] = Field(
        default="XNYS", description="Whose ticks; the currency of the notes."
    )
    type: Literal["stock", "etf", "etn", "elw"] = Field(
        default="stock", description="Kind of paper; XKRX has other ticks for etf and etn."
    )
    lot: Positive = Field(default=ONE, description="Step of quantities, in units.")
    close: Positive | None = Field(default=None, description="Asks for the settlement.")
    broker_filled: Number | None = Field(
        default=None, description="Units the auction gave in all; left out, all it was asked for."
    )

    @property
    def ticks(self) -> TickTable:
        """The valid prices."""
        if self.tick is not None:
            return TickTable(((ZERO, self.tick),))
        return market_ticks(self.market, self.type)


class RangeRow(TypedDict):
    """Closes at which the same orders fill; null is an open end."""

    low: str | None
    low_included: bool
    high: str | None
    high_included: bool
    bought: str
    sold: str
    net: str


class SheetRow(TypedDict):
    """One outcome; ``note`` is Korean, ``note_en`` English. A null price is market-on-close."""

    kind: str
    price: str | None
    quantity: str
    label: str
    note: str
    note_en: str


class RungRow(TypedDict):
    """One order of the ladder."""

    side: str
    price: str | None
    quantity: str


class ShareRow(TypedDict):
    """What one order got: ``filled`` is what came from netting and from the broker."""

    id: str
    side: str
    filled: str
    netting: str
    broker: str


class LocAnswer(TypedDict):
    """Ranges ascending, rows from the top, ladder descending, settlement in the orders' order."""

    ranges: list[RangeRow]
    rows: list[SheetRow]
    apart: list[SheetRow]
    ladder: list[RungRow]
    settlement: NotRequired[list[ShareRow]]


def preview_loc(body: object) -> LocAnswer:
    """Answer a hypothetical body, decoded. Raises ``BadInput`` with every fault."""
    try:
        request = LocPreview.model_validate(body)
    except ValidationError as error:
        raise BadInput(model_problems(error, LocPreview)) from error
    problems = list(_problems(request))
    if problems:
        raise BadInput(problems)
    orders = [
        LocOrder(order.id, order.side, order.price, order.quantity, order.label)
        for order in request.orders
    ]
    answer = describe(orders, request.ticks, CURRENCIES[request.market])
    if request.close is not None:
        try:
            shares = settle(orders, request.close, request.lot, request.broker_filled)
        except SettlementError as error:
            raise BadInput([Problem("broker_filled", str(error))]) from error
        answer["settlement"] = [_share_row(share) for share in shares]
    return answer


def describe(orders: Sequence[LocOrder], ticks: TickTable, currency: str) -> LocAnswer:
    """Say everything about orders at valid prices, but for their settlement."""
    ranges = curve(orders)
    seen = sheet(orders, ticks)
    return {
        "ranges": [_range_row(each) for each in ranges],
        "rows": [_sheet_row(row, currency) for row in seen.rows],
        "apart": [_apart_row(order, currency) for order in seen.apart],
        "ladder": [_rung_row(rung) for rung in ladder(ranges, ticks)],
    }


def _problems(request: LocPreview) -> Iterator[Problem]:
    """What the fields do not show one by one."""
    ticks = request.ticks
    valid = {order.price for order in request.orders if order.price is not None}
    off_tick = {price for price in valid if not ticks.is_valid(price)}
    for index, order in enumerate(request.orders):
        if order.price in off_tick:
            yield Problem(path_text(("orders", index, "price")), _off_tick(order.price, ticks))
        if floor_to(order.quantity, request.lot) != order.quantity:
            message = f"not a whole number of lots of {to_text(request.lot)}"
            yield Problem(path_text(("orders", index, "quantity")), message)
    if request.close is not None and not ticks.is_valid(request.close):
        yield Problem("close", _off_tick(request.close, ticks))
    if request.broker_filled is not None and request.close is None:
        yield Problem("broker_filled", "says nothing without close")


def _off_tick(price: Decimal, ticks: TickTable) -> str:
    tick = ticks.tick_at(price)
    below = floor_to(price, tick)
    above = to_text(ticks.above(below))
    if not below:
        return f"not a multiple of the tick {to_text(tick)}: the nearest price is {above}"
    near = to_text(below)
    return f"not a multiple of the tick {to_text(tick)}: the nearest prices are {near} and {above}"


def _text(price: Decimal | None) -> str | None:
    return None if price is None else to_text(price)


def _range_row(each: Range) -> RangeRow:
    return {
        "low": _text(each.low),
        "low_included": each.low_included,
        "high": _text(each.high),
        "high_included": each.high_included,
        "bought": to_text(each.bought),
        "sold": to_text(each.sold),
        "net": to_text(each.net),
    }


def _sheet_row(row: Row, currency: str) -> SheetRow:
    return {
        "kind": row.kind.value,
        "price": _text(row.price),
        "quantity": to_text(row.quantity),
        "label": row.label,
        "note": note(row, currency, Locale.KOREAN),
        "note_en": note(row, currency, Locale.ENGLISH),
    }


def _apart_row(order: LocOrder, currency: str) -> SheetRow:
    return {
        "kind": order.side.value,
        "price": _text(order.price),
        "quantity": to_text(order.quantity),
        "label": order.label,
        "note": apart_note(order, currency, Locale.KOREAN),
        "note_en": apart_note(order, currency, Locale.ENGLISH),
    }


def _rung_row(rung: Rung) -> RungRow:
    return {
        "side": rung.side.value,
        "price": _text(rung.price),
        "quantity": to_text(rung.quantity),
    }


def _share_row(share: Share) -> ShareRow:
    return {
        "id": share.order.id,
        "side": share.order.side.value,
        "filled": to_text(share.filled),
        "netting": to_text(share.netted),
        "broker": to_text(share.broker),
    }
