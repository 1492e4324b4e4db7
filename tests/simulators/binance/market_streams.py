"""Public market data as it is pushed: trades, candles, tickers, books and their changes.

The market stands still until something moves it, and so do its streams.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from tests.simulators.binance import market_words as words
from tests.simulators.binance.calls import Call
from tests.simulators.binance.futures import FuturesVenue
from tests.simulators.binance.market_data import INTERVALS_MS, MarketData

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.simulators.binance.connection import Connection
    from tests.simulators.binance.orders import Trade
    from tests.simulators.binance.venue import Venue

Levels = dict[Decimal, Decimal]
STREAM = re.compile(
    r"(?:(?P<symbol>[a-z0-9]+)@|!)"
    r"(?P<kind>trade|aggTrade|ticker|miniTicker|bookTicker|depth|kline|markPrice)"
    r"(?P<depth>5|10|20)?(?:_(?P<interval>\w+))?(?P<all>@arr)?(?:@[0-9]+m?s)?"
)


@dataclass(slots=True)
class Told:
    """What was last told of a symbol."""

    books: dict[str, Levels] = field(default_factory=lambda: {"BUY": {}, "SELL": {}})
    trades: int = 0
    last: Decimal = Decimal(0)
    mark: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a symbol since it was last told."""

    bids: list[list[str]]
    asks: list[list[str]]
    trades: list[Trade]
    first_id: int
    last_id: int


class MarketStreams:
    """Serves the subscriptions of connections to one venue's market data."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._data = MarketData(venue)
        self._told: dict[str, Told] = defaultdict(Told)
        self._is_futures = isinstance(venue, FuturesVenue)

    def request(self, connection: Connection, text: str) -> None:
        """Subscribe and unsubscribe."""
        try:
            asked = orjson.loads(text)
            method, given, number = asked["method"], asked.get("params") or [], asked.get("id")
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            connection.say({"code": 3, "msg": "Invalid JSON: expected a request"})
            return
        match method:
            case "SUBSCRIBE" if all(isinstance(each, str) for each in given):
                self.subscribe(connection, given)
            case "UNSUBSCRIBE" if all(isinstance(each, str) for each in given):
                connection.streams.difference_update(given)
            case "LIST_SUBSCRIPTIONS":
                connection.say({"result": sorted(connection.streams), "id": number})
                return
            case _:
                refused = {"code": 2, "msg": f"Invalid request: {method}"}
                connection.say({"error": refused, "id": number})
                return
        connection.say({"result": None, "id": number})

    def subscribe(self, connection: Connection, streams: Iterable[str]) -> None:
        """Push from now on. A stream that does not exist is taken, and stays silent."""
        connection.streams.update(streams)
        for symbol in self.venue.listings:
            if not self._told[symbol].last:
                self._change(symbol)  # what was before is not news

    def tell(self, connections: Iterable[Connection]) -> None:
        """Push what has changed to those who asked for it."""
        listeners = [each for each in connections if each.venue is self.venue and each.streams]
        if not listeners:
            return
        for symbol in self.venue.listings:
            change = self._change(symbol)
            if change is None:
                continue
            for connection in listeners:
                for stream in sorted(connection.streams):
                    for message in self._messages(stream, symbol, change):
                        named = {"stream": stream, "data": message}
                        connection.say(named if connection.is_combined else message)

    def _change(self, symbol: str) -> Change | None:
        """Compare a symbol with what was told of it, and take that for told."""
        told, venue = self._told[symbol], self.venue
        sides: list[list[list[str]]] = []
        for side, before in told.books.items():
            now = dict(venue.levels(symbol, side))
            gone = {price: Decimal(0) for price in before if price not in now}
            new = {price: size for price, size in now.items() if before.get(price) != size}
            sides.append([[str(price), str(size)] for price, size in {**gone, **new}.items()])
            told.books[side] = now
        trades = venue.tape[symbol][told.trades :]
        mark = venue.mark(symbol) if isinstance(venue, FuturesVenue) else Decimal(0)
        moved = (told.last, told.mark) != (venue.last[symbol], mark)
        if not (moved or trades or sides[0] or sides[1]):
            return None
        told.trades, told.last, told.mark = len(venue.tape[symbol]), venue.last[symbol], mark
        first = venue.update_ids[symbol] + 1
        venue.update_ids[symbol] += max(1, len(sides[0]) + len(sides[1]))
        return Change(sides[0], sides[1], trades, first, venue.update_ids[symbol])

    def _messages(self, stream: str, symbol: str, change: Change) -> Iterator[object]:
        match = STREAM.fullmatch(stream)
        if match is None or match["symbol"] not in {None, symbol.lower()}:
            return
        stamp = words.Stamp(E=self.venue.now_ms(), s=symbol)
        match match["kind"]:
            case "trade" | "aggTrade" as kind:
                yield from (words.trade(each, kind, stamp) for each in change.trades)
            case "depth":
                yield self._depth(symbol, change, match["depth"], stamp)
            case "kline" if match["interval"] in INTERVALS_MS:
                yield self._candle(symbol, match["interval"], stamp)
            case "ticker" | "miniTicker" as kind:
                message = words.ticker(kind, self._data.day(symbol, stamp["E"]), stamp)
                yield [message] if match["all"] else message
            case "bookTicker":
                yield words.best(self._data.best_of(symbol, stamp["E"]), change.last_id, stamp)
            case "markPrice" if isinstance(self.venue, FuturesVenue):
                mark = words.mark(self.venue.mark(symbol), self.venue.last[symbol], stamp)
                yield [mark] if match["all"] else mark

    def _depth(
        self, symbol: str, change: Change, depth: str | None, stamp: words.Stamp
    ) -> words.Message:
        bids, asks = change.bids, change.asks
        if depth is not None:
            bids, asks = (
                [
                    [str(price), str(size)]
                    for price, size in self.venue.levels(symbol, side)[: int(depth)]
                ]
                for side in ("BUY", "SELL")
            )
            if not self._is_futures:
                return {"lastUpdateId": change.last_id, "bids": bids, "asks": asks}
        message: words.Message = {
            "e": "depthUpdate",
            **stamp,
            "U": change.first_id,
            "u": change.last_id,
        }
        if self._is_futures:
            message |= {"T": stamp["E"], "pu": change.first_id - 1}
        return {**message, "b": bids, "a": asks}

    def _candle(self, symbol: str, interval: str, stamp: words.Stamp) -> words.Message:
        params = {"symbol": symbol, "interval": interval, "limit": "1"}
        return words.candle(self._data.candles(Call("", params, stamp["E"]))[0], interval, stamp)
