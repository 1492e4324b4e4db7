"""Public reads that spot and futures share: book, trades, candles, tickers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.binance.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulators.binance.calls import Call
    from tests.simulators.binance.venue import Venue

INTERVALS_MS = {
    "1m": 60_000,
    "5m": 300_000,
    "15m": 900_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
}
DAY_MS = INTERVALS_MS["1d"]


class MarketData:
    """The house's market as the public routes show it. Candles of the past are level."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def time(self, call: Call) -> object:
        return {"serverTime": call.now_ms}

    def ping(self, _call: Call) -> object:
        return {}

    def depth(self, call: Call) -> object:
        symbol = self._symbol(call)
        limit = call.page(5000)
        book: dict[str, object] = {
            name: [[str(price), str(size)] for price, size in self._venue.levels(symbol, side)][
                :limit
            ]
            for name, side in (("bids", "BUY"), ("asks", "SELL"))
        }
        return {
            "lastUpdateId": self._venue.update_ids[symbol],
            "E": call.now_ms,
            "T": call.now_ms,
            **book,
        }

    def trades(self, call: Call) -> object:
        symbol = self._symbol(call)
        return [
            {
                "id": trade.id,
                "price": str(trade.price),
                "qty": str(trade.quantity),
                "quoteQty": str(trade.quote),
                "time": trade.at_ms,
                "isBuyerMaker": trade.maker == (trade.side == "BUY"),
                "isBestMatch": True,
            }
            for trade in self._venue.tape[symbol][-call.page(1000) :]
        ]

    def aggregate_trades(self, call: Call) -> object:
        symbol = self._symbol(call)
        return [
            {
                "a": trade.id,
                "p": str(trade.price),
                "q": str(trade.quantity),
                "f": trade.id,
                "l": trade.id,
                "T": trade.at_ms,
                "m": trade.maker == (trade.side == "BUY"),
                "M": True,
            }
            for trade in self._venue.tape[symbol][-call.page(1000) :]
        ]

    def candles(self, call: Call) -> list[list[object]]:
        symbol = self._symbol(call)
        length = INTERVALS_MS.get(call.text("interval"))
        if length is None:
            raise ApiError(-1120, "Invalid interval.")
        end = call.whole("endTime") or call.now_ms
        start = call.whole("startTime")
        count = call.page(1000)
        first = end - end % length - (count - 1) * length if start is None else -(-start // length)
        first = first if start is None else first * length
        price, none = str(self._venue.last[symbol]), "0"
        return [
            [at, price, price, price, price, none, at + length - 1, none, 0, none, none, none]
            for at in range(first, end + 1, length)[:count]
        ]

    def ticker(self, call: Call) -> object:
        return self._each(call, self.day)

    def price(self, call: Call) -> object:
        return self._each(
            call,
            lambda symbol, now_ms: {
                "symbol": symbol,
                "price": str(self._venue.last[symbol]),
                "time": now_ms,
            },
        )

    def best(self, call: Call) -> object:
        return self._each(call, self.best_of)

    def day(self, symbol: str, now_ms: int) -> dict[str, object]:
        opened, last = self._venue.listings[symbol].price, self._venue.last[symbol]
        change = last - opened
        traded = [each for each in self._venue.tape[symbol] if each.at_ms > now_ms - DAY_MS]
        volume = sum((each.quantity for each in traded), Decimal(0))
        return {
            **self.best_of(symbol, now_ms),
            "priceChange": str(change),
            "priceChangePercent": f"{change / opened * 100:.3f}",
            "weightedAvgPrice": str(last),
            "prevClosePrice": str(opened),
            "lastPrice": str(last),
            "lastQty": str(traded[-1].quantity) if traded else "0",
            "openPrice": str(opened),
            "highPrice": str(max(opened, last)),
            "lowPrice": str(min(opened, last)),
            "volume": str(volume),
            "quoteVolume": str(sum((each.quote for each in traded), Decimal(0))),
            "openTime": now_ms - DAY_MS,
            "closeTime": now_ms,
            "firstId": traded[0].id if traded else -1,
            "lastId": traded[-1].id if traded else -1,
            "count": len(traded),
        }

    def best_of(self, symbol: str, now_ms: int) -> dict[str, object]:
        (bid, bids), (ask, asks) = (self._venue.levels(symbol, side)[0] for side in ("BUY", "SELL"))
        return {
            "symbol": symbol,
            "bidPrice": str(bid),
            "bidQty": str(bids),
            "askPrice": str(ask),
            "askQty": str(asks),
            "time": now_ms,
        }

    def _each(self, call: Call, row: Callable[[str, int], dict[str, object]]) -> object:
        if call.params.get("symbol"):
            return row(self._symbol(call), call.now_ms)
        return [row(symbol, call.now_ms) for symbol in self._venue.listings]

    def _symbol(self, call: Call) -> str:
        return self._venue.listing(call.text("symbol")).symbol
