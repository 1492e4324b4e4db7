"""The order book of a close: the sheet, the ladder, and what each book gets at a price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, cast

from algorithms.decimals import ZERO, multiply, percent, subtract, to_text, total
from algorithms.domain import AT_THE_CLOSE, LADDER, AccountName, OrderType, Side, Symbol
from algorithms.loc.curve import LocOrder, curve
from algorithms.loc.ladder import Rung
from algorithms.loc.settlement import settle
from algorithms.loc.sheet import RowKind, sheet
from daemon.api.operation import Parameter
from daemon.api.problems import BadInput
from daemon.config.service import Locale
from daemon.loc.live import by_turns, live_loc
from daemon.loc.plans import planned_symbols
from daemon.loc.words import kind_text, label_text
from daemon.web.page import Page
from daemon.web.steps import span, steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from algorithms.instruments import Instrument
    from algorithms.loc.curve import Range
    from algorithms.loc.settlement import Share
    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

LIVE, NEXT = "live", "next"


@dataclass(frozen=True, slots=True)
class Choice:
    """A symbol of an account that has something for a close."""

    account: str
    symbol: str

    @property
    def key(self) -> str:
        return f"{self.account} {self.symbol}"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A row of the sheet in words. ``comes_out``: it is what the marked close comes to."""

    kind: str
    side: str
    price: str | None
    quantity: str
    note: str
    comes_out: bool = False


@dataclass(frozen=True, slots=True)
class RungLine:
    """An order of the ladder. ``fills``: the marked close fills it."""

    side: str
    price: str | None
    quantity: str
    fills: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one order gets at the close that the marker stands at."""

    book: str
    share: Share
    label: str


@dataclass(frozen=True, slots=True)
class Whole:
    """What all orders come to at the marked close: units, and cash that netting saves."""

    netted: Decimal
    net: Decimal
    saved: Decimal

    @property
    def size(self) -> Decimal:
        return abs(self.net)


def page(sources: Sources, _: Totals) -> Page:
    """Describe the page."""

    async def load(visit: Visit) -> Mapping[str, object]:
        choices = await _choices(sources)
        chosen = _chosen(visit, choices)
        context: dict[str, object] = {"choices": choices, "chosen": chosen, "problem": None}
        context |= {"found": None, "view": LIVE, "has_both": False}
        if chosen is None:
            return context
        services = sources.engine.services
        try:
            found = await live_loc(services, chosen.account, chosen.symbol)
        except BadInput as error:
            return context | {"problem": visit.words.again(str(error))}
        instrument = await services.market.instrument(
            AccountName(chosen.account), Symbol(chosen.symbol)
        )
        planned = cast("Mapping[str, object] | None", found["next"])
        view = visit.asked("view")
        if view not in {LIVE, NEXT}:
            view = LIVE if found["orders"] or planned is None else NEXT
        shown = planned if view == NEXT and planned is not None else found
        return (
            context
            | {"found": shown, "view": view, "has_both": planned is not None}
            | {"planned": planned, "mode": services.current.setup.config.loc.mode.value}
            | await by_turns(
                len(cast("Sequence[object]", shown["orders"])),
                partial(
                    described,
                    shown,
                    instrument,
                    services.registry.accounts[AccountName(chosen.account)].commission_percent,
                    visit.asked("close"),
                    visit.locale,
                ),
            )
        )

    return Page(
        path="/order-book",
        summary="The orders for a close, for people: sheet, ladder, what each book gets.",
        template="order_book.html",
        load=load,
        query=(
            Parameter("of", "Account and symbol, with a blank between."),
            Parameter("view", "`live`: the live orders; `next`: those planned for the next close."),
            Parameter("close", "The closing price at which to show what each book gets."),
        ),
    )


def described(
    shown: Mapping[str, object],
    instrument: Instrument,
    commission: Decimal,
    close: str,
    locale: Locale,
) -> dict[str, object]:
    """Put the sheet in words, draw its curve, and settle it at a price."""
    orders = [_order(each) for each in cast("Sequence[Mapping[str, str | None]]", shown["orders"])]
    books = {
        str(each["id"]): str(each.get("book") or str(each["id"]).rpartition(":")[0])
        for each in cast("Sequence[Mapping[str, object]]", shown["orders"])
    }
    ranges = curve(orders)
    at = marked(close, ranges, instrument)
    # Without a price among the orders every close comes to the same.
    any_close = instrument.next_tick_up(ZERO)
    shares = settle(orders, at or any_close, instrument.lot)
    ends = span(ranges)
    seen = sheet(orders, instrument.ticks).rows
    lines = zip(_rows(shown, "rows"), seen, strict=True)
    return {
        "rows": [
            _line(row, locale, comes_out=at is not None and each.stretch.range.holds(at))
            for row, each in lines
        ],
        "apart": [_line(row, locale) for row in _rows(shown, "apart")],
        "ladder": [_rung(rung, at) for rung in _rows(shown, "ladder")],
        "whole": _whole(shares, at, commission),
        "chart": steps(ranges, at),
        "close": None if at is None else to_text(at),
        "tick": None if at is None else to_text(instrument.tick_at(at)),
        "ends": None if ends is None else [to_text(_on_tick(end, instrument)) for end in ends],
        "outcomes": [
            Outcome(books[share.order.id], share, label_text(share.order.label, locale))
            for share in shares
        ],
        "currency": instrument.currency,
    }


def marked(asked: str, ranges: Sequence[Range], instrument: Instrument) -> Decimal | None:
    """Return the valid price nearest below the one asked for; else one in the middle."""
    ends = span(ranges)
    if ends is None:
        return None
    try:
        price = Decimal(asked)
    except InvalidOperation:
        price = (ends[0] + ends[1]) / 2
    if not price.is_finite() or price <= 0 or price > ends[1] * 10:
        price = (ends[0] + ends[1]) / 2
    return _on_tick(price, instrument)


def _on_tick(price: Decimal, instrument: Instrument) -> Decimal:
    return instrument.round_down_to_tick(price) or instrument.next_tick_up(Decimal(0))


def _order(of: Mapping[str, str | None]) -> LocOrder:
    price = of["price"]
    return LocOrder(
        str(of["id"]),
        Side(str(of["side"])),
        None if price is None else Decimal(price),
        Decimal(str(of["quantity"])),
        of.get("label") or "",
    )


def _rows(of: Mapping[str, object], key: str) -> Sequence[Mapping[str, str]]:
    return cast("Sequence[Mapping[str, str]]", of[key])


def _whole(shares: Sequence[Share], at: Decimal | None, commission: Decimal) -> Whole:
    """Add up a settlement. Netting spares the buyer's commission and the seller's."""
    buys = [share for share in shares if share.order.side is Side.BUY]
    sells = [share for share in shares if share.order.side is Side.SELL]
    netted = total(share.netted for share in buys)
    net = subtract(total(share.broker for share in buys), total(share.broker for share in sells))
    spared = percent(multiply(netted, at or ZERO), commission)
    return Whole(netted, net, multiply(spared, Decimal(2)))


def _rung(rung: Mapping[str, str], at: Decimal | None) -> RungLine:
    price: str | None = rung["price"]
    order = Rung(
        Side(rung["side"]), None if price is None else Decimal(price), Decimal(rung["quantity"])
    )
    fills = at is not None and order.fills_at(at)
    return RungLine(rung["side"], price, rung["quantity"], fills)


def _line(row: Mapping[str, str], locale: Locale, *, comes_out: bool = False) -> SheetLine:
    kind = RowKind(row["kind"])
    sells = {RowKind.SELL_ALL, RowKind.SELL, RowKind.NET_SELL}
    side = "" if kind is RowKind.NETTED else "sell" if kind in sells else "buy"
    return SheetLine(
        kind=kind_text(kind, row["label"], locale),
        side=side,
        price=row["price"],
        quantity=row["quantity"],
        note=row["note"] if locale is Locale.KOREAN else row["note_en"],
        comes_out=comes_out,
    )


async def _choices(sources: Sources) -> list[Choice]:
    """Return every account and symbol with live orders for a close, or a plan for the next."""
    services = sources.engine.services
    rows = await services.persistence.read(lambda view: view.fetch("live_parents"))
    found = {
        Choice(row["account"], row["symbol"])
        for row in rows
        if OrderType(row["order_type"]) in AT_THE_CLOSE and row["book"] != LADDER
    }
    for account in services.registry.accounts:
        found |= {Choice(account, symbol) for symbol in planned_symbols(services, account)}
    return sorted(found, key=lambda choice: choice.key)


def _chosen(visit: Visit, choices: Sequence[Choice]) -> Choice | None:
    asked = visit.asked("of")
    return next((choice for choice in choices if choice.key == asked), next(iter(choices), None))
