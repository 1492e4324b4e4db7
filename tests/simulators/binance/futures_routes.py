"""The USD-M futures REST routes for plain orders, positions and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from tests.simulators.binance.calls import Call, Route, Security
from tests.simulators.binance.errors import ApiError, illegal, no_such_order
from tests.simulators.binance.listings import FUTURES_STP, FUTURES_TYPES, futures_info
from tests.simulators.binance.market_data import MarketData
from tests.simulators.binance.orders import ZERO, Draft, Order, Trade

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tests.simulators.binance.futures import FuturesVenue
    from tests.simulators.binance.limits import Limits
    from tests.simulators.binance.listen_keys import ListenKeys

PUBLIC = Security.NONE
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD")
MOST_PLACED, MOST_CANCELLED = 5, 10


def text(value: Decimal) -> str:
    return f"{value:.8f}"


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
        "closePosition": False,
        "side": draft.side,
        "positionSide": draft.position_side,
        "stopPrice": text(ZERO),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": draft.type,
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
    def __init__(self, venue: FuturesVenue, limits: Limits, keys: ListenKeys) -> None:
        self._venue = venue
        self._limits = limits
        self._keys = keys
        self._ids = 0
        self._data = MarketData(venue)

    def table(self) -> dict[str, Route]:
        data = self._data
        return {
            "GET /fapi/v1/ping": Route(data.ping, 1, PUBLIC),
            "GET /fapi/v1/time": Route(data.time, 1, PUBLIC),
            "GET /fapi/v1/exchangeInfo": Route(self.exchange_info, 1, PUBLIC),
            "GET /fapi/v1/depth": Route(data.depth, 5, PUBLIC),
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
            "GET /fapi/v3/balance": Route(self.balance, 5),
            "GET /fapi/v2/balance": Route(self.balance, 5),
            "GET /fapi/v3/positionRisk": Route(self.positions, 5),
            "GET /fapi/v2/positionRisk": Route(self.positions, 5),
            "POST /fapi/v1/listenKey": Route(self.open_stream, 1, Security.KEY),
            "PUT /fapi/v1/listenKey": Route(self.extend_stream, 1, Security.KEY),
            "DELETE /fapi/v1/listenKey": Route(self.end_stream, 1, Security.KEY),
            "POST /fapi/v1/leverage": Route(self.set_leverage, 1),
            "GET /fapi/v1/positionSide/dual": Route(self.mode, 30),
            "POST /fapi/v1/positionSide/dual": Route(self.set_mode, 1),
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
        wanted = _items(call, "batchOrders")
        if len(wanted) > MOST_PLACED:
            raise ApiError(-4082, "Invalid number of batch place orders.")
        rows: list[object] = []
        for each in wanted:
            if not isinstance(each, dict):
                raise illegal("batchOrders")
            params = {name: str(value) for name, value in each.items()}
            rows.append(_element(self.place, Call(call.account, params, call.now_ms)))
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

    def balance(self, call: Call) -> object:
        free = text(self._venue.available(call.account))
        profit = text(self._venue.profit(call.account))
        return [
            {
                "accountAlias": call.account,
                "asset": asset,
                "balance": text(amount),
                "crossWalletBalance": text(amount),
                "crossUnPnl": profit,
                "availableBalance": free,
                "maxWithdrawAmount": free,
                "marginAvailable": True,
                "updateTime": call.now_ms,
            }
            for asset, amount in self._venue.wallets[call.account].items()
        ]

    def positions(self, call: Call) -> object:
        chosen = call.params.get("symbol") or None
        venue = self._venue
        return [
            {
                "symbol": symbol,
                "positionSide": side,
                "positionAmt": text(position.amount),
                "entryPrice": text(position.entry),
                "breakEvenPrice": text(position.entry),
                "markPrice": text(venue.last[symbol]),
                "unRealizedProfit": text((venue.last[symbol] - position.entry) * position.amount),
                "liquidationPrice": "0",
                "leverage": str(venue.leverage[call.account, symbol]),
                "notional": text(venue.last[symbol] * position.amount),
                "marginAsset": "USDT",
                "updateTime": call.now_ms,
            }
            for (account, symbol, side), position in venue.positions.items()
            if account == call.account and chosen in {None, symbol} and position.amount
        ]

    def set_leverage(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        leverage = int(call.needed("leverage"))
        if not 1 <= leverage <= 125:
            raise ApiError(-4028, f"Leverage {leverage} is not valid.")
        self._venue.leverage[call.account, symbol] = leverage
        return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": "1000000"}

    def open_stream(self, call: Call) -> object:
        return {"listenKey": self._keys.open(call.account, call.now_ms)}

    def extend_stream(self, call: Call) -> object:
        return {"listenKey": self._keys.extend(call.account, call.now_ms)}

    def end_stream(self, call: Call) -> object:
        self._keys.end(call.account)
        return {}

    def mode(self, call: Call) -> object:
        return {"dualSidePosition": call.account in self._venue.hedged}

    def set_mode(self, call: Call) -> object:
        call.text("dualSidePosition")
        wanted, venue = call.flag("dualSidePosition"), self._venue
        if wanted == (call.account in venue.hedged):
            raise ApiError(-4059, "No need to change position side.")
        if venue.open_orders(call.account):
            raise ApiError(-4067, "Position side cannot be changed if there exists open orders.")
        if any(held.amount for key, held in venue.positions.items() if key[0] == call.account):
            raise ApiError(-4068, "Position side cannot be changed if there exists position.")
        (venue.hedged.add if wanted else venue.hedged.discard)(call.account)
        return {"code": 200, "msg": "success"}

    def _draft(self, call: Call) -> Draft:
        symbol = self._venue.listing(call.text("symbol")).symbol
        side = call.choice("side", ("BUY", "SELL"))
        kind = call.choice("type", FUTURES_TYPES)
        if kind not in {"LIMIT", "MARKET"}:
            raise ApiError(
                -4120, "Order type not supported for this endpoint. Please use the Algo Order API."
            )
        limited = kind == "LIMIT"
        reduce_only = call.flag("reduceOnly")
        if reduce_only and call.account in self._venue.hedged:
            raise ApiError(-1106, "Parameter 'reduceonly' sent when not required.")
        stp = call.params.get("selfTradePreventionMode") or "EXPIRE_MAKER"
        if stp not in FUTURES_STP:
            raise ApiError(-5039, "Invalid self trade prevention mode.")
        self._ids += 1
        return Draft(
            symbol=symbol,
            side=side,
            type=kind,
            tif=call.choice("timeInForce", TIMES_IN_FORCE, None if limited else "GTC"),
            quantity=call.needed("quantity"),
            client_id=call.client_id("newClientOrderId", f"simulated{self._ids}"),
            price=call.needed("price") if limited else None,
            stp=stp,
            reduce_only=reduce_only,
            position_side=call.choice("positionSide", ("BOTH", "LONG", "SHORT"), "BOTH"),
            good_till_ms=call.whole("goodTillDate") or 0,
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
