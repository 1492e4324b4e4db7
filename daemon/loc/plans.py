"""What the ``dip_loc`` books of an account would have at the next close, and what that comes to.

Worked out when somebody asks, from the last close and the lots as they are then: by the evening
job, which tells it, and for the order book. It orders nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerError, ClosingPrices
from algorithms.decimals import ZERO, to_text
from algorithms.domain import Side
from algorithms.loc.curve import LocOrder
from daemon.api.loc_preview import describe
from daemon.config.trading import LocMode
from daemon.jobs.lots import read_lots
from daemon.rules.dip_loc import BeforeClose, DipLocRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.sessions import Sessions
    from algorithms.domain import AccountName, Symbol
    from algorithms.instruments import Instrument
    from algorithms.loc.dips import DipBuy, DipPlan, HeldLot
    from algorithms.loc.lots import Lot
    from daemon.api.loc_preview import LocAnswer
    from daemon.execution.ladder.closing import Closing
    from daemon.execution.services import Services
    from daemon.registry import Book
    from daemon.storage.tx import View

ASK_TIMEOUT_S = 10.0


class NoPlanError(Exception):
    """The next close cannot be planned now; the message says why."""


@dataclass(frozen=True, slots=True)
class BookPlan:
    """What one book would have."""

    book: str
    plan: DipPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolPlan:
    """What the books of an account would have of a symbol at a close, and what it comes to.

    ``is_final``: the previous close is the official one; else it is the last price so far.
    """

    symbol: Symbol
    closing: Closing
    previous_close: Decimal
    is_final: bool
    instrument: Instrument
    books: tuple[BookPlan, ...]

    @property
    def orders(self) -> list[LocOrder]:
        """All orders as they stand in a curve; stops and spread buys are none."""
        return [order for each in self.books for order in _orders(each)]

    def described(self) -> LocAnswer:
        """Say what the orders come to, as a preview does."""
        return describe(self.orders, self.instrument.ticks, self.instrument.currency)

    def as_json(self) -> Mapping[str, object]:
        """Return all of it for programs."""
        return {
            "day": self.closing.day.isoformat(),
            "closes_at": self.closing.closes_at.isoformat(),
            "previous_close": to_text(self.previous_close),
            "previous_close_final": self.is_final,
            "books": [_book_json(each) for each in self.books],
            "orders": [
                {
                    "id": order.id,
                    "side": order.side.value,
                    "price": None if order.price is None else to_text(order.price),
                    "quantity": to_text(order.quantity),
                    "label": order.label,
                }
                for order in self.orders
            ],
            **self.described(),
        }


def planned_symbols(services: Services, account: AccountName) -> list[Symbol]:
    """Return the symbols of an account that a ``dip_loc`` book trades."""
    books = services.registry.books_of_account.get(account, ())
    return sorted({symbol for book in books if _plans(book) for symbol in book.symbols})


async def plan_symbol(
    services: Services, account: AccountName, symbol: Symbol
) -> SymbolPlan | None:
    """Plan the next close of a symbol; None if no book wants that. Raises NoPlanError."""
    books = [
        book
        for book in services.registry.books_of_account.get(account, ())
        if _plans(book) and symbol in book.symbols
    ]
    if not books:
        return None
    now = services.clock.now()
    closing = services.ladders.closings.of(account, now)
    sessions = services.ladders.closings.sessions(account)
    if closing is None or sessions is None:
        raise NoPlanError("the market's calendar is not known")
    try:
        instrument = await services.market.instrument(account, symbol)
        close, is_final = await _last_close(services, account, symbol, closing, sessions)
    except (BrokerError, TimeoutError) as error:
        raise NoPlanError(str(error) or "the broker does not answer") from error
    if close is None:
        raise NoPlanError("the last close is not known")
    lots = await _lots(services, books, symbol, instrument)
    sends = services.current.setup.config.loc.mode is not LocMode.SHEET

    def before(own: Sequence[Lot]) -> BeforeClose:
        return BeforeClose(
            symbol=symbol,
            previous_close=close,
            instrument=instrument,
            lots=own,
            days_since=lambda day: sessions.days_since(day, closing.day),
        )

    return SymbolPlan(
        symbol=symbol,
        closing=closing,
        previous_close=close,
        is_final=is_final,
        instrument=instrument,
        books=tuple(
            BookPlan(book.name, rule.plan(before(own), sends=sends))
            for book, own in zip(books, lots, strict=True)
            if isinstance(rule := book.rule, DipLocRule)
        ),
    )


def _plans(book: Book) -> bool:
    return book.active and isinstance(book.rule, DipLocRule)


async def _last_close(
    services: Services,
    account: AccountName,
    symbol: Symbol,
    closing: Closing,
    sessions: Sessions,
) -> tuple[Decimal | None, bool]:
    """Return the close of the trading day before a close, and whether that is final.

    A broker that does not tell closes of past days, or not yet, has it as its previous close while
    the market is open; before that its last price is the best there is. Raises BrokerError,
    TimeoutError.
    """
    day = sessions.day_before(closing.day)
    broker: object = services.brokers.get(account)
    if day is not None and isinstance(broker, ClosingPrices):
        async with asyncio.timeout(ASK_TIMEOUT_S):
            close = await broker.closing_price(symbol, day)
        if close is not None:
            return close, True
    quote = await services.market.quote(account, symbol)
    if services.clock.now() >= closing.opens_at:
        return quote.previous_close, True
    return quote.last, False


async def _lots(
    services: Services, books: Sequence[Book], symbol: Symbol, instrument: Instrument
) -> list[tuple[Lot, ...]]:
    return await services.persistence.read(
        lambda view: [
            read_lots(
                view,
                book.account.name,
                book.name,
                symbol,
                held=_held(view, book, symbol),
                lot=instrument.lot,
            )
            for book in books
        ]
    )


def _held(view: View, book: Book, symbol: Symbol) -> Decimal:
    row = view.fetch_one("position", account=book.account.name, book=book.name, asset=symbol)
    return ZERO if row is None else Decimal(row["quantity"])


def _orders(of: BookPlan) -> list[LocOrder]:
    plan = of.plan
    orders = [
        LocOrder(
            f"{of.book}:{number}", Side.SELL, sell.price, sell.held.lot.quantity, sell.why.value
        )
        for number, sell in enumerate(plan.sells, start=1)
    ]
    if plan.buy is not None:
        orders.insert(0, LocOrder(f"{of.book}:buy", Side.BUY, plan.buy.price, plan.buy.quantity))
    return orders


def _book_json(of: BookPlan) -> Mapping[str, object]:
    plan = of.plan
    return {
        "book": of.book,
        "buy": None if plan.buy is None else _buy_json(plan.buy),
        "sells": [
            {
                "price": None if sell.price is None else to_text(sell.price),
                "why": sell.why.value,
                **_lot_json(sell.held),
            }
            for sell in plan.sells
        ],
        "stops": [
            {"price": to_text(stop.price), "hit": stop.hit, **_lot_json(stop.held)}
            for stop in plan.stops
        ],
        "spread": [_buy_json(level) for level in plan.spread],
    }


def _buy_json(buy: DipBuy) -> Mapping[str, str]:
    return {
        "price": to_text(buy.price),
        "quantity": to_text(buy.quantity),
        "percent": to_text(buy.percent),
    }


def _lot_json(held: HeldLot) -> Mapping[str, object]:
    return {
        "quantity": to_text(held.lot.quantity),
        "entry": to_text(held.lot.entry),
        "bought_on": held.lot.day.isoformat(),
        "days": held.days,
    }
