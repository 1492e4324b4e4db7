"""What the market streams say, in their one-letter words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from tests.simulators.binance.orders import Trade

Message = dict[str, object]
MINI = {
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "c": "lastPrice",
    "v": "volume",
    "q": "quoteVolume",
}
WHOLE = MINI | {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "x": "prevClosePrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}


class Stamp(TypedDict):
    """The event's time in ms, and the symbol."""

    E: int
    s: str


def trade(done: Trade, kind: str, stamp: Stamp) -> Message:
    message: Message = {
        "e": kind,
        **stamp,
        "p": str(done.price),
        "q": str(done.quantity),
        "T": done.at_ms,
        "m": done.maker == (done.side == "BUY"),
        "M": True,
    }
    if kind == "trade":
        return {**message, "t": done.id}
    return {**message, "a": done.id, "f": done.id, "l": done.id}


def ticker(kind: str, day: Mapping[str, object], stamp: Stamp) -> Message:
    """Spell a row of the 24-hour statistics."""
    mini = kind == "miniTicker"
    fields = {letter: day[name] for letter, name in (MINI if mini else WHOLE).items()}
    return {"e": "24hrMiniTicker" if mini else "24hrTicker", **stamp, **fields}


def best(row: Mapping[str, object], number: int, stamp: Stamp) -> Message:
    sizes = {"b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty"}
    fields = {letter: row[name] for letter, name in sizes.items()}
    return {"e": "bookTicker", "u": number, **stamp, "T": stamp["E"], **fields}


def mark(price: Decimal, index: Decimal, stamp: Stamp) -> Message:
    return {
        "e": "markPriceUpdate",
        **stamp,
        "p": str(price),
        "i": str(index),
        "P": str(index),
        "r": "0.00010000",
        "T": stamp["E"],
    }


def candle(row: list[object], interval: str, stamp: Stamp) -> Message:
    """Spell a row of the candles."""
    opened, first, highest, lowest, closed, volume, end, quote, count = row[:9]
    return {
        "e": "kline",
        **stamp,
        "k": {
            "t": opened,
            "T": end,
            "s": stamp["s"],
            "i": interval,
            "o": first,
            "h": highest,
            "l": lowest,
            "c": closed,
            "v": volume,
            "n": count,
            "x": False,
            "q": quote,
        },
    }
