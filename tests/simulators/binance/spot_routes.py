"""The spot REST routes; the spot WebSocket API answers with the same functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulators.binance.calls import Call, Route, Security
from tests.simulators.binance.errors import ApiError, no_such_order
from tests.simulators.binance.listings import SPOT_STP, SPOT_TYPES, spot_info
from tests.simulators.binance.market_data import MarketData
from tests.simulators.binance.orders import ZERO, Draft, Order, Trade
from tests.simulators.binance.words import text

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.simulators.binance.limits import Limits
    from tests.simulators.binance.spot import SpotVenue

TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
PUBLIC = Security.NONE


def order_row(order: Order) -> dict[str, object]:
    """Spell an order as queries do; the misspelling of ``cummulativeQuoteQty`` is real."""
    draft = order.draft
    row: dict[str, object] = {
        "symbol": draft.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": draft.client_id,
        "price": text(order.price or ZERO),
        "origQty": text(order.quantity),
        "executedQty": text(order.executed),
        "cummulativeQuoteQty": text(order.quote),
        "origQuoteOrderQty": text(draft.quote_quantity or ZERO),
        "status": order.status.value,
        "timeInForce": draft.tif,
        "type": draft.type,
        "side": draft.side,
        "stopPrice": text(draft.stop_price or ZERO),
        "icebergQty": text(ZERO),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working,
        "workingTime": order.created_ms if order.working else -1,
        "selfTradePreventionMode": draft.stp,
    }
    if draft.strategy_id is not None:
        row["strategyId"] = draft.strategy_id
    if draft.strategy_type is not None:
        row["strategyType"] = draft.strategy_type
    if order.prevented:
        row["preventedQuantity"] = text(order.prevented)
    return row


def placed_row(order: Order, style: str) -> dict[str, object]:
    row = order_row(order)
    row["transactTime"] = order.created_ms
    for name in ("time", "updateTime", "isWorking", "icebergQty"):
        del row[name]
    if order.draft.stop_price is None:
        del row["stopPrice"]
    if style == "ACK":
        names = ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
        return {name: row[name] for name in names}
    if style == "FULL":
        row["fills"] = [
            {
                "price": text(trade.price),
                "qty": text(trade.quantity),
                "commission": text(trade.fee),
                "commissionAsset": trade.fee_asset,
                "tradeId": trade.id,
            }
            for trade in order.trades
        ]
    return row


def cancelled_row(order: Order, cancel_id: str) -> dict[str, object]:
    row = placed_row(order, "RESULT")
    row["origClientOrderId"] = row["clientOrderId"]
    row["clientOrderId"] = cancel_id
    row["transactTime"] = order.updated_ms
    return row


def trade_row(trade: Trade) -> dict[str, object]:
    return {
        "symbol": trade.symbol,
        "id": trade.id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(trade.quote),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.at_ms,
        "isBuyer": trade.side == "BUY",
        "isMaker": trade.maker,
        "isBestMatch": True,
    }


class SpotRoutes:
    def __init__(self, venue: SpotVenue, limits: Limits) -> None:
        self._venue = venue
        self._limits = limits
        self._ids = 0
        self.data = MarketData(venue)

    def table(self) -> dict[str, Route]:
        data, none = self.data, PUBLIC
        return {
            "GET /api/v3/ping": Route(data.ping, 1, none),
            "GET /api/v3/time": Route(data.time, 1, none),
            "GET /api/v3/exchangeInfo": Route(self.exchange_info, 20, none),
            "GET /api/v3/depth": Route(data.depth, 5, none),
            "GET /api/v3/trades": Route(data.trades, 25, none),
            "GET /api/v3/historicalTrades": Route(data.trades, 25, none),
            "GET /api/v3/aggTrades": Route(data.aggregate_trades, 4, none),
            "GET /api/v3/klines": Route(data.candles, 2, none),
            "GET /api/v3/ticker/24hr": Route(data.ticker, 2, none),
            "GET /api/v3/ticker/price": Route(data.price, 2, none),
            "GET /api/v3/ticker/bookTicker": Route(data.best, 2, none),
            "POST /api/v3/order": Route(self.place, 1, orders=(1, 1)),
            "POST /api/v3/order/test": Route(self.try_out, 1),
            "GET /api/v3/order": Route(self.query, 4),
            "DELETE /api/v3/order": Route(self.cancel, 1),
            "POST /api/v3/order/cancelReplace": Route(self.replace, 1, orders=(1, 1)),
            "GET /api/v3/openOrders": Route(self.open_orders, 6),
            "DELETE /api/v3/openOrders": Route(self.cancel_all, 1),
            "GET /api/v3/allOrders": Route(self.all_orders, 20),
            "GET /api/v3/myTrades": Route(self.my_trades, 20),
            "GET /api/v3/account": Route(self.account, 20),
            "GET /api/v3/account/commission": Route(self.commission, 20),
            "GET /api/v3/rateLimit/order": Route(self.orders_used, 40),
            "GET /sapi/v1/capital/config/getall": Route(lambda _: [], 10),
            "GET /sapi/v1/margin/allPairs": Route(lambda _: [], 1, Security.KEY),
            "GET /sapi/v1/margin/isolated/allPairs": Route(lambda _: [], 10),
            "GET /dapi/v1/exchangeInfo": Route(lambda _: {"symbols": []}, 1, none),
        }

    def exchange_info(self, call: Call) -> object:
        chosen = call.params.get("symbol")
        listings = [self._venue.listing(chosen)] if chosen else self._venue.listings.values()
        return {
            "timezone": "UTC",
            "serverTime": call.now_ms,
            "rateLimits": [
                _limit("REQUEST_WEIGHT", "MINUTE", 1, self._limits.weight),
                *(
                    _limit("ORDERS", "SECOND" if ms < 60_000 else "MINUTE", ms // 1000 % 60 or 1, n)
                    for ms, n in self._limits.orders.items()
                ),
                _limit("RAW_REQUESTS", "MINUTE", 5, 61_000),
            ],
            "exchangeFilters": [],
            "symbols": [spot_info(listing) for listing in listings],
        }

    def place(self, call: Call) -> object:
        draft = self._draft(call)
        full = draft.type in {"MARKET", "LIMIT"}
        style = call.choice(
            "newOrderRespType", ("ACK", "RESULT", "FULL"), "FULL" if full else "ACK"
        )
        return placed_row(self._venue.place(call.account, draft), style)

    def try_out(self, call: Call) -> object:
        self._venue.check(call.account, self._draft(call))
        return {}

    def query(self, call: Call) -> object:
        order = self._venue.find(call.account, call.text("symbol"), *call.order_names())
        if call.now_ms - order.created_ms < call.query_lag_ms:
            raise no_such_order()
        return order_row(order)

    def cancel(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        cancel_id = call.client_id("newClientOrderId", self._new_id())
        order = self._venue.cancel(call.account, symbol, *call.order_names(), cancel_id=cancel_id)
        return cancelled_row(order, cancel_id)

    def replace(self, call: Call) -> object:
        """Cancel and place: 409 tells that one half, or both, failed."""
        stop = call.choice("cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"))
        draft = self._draft(call)
        order_id, client_id = (
            call.whole("cancelOrderId"),
            call.params.get("cancelOrigClientOrderId"),
        )
        cancel_id = call.client_id("cancelNewClientOrderId", self._new_id())
        cancelled: object
        placed: object = None
        try:
            order = self._venue.cancel(
                call.account, draft.symbol, order_id, client_id, cancel_id=cancel_id
            )
            cancelled, cancel_result = cancelled_row(order, cancel_id), "SUCCESS"
        except ApiError as error:
            cancelled, cancel_result = error.body, "FAILURE"
        place_result = "NOT_ATTEMPTED"
        if cancel_result == "SUCCESS" or stop == "ALLOW_FAILURE":
            try:
                placed = placed_row(self._venue.place(call.account, draft), "FULL")
                place_result = "SUCCESS"
            except ApiError as error:
                placed, place_result = error.body, "FAILURE"
        answer = {
            "cancelResult": cancel_result,
            "newOrderResult": place_result,
            "cancelResponse": cancelled,
            "newOrderResponse": placed,
        }
        if (cancel_result, place_result) == ("SUCCESS", "SUCCESS"):
            return answer
        half = "SUCCESS" in {cancel_result, place_result}
        raise ReplaceError(answer, half=half)

    def open_orders(self, call: Call) -> object:
        symbol = call.params.get("symbol")
        if symbol:
            self._venue.listing(symbol)
        return [order_row(each) for each in self._venue.open_orders(call.account, symbol)]

    def cancel_all(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        rows = []
        for order in self._venue.open_orders(call.account, symbol):
            cancel_id = self._new_id()
            self._venue.cancel(call.account, symbol, order.id, None, cancel_id=cancel_id)
            rows.append(cancelled_row(order, cancel_id))
        if not rows:
            raise ApiError(-2011, "Unknown order sent.")
        return rows

    def all_orders(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        first = call.whole("orderId") or 0
        mine = [
            order_row(order)
            for order in self._venue.orders.values()
            if (order.account, order.draft.symbol) == (call.account, symbol)
            and order.id >= first
            and _in_time(call, order.created_ms)
        ]
        limit = call.page(1000)
        return mine[:limit] if first else mine[-limit:]

    def my_trades(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        order_id, first = call.whole("orderId"), call.whole("fromId")
        mine = [
            trade_row(trade)
            for trade in self._venue.trades[call.account]
            if trade.symbol == symbol
            and order_id in {None, trade.order_id}
            and trade.id >= (first or 0)
            and _in_time(call, trade.at_ms)
        ]
        forwards = first is not None or call.whole("startTime") is not None
        limit = call.page(1000)
        return mine[:limit] if forwards else mine[-limit:]

    def account(self, call: Call) -> object:
        omit = call.flag("omitZeroBalances")
        return {
            "makerCommission": 10,
            "takerCommission": 10,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "canTrade": True,
            "canWithdraw": False,
            "canDeposit": False,
            "requireSelfTradePrevention": False,
            "updateTime": call.now_ms,
            "accountType": "SPOT",
            "balances": [
                {
                    "asset": asset,
                    "free": text(self._venue.free(call.account, asset)),
                    "locked": text(self._venue.locked(call.account, asset)),
                }
                for asset, amount in sorted(self._venue.balances[call.account].items())
                if amount or not omit
            ],
            "permissions": ["SPOT"],
        }

    def commission(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        rates = {
            "maker": text(self._venue.maker_fee),
            "taker": text(self._venue.taker_fee),
            "buyer": "0",
            "seller": "0",
        }
        return {"symbol": symbol, "standardCommission": rates}

    def orders_used(self, call: Call) -> object:
        used = self._limits.orders_used(call.account, call.now_ms)
        return [
            _limit("ORDERS", "SECOND" if ms < 60_000 else "MINUTE", ms // 1000 % 60 or 1, limit)
            | {"count": used[ms]}
            for ms, limit in self._limits.orders.items()
        ]

    def _draft(self, call: Call) -> Draft:
        symbol = self._venue.listing(call.text("symbol")).symbol
        side = call.choice("side", ("BUY", "SELL"))
        kind = call.choice("type", SPOT_TYPES)
        limited = kind in {"LIMIT", "LIMIT_MAKER"} or kind.endswith("_LIMIT")
        timed = limited and kind != "LIMIT_MAKER"
        price = call.needed("price") if limited else None
        stop = call.needed("stopPrice") if "LOSS" in kind or "PROFIT" in kind else None
        cost = call.number("quoteOrderQty") if kind == "MARKET" else None
        if not limited and call.params.get("price"):
            raise ApiError(-1106, "Parameter 'price' sent when not required.")
        stp = call.params.get("selfTradePreventionMode") or "EXPIRE_MAKER"
        if stp not in SPOT_STP:
            raise ApiError(-1013, "This symbol does not allow the specified self-trade mode.")
        return Draft(
            symbol=symbol,
            side=side,
            type=kind,
            tif=call.choice("timeInForce", TIMES_IN_FORCE, None if timed else "GTC"),
            quantity=call.needed("quantity") if cost is None else self._bought(symbol, cost),
            client_id=call.client_id("newClientOrderId", self._new_id()),
            price=price,
            stop_price=stop,
            quote_quantity=cost,
            stp=stp,
            strategy_id=call.whole("strategyId"),
            strategy_type=call.whole("strategyType"),
        )

    def _bought(self, symbol: str, cost: Decimal) -> Decimal:
        step = self._venue.listings[symbol].step
        return cost // (self._venue.ask(symbol) * step) * step

    def _new_id(self) -> str:
        self._ids += 1
        return f"simulated{self._ids}"


class ReplaceError(ApiError):
    """A cancel-replace of which a part failed; what each part answered is in ``data``."""

    def __init__(self, data: dict[str, object], *, half: bool) -> None:
        if half:
            super().__init__(-2021, "Order cancel-replace partially failed.", status=409)
        else:
            super().__init__(-2022, "Order cancel-replace failed.", status=400)
        self._data = data

    @property
    def body(self) -> dict[str, object]:
        return {**super().body, "data": self._data}


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, object]:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }


def _in_time(call: Call, at_ms: int) -> bool:
    start, end = call.whole("startTime"), call.whole("endTime")
    return (start is None or at_ms >= start) and (end is None or at_ms <= end)
