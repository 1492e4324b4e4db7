"""What is asked where: paths, weights and parameters of both interfaces.

Weights are those of Binance's pages of November 2026; what the reply headers say counts more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.binance.hosts import MarketKind
from adapters.binance.rules import LIMITED, STOPPED, VENUE_TYPES
from adapters.binance.wire import Call, Security
from adapters.fields import to_ms
from adapters.limits import Urgency
from algorithms.decimals import to_text
from algorithms.domain import Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from adapters.binance.signing import Params
    from adapters.broker import OrderRequest, SentOrder
    from algorithms.domain import Symbol

ALGO = "algo-"
"""Before the number of a conditional futures order: it has an identity space of its own."""
SIDES = {Side.BUY: "BUY", Side.SELL: "SELL"}
PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """One interface's paths and weights."""

    kind: MarketKind
    prefix: str
    trades: str
    account: str
    find_weight: int
    place_weight: int
    open_orders_weight: int
    open_orders_of_symbol_weight: int
    account_weight: int
    trades_weight: int
    trades_of_order_weight: int
    ticker_weight: int
    info_weight: int
    batch_cancel: int
    usual_weight: int
    """Weight a minute, until the venue's exchangeInfo has told."""
    longest_span: timedelta
    """The longest time one question about trades may span."""

    def time(self) -> Call:
        return self._public("time", weight=1)

    def exchange_info(self) -> Call:
        return self._public("exchangeInfo", weight=self.info_weight)

    def ticker(self, symbol: Symbol) -> Call:
        return self._public("ticker/24hr", weight=self.ticker_weight, params=(("symbol", symbol),))

    def place(self, request: OrderRequest) -> Call:
        """Spell a new order. Conditional futures orders go to their own service."""
        if self.is_conditional(request):
            return Call(
                method="POST",
                path=f"{self.prefix}algoOrder",
                params=_algo_terms(request),
                weight=1,
                orders=1,
                urgency=Urgency.PLACE,
            )
        return Call(
            method="POST",
            path=f"{self.prefix}order",
            params=_terms(request, self.kind),
            weight=self.place_weight,
            orders=1,
            urgency=Urgency.PLACE,
        )

    def cancel(self, sent: SentOrder) -> Call:
        return self._about(sent, "DELETE", weight=1, urgency=Urgency.CANCEL)

    def cancel_batch(self, symbol: Symbol, orders: Sequence[SentOrder]) -> Call:
        """Cancel orders of one symbol in one request; each is named by our own id."""
        listed = ",".join(f'"{sent.request.client_id}"' for sent in orders)
        return Call(
            method="DELETE",
            path=f"{self.prefix}batchOrders",
            params=(("symbol", symbol), ("origClientOrderIdList", f"[{listed}]")),
            urgency=Urgency.CANCEL,
        )

    def cancel_number(self, symbol: Symbol, number: str) -> Call:
        return Call(
            method="DELETE",
            path=f"{self.prefix}order",
            params=(("symbol", symbol), ("orderId", number)),
            urgency=Urgency.CANCEL,
        )

    def find(self, sent: SentOrder) -> Call:
        return self._about(sent, "GET", weight=self.find_weight, urgency=Urgency.PLACE)

    def _about(self, sent: SentOrder, method: str, *, weight: int, urgency: Urgency) -> Call:
        algo = self.is_conditional(sent.request)
        return Call(
            method=method,
            path=f"{self.prefix}{'algoOrder' if algo else 'order'}",
            params=algo_identity(sent) if algo else identity(sent),
            weight=weight,
            urgency=urgency,
        )

    def find_number(self, symbol: Symbol, number: str) -> Call:
        return Call(
            method="GET",
            path=f"{self.prefix}order",
            params=(("symbol", symbol), ("orderId", number)),
            weight=self.find_weight,
            urgency=Urgency.PLACE,
        )

    def open_orders(self, symbol: Symbol | None = None) -> Call:
        return self._open("openOrders", symbol)

    def open_algos(self, symbol: Symbol | None = None) -> Call:
        return self._open("openAlgoOrders", symbol)

    def _open(self, name: str, symbol: Symbol | None) -> Call:
        if symbol is None:
            return self._read(name, self.open_orders_weight)
        return self._read(name, self.open_orders_of_symbol_weight, (("symbol", symbol),))

    def all_algos(self, symbol: Symbol) -> Call:
        return self._read("allAlgoOrders", 5, (("symbol", symbol),))

    def funding(self, since_ms: int) -> Call:
        """Ask for the funding of a futures account; rows come oldest first."""
        params = (
            ("incomeType", "FUNDING_FEE"),
            ("startTime", str(since_ms)),
            ("limit", str(PAGE)),
        )
        return self._read("income", 30, params)

    def account_state(self) -> Call:
        return Call(method="GET", path=self.account, weight=self.account_weight)

    def trades_of(self, symbol: Symbol, number: str) -> Call:
        return Call(
            method="GET",
            path=self.trades,
            params=(("symbol", symbol), ("orderId", number), ("limit", str(PAGE))),
            weight=self.trades_of_order_weight,
            urgency=Urgency.PLACE,
        )

    def trades_between(self, symbol: Symbol, since: datetime, until: datetime) -> Call:
        return self._trades(
            ("symbol", symbol), ("startTime", str(to_ms(since))), ("endTime", str(to_ms(until)))
        )

    def trades_from(self, symbol: Symbol, trade_id: int) -> Call:
        return self._trades(("symbol", symbol), ("fromId", str(trade_id)))

    def account_settings(self) -> Call:
        """Futures: position mode and whether the account may trade."""
        return self._read("accountConfig", 5)

    def symbol_settings(self, symbol: Symbol) -> Call:
        """Futures: margin mode and leverage of a symbol."""
        return replace(self._read("symbolConfig", 5, (("symbol", symbol),)), urgency=Urgency.PLACE)

    def set_leverage(self, symbol: Symbol, leverage: int) -> Call:
        return Call(
            method="POST",
            path=f"{self.prefix}leverage",
            params=(("symbol", symbol), ("leverage", str(leverage))),
            urgency=Urgency.PLACE,
        )

    def listen_key(self, method: str = "POST") -> Call:
        return Call(method=method, path=f"{self.prefix}listenKey", security=Security.KEY)

    def _trades(self, *params: tuple[str, str]) -> Call:
        return Call(
            method="GET",
            path=self.trades,
            params=(*params, ("limit", str(PAGE))),
            weight=self.trades_weight,
        )

    def is_conditional(self, request: OrderRequest) -> bool:
        """Whether the order lives in the algo service."""
        return self.kind is MarketKind.FUTURES and request.order_type in STOPPED

    def _read(self, name: str, weight: int, params: Params = ()) -> Call:
        return Call(method="GET", path=f"{self.prefix}{name}", params=params, weight=weight)

    def _public(self, name: str, *, weight: int, params: Params = ()) -> Call:
        return Call(
            method="GET",
            path=f"{self.prefix}{name}",
            params=params,
            weight=weight,
            security=Security.NONE,
        )


def identity(sent: SentOrder) -> Params:
    """Name a plain order by our own id: its number may have been told wrong, and be another's."""
    return ("symbol", str(sent.request.symbol)), ("origClientOrderId", str(sent.request.client_id))


def algo_identity(sent: SentOrder) -> Params:
    """Name a conditional futures order, likewise."""
    return (("clientAlgoId", str(sent.request.client_id)),)


def _terms(request: OrderRequest, kind: MarketKind) -> Params:
    terms = [
        ("symbol", str(request.symbol)),
        ("side", SIDES[request.side]),
        ("type", VENUE_TYPES[kind][request.order_type]),
        ("quantity", to_text(request.quantity)),
        ("newClientOrderId", str(request.client_id)),
        ("newOrderRespType", "RESULT"),
    ]
    if request.order_type in LIMITED and request.limit_price is not None:
        terms += [("timeInForce", "GTC"), ("price", to_text(request.limit_price))]
    if request.order_type in STOPPED and request.stop_price is not None:
        terms.append(("stopPrice", to_text(request.stop_price)))
    return (*terms, *_reducing(request, kind))


def _reducing(request: OrderRequest, kind: MarketKind) -> Params:
    """Say that an order may only reduce; spot sells only what is there anyway."""
    reduces = request.reduce_only and kind is MarketKind.FUTURES
    return (("reduceOnly", "true"),) if reduces else ()


def _algo_terms(request: OrderRequest) -> Params:
    """Names differ from the plain route: the trigger's, and our id's."""
    assert request.stop_price is not None  # judged before by the rules
    terms = [
        ("algoType", "CONDITIONAL"),
        ("symbol", str(request.symbol)),
        ("side", SIDES[request.side]),
        ("type", VENUE_TYPES[MarketKind.FUTURES][request.order_type]),
        ("quantity", to_text(request.quantity)),
        ("triggerPrice", to_text(request.stop_price)),
        ("workingType", "CONTRACT_PRICE"),
        ("clientAlgoId", str(request.client_id)),
    ]
    if request.order_type in LIMITED and request.limit_price is not None:
        terms += [("timeInForce", "GTC"), ("price", to_text(request.limit_price))]
    return (*terms, *_reducing(request, MarketKind.FUTURES))


SPOT = Routes(
    kind=MarketKind.SPOT,
    prefix="/api/v3/",
    trades="/api/v3/myTrades",
    account="/api/v3/account",
    find_weight=4,
    place_weight=1,
    open_orders_weight=80,
    open_orders_of_symbol_weight=6,
    account_weight=20,
    trades_weight=20,
    trades_of_order_weight=5,
    ticker_weight=2,
    info_weight=20,
    batch_cancel=1,
    usual_weight=6000,
    longest_span=timedelta(hours=24),
)
FUTURES = Routes(
    kind=MarketKind.FUTURES,
    prefix="/fapi/v1/",
    trades="/fapi/v1/userTrades",
    account="/fapi/v3/account",
    find_weight=1,
    place_weight=0,
    open_orders_weight=40,
    open_orders_of_symbol_weight=1,
    account_weight=5,
    trades_weight=5,
    trades_of_order_weight=5,
    ticker_weight=1,
    info_weight=1,
    batch_cancel=10,
    usual_weight=2400,
    longest_span=timedelta(days=7),
)
ROUTES = {routes.kind: routes for routes in (SPOT, FUTURES)}
