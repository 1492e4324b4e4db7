"""The USD-M futures REST routes for market data and plain orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from tests.simulators.binance.calls import Call, Route, Security
from tests.simulators.binance.errors import ApiError, illegal, no_such_order
from tests.simulators.binance.listings import FUTURES_STP, FUTURES_TYPES, futures_info
from tests.simulators.binance.market_data import MarketData
from tests.simulators.binance.orders import ZERO, Draft, Order, Trade
from tests.simulators.binance.words import text

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tests.simulators.binance.futures import FuturesVenue
    from tests.simulators.binance.limits import Limits

PUBLIC = Security.NONE
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD")
MOST_PLACED, MOST_CANCELLED = 5, 10
FUNDING_MS = 8 * 3_600_000
GTD_MS = 600_000
"""How far ahead the end of a good-till-date order must be."""


def placed_row(order: Order, *, ack: bool = False) -> dict[str, object]:
    """Spell an order as placing and cancelling do: without average price and cost."""
    draft = order.draft
    executed = ZERO if ack else order.executed
    return {
        "orderId": order.id,
        "symbol": draft.symbol,
        "status": "NEW" if ack else order.status.value,
        "clientOrderId": draft.client_id,
        "price": text(order.price or ZERO),
        "origQty": text(order.quantity),
        "executedQty": text(executed),
        "cumQty": text(executed),
        "timeInForce": draft.tif,
        "type": draft.type,
        "reduceOnly": draft.reduce_only,
        "closePosition": draft.close_position,
        "side": draft.side,
        "positionSide": draft.position_side,
        "stopPrice": text(ZERO),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": draft.orig_type or draft.type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": draft.stp,
        "goodTillDate": draft.good_till_ms,
        "updateTime": order.updated_ms,
    }


def order_row(order: Order) -> dict[str, object]:
    return {
        **placed_row(order),
        "avgPrice": text(order.average),
        "cumQuote": text(order.quote),
        "time": order.created_ms,
    }


def trade_row(trade: Trade) -> dict[str, object]:
    return {
        "symbol": trade.symbol,
        "id": trade.id,
        "orderId": trade.order_id,
        "side": trade.side,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "realizedPnl": text(trade.realized),
        "quoteQty": text(trade.quote),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.at_ms,
        "positionSide": trade.position_side,
        "buyer": trade.side == "BUY",
        "maker": trade.maker,
    }


class FuturesRoutes:
    def __init__(self, venue: FuturesVenue, limits: Limits) -> None:
        self._venue = venue
        self._limits = limits
        self._ids = 0
        self._data = MarketData(venue)

    def table(self) -> dict[str, Route]:
        data = self._data
        return {
            "GET /fapi/v1/ping": Route(data.ping, 1, PUBLIC),
            "GET /fapi/v1/time": Route(data.time, 1, PUBLIC),
            "GET /fapi/v1/exchangeInfo": Route(self.exchange_info, 1, PUBLIC),
            "GET /fapi/v1/depth": Route(data.depth, 5, PUBLIC),
            "GET /fapi/v1/trades": Route(data.trades, 5, PUBLIC),
            "GET /fapi/v1/aggTrades": Route(data.aggregate_trades, 20, PUBLIC),
            "GET /fapi/v1/klines": Route(data.candles, 2, PUBLIC),
            "GET /fapi/v1/ticker/24hr": Route(data.ticker, 1, PUBLIC),
            "GET /fapi/v1/ticker/price": Route(data.price, 1, PUBLIC),
            "GET /fapi/v2/ticker/price": Route(data.price, 1, PUBLIC),
            "GET /fapi/v1/ticker/bookTicker": Route(data.best, 2, PUBLIC),
            "POST /fapi/v1/order": Route(self.place, 0, orders=(1, 1)),
            "GET /fapi/v1/order": Route(self.query, 1),
            "DELETE /fapi/v1/order": Route(self.cancel, 1),
            "GET /fapi/v1/openOrder": Route(self.open_order, 1),
            "GET /fapi/v1/openOrders": Route(self.open_orders, 1),
            "GET /fapi/v1/allOrders": Route(self.all_orders, 5),
            "POST /fapi/v1/batchOrders": Route(self.place_batch, 5, orders=(5, 1)),
            "DELETE /fapi/v1/batchOrders": Route(self.cancel_batch, 1),
            "DELETE /fapi/v1/allOpenOrders": Route(self.cancel_all, 1),
            "GET /fapi/v1/userTrades": Route(self.user_trades, 5),
            "PUT /fapi/v1/order": Route(self.modify, 1, orders=(1, 1)),
            "PUT /fapi/v1/batchOrders": Route(self.modify_batch, 5, orders=(5, 1)),
            "POST /fapi/v1/countdownCancelAll": Route(self.count_down, 10),
            "GET /fapi/v1/premiumIndex": Route(self.premium, 1, PUBLIC),
        }

    def exchange_info(self, call: Call) -> object:
        return {
            "timezone": "UTC",
            "serverTime": call.now_ms,
            "rateLimits": [
                {"rateLimitType": kind, "interval": unit, "intervalNum": number, "limit": limit}
                for kind, unit, number, limit in (
                    ("REQUEST_WEIGHT", "MINUTE", 1, self._limits.weight),
                    ("ORDERS", "SECOND", 10, self._limits.orders[10_000]),
                    ("ORDERS", "MINUTE", 1, self._limits.orders[60_000]),
                )
            ],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "0"}],
            "symbols": [futures_info(listing) for listing in self._venue.listings.values()],
        }

    def place(self, call: Call) -> object:
        style = call.choice("newOrderRespType", ("ACK", "RESULT"), "ACK")
        order = self._venue.place(call.account, self._draft(call))
        return placed_row(order, ack=style == "ACK")

    def query(self, call: Call) -> object:
        order = self._venue.find(call.account, call.text("symbol"), *call.order_names())
        if call.now_ms - order.created_ms < call.query_lag_ms:
            raise no_such_order()
        return order_row(order)

    def open_order(self, call: Call) -> object:
        order = self._venue.find(call.account, call.text("symbol"), *call.order_names())
        if not order.status.is_open:
            raise no_such_order()
        return order_row(order)

    def cancel(self, call: Call) -> object:
        symbol = call.text("symbol")
        return placed_row(self._venue.cancel(call.account, symbol, *call.order_names()))

    def open_orders(self, call: Call) -> object:
        symbol = call.params.get("symbol") or None
        if symbol:
            self._venue.listing(symbol)
        return [order_row(each) for each in self._venue.open_orders(call.account, symbol)]

    def all_orders(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        rows = [
            order_row(order)
            for order in self._venue.orders.values()
            if (order.account, order.draft.symbol) == (call.account, symbol)
        ]
        return rows[-call.page(1000) :]

    def place_batch(self, call: Call) -> object:
        return self._batch(call, self.place)

    def _batch(self, call: Call, handle: Callable[[Call], object]) -> object:
        wanted = _items(call, "batchOrders")
        if len(wanted) > MOST_PLACED:
            raise ApiError(-4082, "Invalid number of batch place orders.")
        rows: list[object] = []
        for each in wanted:
            if not isinstance(each, dict):
                raise illegal("batchOrders")
            params = {name: str(value) for name, value in each.items()}
            rows.append(_element(handle, Call(call.account, params, call.now_ms)))
        return rows

    def cancel_batch(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        kind, name = ("orderIdList", "orderId")
        if not call.params.get(kind):
            kind, name = ("origClientOrderIdList", "origClientOrderId")
        wanted = _items(call, kind)
        if len(wanted) > MOST_CANCELLED:
            raise ApiError(-4032, "Exceed maximum cancel order size.")
        return [
            _element(
                self.cancel,
                Call(call.account, {"symbol": symbol, name: str(each)}, call.now_ms),
            )
            for each in wanted
        ]

    def cancel_all(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        for order in self._venue.open_orders(call.account, symbol):
            self._venue.cancel(call.account, symbol, order.id, None)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def user_trades(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        order_id, first = call.whole("orderId"), call.whole("fromId") or 0
        start = call.whole("startTime") or 0
        rows = [
            trade_row(trade)
            for trade in self._venue.trades[call.account]
            if trade.symbol == symbol
            and order_id in {None, trade.order_id}
            and trade.id >= first
            and trade.at_ms >= start
        ]
        return rows[: call.page(1000)] if first or start else rows[-call.page(1000) :]

    def premium(self, call: Call) -> object:
        rows = [
            {
                "symbol": symbol,
                "markPrice": text(self._venue.mark(symbol)),
                "indexPrice": text(last),
                "estimatedSettlePrice": text(last),
                "lastFundingRate": "0.00010000",
                "interestRate": "0.00010000",
                "nextFundingTime": call.now_ms - call.now_ms % FUNDING_MS + FUNDING_MS,
                "time": call.now_ms,
            }
            for symbol, last in self._venue.last.items()
            if call.params.get("symbol") in {None, "", symbol}
        ]
        return rows[0] if call.params.get("symbol") and rows else rows

    def modify(self, call: Call) -> object:
        order = self._venue.find(call.account, call.text("symbol"), *call.order_names())
        if call.choice("side", ("BUY", "SELL")) != order.draft.side:
            raise ApiError(-1117, "Invalid side.")
        self._venue.modify(order, call.needed("quantity"), call.needed("price"))
        return placed_row(order)

    def modify_batch(self, call: Call) -> object:
        return self._batch(call, self.modify)

    def count_down(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        span = int(call.needed("countdownTime"))
        self._venue.count_down(call.account, symbol, span)
        return {"symbol": symbol, "countdownTime": str(span)}

    def _draft(self, call: Call) -> Draft:
        kind = call.choice("type", FUTURES_TYPES)
        if kind not in {"LIMIT", "MARKET"}:
            raise ApiError(
                -4120, "Order type not supported for this endpoint. Please use the Algo Order API."
            )
        self._ids += 1
        return read_draft(
            call,
            self._venue,
            kind,
            client_id=call.client_id("newClientOrderId", f"simulated{self._ids}"),
            quantity=call.needed("quantity"),
        )


def read_draft(
    call: Call,
    venue: FuturesVenue,
    kind: str,
    *,
    client_id: str,
    quantity: Decimal,
    stop_price: Decimal | None = None,
    close_position: bool = False,
) -> Draft:
    """Read what plain and conditional orders have in common."""
    limited = kind in {"LIMIT", "STOP", "TAKE_PROFIT"}
    reduce_only = call.flag("reduceOnly")
    if reduce_only and (close_position or call.account in venue.hedged):
        raise ApiError(-1106, "Parameter 'reduceonly' sent when not required.")
    stp = call.params.get("selfTradePreventionMode") or "EXPIRE_MAKER"
    if stp not in FUTURES_STP:
        raise ApiError(-5039, "Invalid self trade prevention mode.")
    tif = call.choice("timeInForce", TIMES_IN_FORCE, None if kind == "LIMIT" else "GTC")
    till = call.whole("goodTillDate") or 0
    if tif == "GTD" and till < call.now_ms + GTD_MS:
        raise ApiError(-5040, "The goodTillDate must be more than 600 seconds ahead.")
    return Draft(
        symbol=venue.listing(call.text("symbol")).symbol,
        side=call.choice("side", ("BUY", "SELL")),
        type=kind,
        tif=tif,
        quantity=quantity,
        client_id=client_id,
        price=call.needed("price") if limited else None,
        stop_price=stop_price,
        stp=stp,
        reduce_only=reduce_only,
        close_position=close_position,
        position_side=call.choice("positionSide", ("BOTH", "LONG", "SHORT"), "BOTH"),
        good_till_ms=till if tif == "GTD" else 0,
    )


def _items(call: Call, name: str) -> list[object]:
    try:
        items = orjson.loads(call.text(name))
    except orjson.JSONDecodeError:
        raise illegal(name) from None
    if not isinstance(items, list) or not items:
        raise illegal(name)
    return items


def _element(handle: Callable[[Call], object], call: Call) -> object:
    try:
        return handle(call)
    except ApiError as error:
        return error.body
