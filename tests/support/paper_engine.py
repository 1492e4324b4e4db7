"""Paper exchanges in memory, without disk or clock, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import OrderRequest, Refused
from adapters.paper.account import Account, MarginAccount
from adapters.paper.charges import Charges
from adapters.paper.engine import Counters, Engine, Rules
from adapters.paper.market import Market
from adapters.paper.order_book import OrderBook
from adapters.paper.prices import FixedPrices
from adapters.sessions import AlwaysOpen
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from algorithms.instruments import default_instrument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.paper.orders import PaperOrder
    from adapters.paper.prices import PricePath
    from adapters.sessions import Sessions

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TQQQ, SOXL = Symbol("TQQQ"), Symbol("SOXL")
INSTRUMENTS = {symbol: default_instrument(symbol, "XNYS", "USD") for symbol in (TQQQ, SOXL)}
PRICES = {TQQQ: Decimal(100), SOXL: Decimal(20)}
QUARTER_PERCENT = Charges("USD", Decimal("0.25"), Decimal(0))
BUY, SELL = Side.BUY, Side.SELL


def make_engine(
    *,
    cash: int | str = 10_000,
    positions: Mapping[Symbol, int] | None = None,
    path: PricePath | None = None,
    sessions: Sessions | None = None,
    keeps_hours: bool = False,
    cuts_fills: bool = False,
    daily_numbers: bool = False,
    leverage: int | None = None,
    spread: str = "0",
    now: datetime = NOON,
) -> Engine:
    sessions = AlwaysOpen() if sessions is None else sessions
    held = {symbol: Decimal(units) for symbol, units in (positions or {}).items()}
    account = (
        Account(QUARTER_PERCENT, cash=Decimal(cash), positions=held)
        if leverage is None
        else MarginAccount(
            QUARTER_PERCENT, cash=Decimal(cash), positions=held, leverage=Decimal(leverage)
        )
    )
    return Engine(
        Rules(
            seed=1,
            sessions=sessions,
            keeps_hours=keeps_hours,
            cuts_fills=cuts_fills,
            daily_numbers=daily_numbers,
        ),
        Market(
            FixedPrices(PRICES) if path is None else path,
            INSTRUMENTS,
            sessions,
            Decimal(spread),
            opened_at=now,
        ),
        account,
        OrderBook(),
        counters=Counters(),
        now=now,
    )


def request(
    client_id: str,
    side: Side = BUY,
    quantity: int | str = 1,
    order_type: OrderType = OrderType.MARKET,
    *,
    symbol: Symbol = TQQQ,
    limit: str | None = None,
    stop: str | None = None,
    good_for: TimeInForce = TimeInForce.DAY,
) -> OrderRequest:
    return OrderRequest(
        client_id=ChildId(client_id),
        symbol=symbol,
        side=side,
        order_type=order_type,
        time_in_force=good_for,
        quantity=Decimal(quantity),
        limit_price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
    )


def place(engine: Engine, order: OrderRequest, at: datetime = NOON) -> PaperOrder:
    """Place an order that the exchange takes."""
    placed = engine.place(order, at)
    assert not isinstance(placed, Refused), placed
    return placed


def latest(engine: Engine, order: PaperOrder) -> PaperOrder:
    """Return an order as it stands after all that happened in this test."""
    return engine.changes.orders[order.sequence]
