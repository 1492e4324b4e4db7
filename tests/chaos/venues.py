"""Trials at Binance and KIS: their simulators as processes, behind wires that fail."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
import orjson

from adapters.clock import SystemClock
from adapters.sqlite.driver import connect_to_look
from tests.chaos.houses import TOP, Ware, books_text
from tests.chaos.relay import Relay
from tests.chaos.simulators import Simulator

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.chaos.skewed import Skew

BINANCE = """\
[accounts.coins]
broker = "binance"
market = "24/7"
market_type = "spot"
currency = "USDT"
base_url = "http://127.0.0.1:{port}"
ws_url = "ws://127.0.0.1:{port}"
credentials.api_key = {{ file = "coins.key" }}
credentials.api_secret = {{ file = "coins.secret" }}
"""
KIS = """\
[accounts.seoul]
broker = "kis"
environment = "live"
market = "XKRX"
currency = "KRW"
account_no = "{number}"
hts_id = "{hts}"
commission_percent = "0.0140527"
sell_tax_percent = "0.20"
base_url = "http://127.0.0.1:{port}"
ws_url = "ws://127.0.0.1:{port}"
credentials.app_key = {{ file = "seoul.key" }}
credentials.app_secret = {{ file = "seoul.secret" }}
"""
ORDER_KINDS = {"MARKET": 3, "LIMIT": 4, "TWAP": 2}
HTTP_S = 10.0
ALL_ORDERS = 1000
"""What Binance's list of all orders gives at most; a trial places fewer of a symbol."""


@dataclass(frozen=True, slots=True)
class There:
    """An order in the broker's own books."""

    name: str
    symbol: str
    filled: Decimal
    is_open: bool


@dataclass(frozen=True, slots=True)
class Here:
    """The same order in the daemon's."""

    name: str
    symbol: str
    filled: Decimal
    state: str


def disagreements(here: Sequence[Here], there: Sequence[There]) -> list[str]:
    """Say where the daemon's books and the broker's differ; every order must be in both once."""
    faults = [
        f"order {name} is {times} times at the broker"
        for (name, _), times in Counter((each.name, each.symbol) for each in there).items()
        if times > 1
    ]
    seen = {(each.name, each.symbol): each for each in there}
    for mine in here:
        theirs = seen.pop((mine.name, mine.symbol), None)
        if theirs is None:
            if mine.filled or mine.state not in {"rejected", "cancelled", "expired", "planned"}:
                faults.append(f"{mine} is not at the broker")
        elif mine.filled != theirs.filled:
            faults.append(f"{mine} has filled {theirs.filled} at the broker")
        elif theirs.is_open is not (mine.state in {"open", "partially_filled"}):
            faults.append(f"{mine}, and at the broker {theirs}")
    return faults + [f"{each} is nobody's" for each in seen.values()]


class VenueHouse:
    """Spot at Binance and a fund at KIS in Seoul; two strategies each."""

    senders = 6

    def __init__(self, seed: int, skew: Skew) -> None:
        self._seed = seed
        self._skew = skew
        self._simulators: list[Simulator] = []
        self._relays: list[Relay] = []
        self._coins = ("", "")
        coins = (
            Ware(
                symbol="BTCUSDT",
                price=Decimal(50_000),
                step=Decimal(50),
                unit=Decimal("0.01"),
                kinds={**ORDER_KINDS, "STOP_LIMIT": 1},
            ),
            Ware(symbol="ETHUSDT", price=Decimal(2000), unit=Decimal("0.1"), kinds=ORDER_KINDS),
        )
        funds = (Ware(symbol="069500", price=Decimal(41_400), step=Decimal(50), kinds=ORDER_KINDS),)
        self.wares: Mapping[str, Sequence[Ware]] = {
            "alpha": coins,
            "beta": coins,
            "gamma": funds,
            "delta": funds,
        }

    @property
    def wires(self) -> Sequence[Relay]:
        return self._relays

    async def open(self, folder: Path) -> str:
        seed = ("--seed", str(self._seed))
        binance = await Simulator.start(
            "tests.simulators.binance", self._skew, 3, *seed, "--account", "coins"
        )
        kis = await Simulator.start("tests.simulators.kis", self._skew, 4, *seed, "--walk", "0")
        self._simulators = [binance, kis]
        *_, key, _, secret = binance.words("coins", "hmac")
        self._coins = (key, secret)
        _, _, number, _, hts, _, app_key, _, app_secret = kis.words("alice")
        for name, text in (
            ("coins.key", key),
            ("coins.secret", secret),
            ("seoul.key", app_key),
            ("seoul.secret", app_secret),
        ):
            (folder / name).write_text(text)
        self._relays = [Relay(binance.port), Relay(kis.port)]
        coins, seoul = [await relay.open() for relay in self._relays]
        books = (("alpha", "coins"), ("beta", "coins"))
        funds = (("gamma", "seoul"), ("delta", "seoul"))
        return (
            TOP
            + BINANCE.format(port=coins)
            + KIS.format(port=seoul, number=number, hts=hts)
            + books_text(books, "100000")
            + books_text(funds, "30000000")
        )

    def is_acquainted(self, database: Path) -> bool:
        with closing(connect_to_look(database)) as ours:
            found = ours.execute(
                "SELECT COUNT(DISTINCT account) FROM ledger_events WHERE kind = 'opening'"
            )
            return int(found.fetchone()[0]) == len(self._relays)

    async def faults(self, database: Path) -> list[str]:
        with closing(connect_to_look(database)) as ours:
            coins, funds = (
                _orders_of(ours, "coins", "id"),
                _orders_of(ours, "seoul", "CAST(broker_order_id AS INTEGER)"),
            )
            found = [
                f"ledger: {row[0]} {row[1]}"
                for row in ours.execute(
                    "SELECT account, note FROM ledger_events WHERE kind = 'difference'"
                )
            ]
        timeout = aiohttp.ClientTimeout(total=HTTP_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            found += disagreements(coins, await self._at_binance(session))
            found += disagreements(funds, await self._at_kis(session))
        return found

    async def close(self) -> None:
        for relay in self._relays:
            await relay.close()
        for simulator in self._simulators:
            await simulator.stop()

    async def _at_binance(self, session: aiohttp.ClientSession) -> list[There]:
        key, secret = self._coins
        found = []
        for symbol in ("BTCUSDT", "ETHUSDT"):
            now_ms = int((SystemClock().now() + self._skew.ahead).timestamp() * 1000)
            query = urlencode({"symbol": symbol, "limit": ALL_ORDERS, "timestamp": now_ms})
            signature = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
            url = f"http://127.0.0.1:{self._simulators[0].port}/api/v3/allOrders"
            headers = {"X-MBX-APIKEY": key}
            async with session.get(
                f"{url}?{query}&signature={signature}", headers=headers
            ) as answer:
                rows: list[dict[str, Any]] = orjson.loads(await answer.read())
                assert answer.status == 200, rows
            found += [
                There(
                    row["clientOrderId"],
                    symbol,
                    Decimal(row["executedQty"]),
                    row["status"] in {"NEW", "PARTIALLY_FILLED"},
                )
                for row in rows
            ]
        return found

    async def _at_kis(self, session: aiohttp.ClientSession) -> list[There]:
        url = f"http://127.0.0.1:{self._simulators[1].port}/control"
        async with session.get(url) as answer:
            told: dict[str, Any] = orjson.loads(await answer.read())
        return [
            There(str(row["number"]), row["symbol"], Decimal(row["filled"]), row["remaining"] > 0)
            for row in told["accounts"]["alice"]["orders"]
            if row["what"] == "new"
        ]


def _orders_of(database: sqlite3.Connection, account: str, name: str) -> list[Here]:
    """Read an account's orders under the names that its broker knows them by."""
    rows = database.execute(
        f"SELECT {name}, symbol, filled, state, id FROM child_orders WHERE account = ?",  # noqa: S608
        (account,),
    )
    return [Here(str(row[0] or row[4]), row[1], Decimal(row[2]), row[3]) for row in rows.fetchall()]
