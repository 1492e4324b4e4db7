"""The REST routes of the conditional futures orders."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.binance.calls import Call, Route
from tests.simulators.binance.errors import ApiError, missing, no_such_order
from tests.simulators.binance.futures_routes import read_draft
from tests.simulators.binance.listings import FUTURES_TYPES
from tests.simulators.binance.orders import ZERO
from tests.simulators.binance.words import text

if TYPE_CHECKING:
    from tests.simulators.binance.futures import FuturesVenue
    from tests.simulators.binance.orders import AlgoOrder, Draft

CONDITIONAL = FUTURES_TYPES[2:]
TRAILING = "TRAILING_STOP_MARKET"


def algo_row(order: AlgoOrder) -> dict[str, object]:
    draft, born = order.draft, order.born
    row: dict[str, object] = {
        "algoId": order.id,
        "clientAlgoId": draft.client_id,
        "algoType": "CONDITIONAL",
        "orderType": draft.type,
        "symbol": draft.symbol,
        "side": draft.side,
        "positionSide": draft.position_side,
        "timeInForce": draft.tif,
        "quantity": text(draft.quantity),
        "algoStatus": order.status.value,
        "triggerPrice": text(draft.stop_price or ZERO),
        "price": text(draft.price or ZERO),
        "icebergQuantity": None,
        "selfTradePreventionMode": draft.stp,
        "workingType": "MARK_PRICE" if order.by_mark_price else "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": draft.close_position,
        "priceProtect": False,
        "reduceOnly": draft.reduce_only,
        "createTime": order.created_ms,
        "updateTime": order.updated_ms,
        "triggerTime": order.triggered_ms,
        "goodTillDate": draft.good_till_ms,
    }
    if order.callback_percent is not None:
        row["callbackRate"] = text(order.callback_percent)
        row["activatePrice"] = text(order.activation or ZERO)
    return row | {
        "actualOrderId": str(born.id) if born else "",
        "actualPrice": text(born.average if born else ZERO),
        "actualQty": text(born.executed if born else ZERO),
        "failureReason": order.failure,
    }


class AlgoRoutes:
    def __init__(self, venue: FuturesVenue) -> None:
        self._venue = venue
        self._desk = venue.algos
        self._ids = 0

    def table(self) -> dict[str, Route]:
        return {
            "POST /fapi/v1/algoOrder": Route(self.place, 0, orders=(1, 1)),
            "GET /fapi/v1/algoOrder": Route(self.query, 1),
            "DELETE /fapi/v1/algoOrder": Route(self.cancel, 1),
            "GET /fapi/v1/openAlgoOrders": Route(self.open_orders, 1),
            "GET /fapi/v1/allAlgoOrders": Route(self.all_orders, 5),
            "DELETE /fapi/v1/algoOpenOrders": Route(self.cancel_all, 1),
        }

    def place(self, call: Call) -> object:
        call.choice("algoType", ("CONDITIONAL",))
        trails = call.text("type") == TRAILING
        working = call.choice("workingType", ("CONTRACT_PRICE", "MARK_PRICE"), "CONTRACT_PRICE")
        order = self._desk.place(
            call.account,
            self._draft(call),
            by_mark_price=working == "MARK_PRICE",
            callback_percent=_callback(call) if trails else None,
            activation=call.number("activatePrice") if trails else None,
        )
        row = algo_row(order)
        return {name: value for name, value in row.items() if not name.startswith("actual")}

    def _draft(self, call: Call) -> Draft:
        kind = call.choice("type", CONDITIONAL)
        closes = call.flag("closePosition")
        if closes and kind not in {"STOP_MARKET", "TAKE_PROFIT_MARKET"}:
            raise ApiError(
                -4136, f"Target strategy invalid for orderType {kind}, closePosition true"
            )
        if closes and call.params.get("quantity"):
            raise ApiError(-4137, "Quantity must be zero with closePosition equals true")
        self._ids += 1
        return read_draft(
            call,
            self._venue,
            kind,
            client_id=call.client_id("clientAlgoId", f"algo-{self._ids}"),
            quantity=ZERO if closes else call.needed("quantity"),
            stop_price=None if kind == TRAILING else call.needed("triggerPrice"),
            close_position=closes,
        )

    def query(self, call: Call) -> object:
        order = self._desk.find(call.account, *_names(call))
        if call.now_ms - order.created_ms < call.query_lag_ms:
            raise no_such_order()
        return algo_row(order)

    def cancel(self, call: Call) -> object:
        order = self._desk.cancel(call.account, *_names(call))
        return {
            "algoId": order.id,
            "clientAlgoId": order.draft.client_id,
            "code": "200",
            "msg": "success",
        }

    def open_orders(self, call: Call) -> object:
        return [algo_row(order) for order in self._mine(call) if order.is_open]

    def all_orders(self, call: Call) -> object:
        call.text("symbol")
        start, end = call.whole("startTime") or 0, call.whole("endTime") or call.now_ms
        rows = [algo_row(each) for each in self._mine(call) if start <= each.created_ms <= end]
        return rows[-call.page(1000) :]

    def cancel_all(self, call: Call) -> object:
        call.text("symbol")
        for order in self._mine(call):
            if order.is_open:
                self._desk.cancel(call.account, order.id, None)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _mine(self, call: Call) -> list[AlgoOrder]:
        symbol = call.params.get("symbol") or None
        if symbol is not None:
            self._venue.listing(symbol)
        return self._desk.of(call.account, symbol)


def _names(call: Call) -> tuple[int | None, str | None]:
    number, client_id = call.whole("algoId"), call.params.get("clientAlgoId")
    if number is None and not client_id:
        raise missing("algoId")
    return number, client_id


def _callback(call: Call) -> Decimal:
    rate = call.needed("callbackRate")
    if not Decimal("0.1") <= rate <= 10:
        raise ApiError(-2007, "Invalid callBack rate")
    return rate
