"""How long a page of each list takes in a large book: ``python -m tests.bench.listing``.

A thousand books over ten accounts, 10,000 open parent orders with as many orders at the broker,
100,000 fills and as many notices, in a database file. Each page is asked for over HTTP from a
server with one client: what is told is the time of a whole request and answer. ``--json`` prints
the rows for programs; ``--scale 0.1`` is a tenth of it all.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import orjson
from aiohttp.test_utils import TestClient, TestServer

from adapters.sqlite.driver import ThreadedDriver
from algorithms.decimals import multiply, to_text
from daemon.api.views import Lists
from daemon.cli.table import table
from daemon.config import load_config
from daemon.setup import Current, setup_of
from daemon.storage.schema import migrate
from tests.daemon.api.fakes import ADMIN, House
from tests.support.world import START

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNTS, BOOKS, OPEN_PARENTS, FILLS = 10, 1_000, 10_000, 100_000
ROUNDS = 15
SECONDS_MAX = 0.05
START_US = 1_795_132_800_000_000
SYMBOLS = [f"S{number:02}" for number in range(50)]
PATHS = (
    "accounts",
    "strategies?limit=500",
    "books",
    "books?account=acc3&limit=500",
    "orders",
    "orders?limit=500",
    "orders?book=b7",
    "orders?status=working&symbol=S07",
    "orders?status=cancelled",
    "open-orders",
    "open-orders?book=b7",
    "fills",
    "fills?limit=500",
    "fills?book=b7",
    "fills?account=acc3&symbol=S07&side=sell",
    "fills?strategy=s7",
    "fills?to=2026-11-20T00:30:00Z",
    "fills?symbol=NONE",
    "history",
    "history?limit=500",
    "history?book=b7",
    "history?account=acc3&symbol=S07",
    "history?kind=deposit",
    "positions",
    "positions?book=b7",
    "netting",
    "netting?symbol=NONE",
    "webhooks",
    "webhooks?strategy=s7",
    "events",
    "events?book=b7",
    "events?code=none",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One page. Times in seconds."""

    path: str
    items: int
    median: float
    worst: float


def fill(path: Path, books: int, parents: int, fills: int) -> str:
    """Write a large database; return the configuration that goes with it."""
    migrate(path)
    with closing(sqlite3.connect(path)) as database:
        columns = _columns(database)
        for table_name, rows in (
            ("requests", map(_request, range(parents))),
            ("parent_orders", (_parent(n, books) for n in range(parents))),
            ("child_orders", (_child(n, books) for n in range(parents))),
            ("fills", (_fill(n, books, parents) for n in range(fills))),
            ("positions", (_position(n, books) for n in range(books * 5))),
            ("netting_pairs", (_pair(n, parents) for n in range(fills // 10))),
            ("notices", (_notice(n, books) for n in range(fills))),
        ):
            names = columns[table_name]
            marks = ", ".join(f":{name}" for name in names)
            statement = f"INSERT INTO {table_name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - names of the schema
            database.executemany(statement, (dict.fromkeys(names) | row for row in rows))
        database.commit()
    return _config(books)


def _columns(database: sqlite3.Connection) -> dict[str, list[str]]:
    rows = database.execute(
        "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p "
        "WHERE m.type = 'table'"
    )
    columns: dict[str, list[str]] = {}
    for name, column in rows:
        columns.setdefault(name, []).append(column)
    return columns


Values = dict[str, str | int | bytes]


def _id(kind: str, number: int) -> str:
    return f"01M7{kind}{number:021}"


def _whose(number: int, books: int) -> Values:
    book = number % books
    return {
        "strategy": f"s{book}",
        "account": f"acc{book % ACCOUNTS}",
        "book": f"b{book}",
        "symbol": SYMBOLS[number % len(SYMBOLS)],
        "side": "buy" if number % 2 else "sell",
    }


def _set_aside(number: int, units: Decimal) -> Values:
    """What an order keeps for units nobody works: a buy cash with its fee, a sell the units."""
    if not number % 2:
        return {"reserved": to_text(units)}
    unit = multiply(Decimal("99.5"), Decimal("1.0025"))
    return {"reserved": to_text(multiply(units, unit)), "reserve_price": to_text(unit)}


def _request(number: int) -> Values:
    return {
        "id": _id("R", number),
        "strategy": f"s{number % BOOKS}",
        "source": "webhook",
        "dedup_key": f"key:{number}",
        "body_hash": b"0" * 32,
        "body": '{"order_type":"TWAP","symbol":"S01","side":"buy","qty":"10","warnings":[]}',
        "cancels": 0,
        "unworked": 0,
        "refusals": "[]",
        "received_at": START_US + number,
        "status": "done",
        "http_status": 200,
        "answer": '{"id":"x","status":"done","success":true,"results":[],"warnings":[]}',
        "finished_at": START_US + number,
    }


def _parent(number: int, books: int) -> Values:
    return {
        **_whose(number, books),
        "id": _id("P", number),
        "request_id": _id("R", number),
        "kind": "BUY" if number % 2 else "SELL",
        "order_type": "TWAP",
        "measure": "quantity",
        "total": "100",
        "remain": "60",
        **_set_aside(number, Decimal(50)),
        "nets": 1,
        "slices": 10,
        "slices_left": 6,
        "status": "working",
        "reason": "",
        "created_at": START_US + number,
        "due_at": START_US + number,
    }


def _child(number: int, books: int) -> Values:
    return {
        **_whose(number, books),
        "id": _id("C", number),
        "parent_id": _id("P", number),
        "order_type": "LIMIT",
        "time_in_force": "DAY",
        "quantity": "10",
        "limit_price": "99.5",
        **_set_aside(number, Decimal(10)),
        "state": "open",
        "reason": "",
        "filled": "0",
        "filled_value": "0",
        "broker_order_id": str(number),
        "market_day": "2026-11-20",
        "created_at": START_US + number,
    }


def _fill(number: int, books: int, parents: int) -> Values:
    return {
        **_whose(number, books),
        "id": _id("F", number),
        "trade_key": f"t{number}",
        "parent_id": _id("P", number % parents),
        "child_id": _id("C", number % parents),
        "kind": "BUY" if number % 2 else "SELL",
        "source": "broker",
        "quantity": "10",
        "price": "99.5",
        "fee": "0.25",
        "fee_asset": "USD",
        "average_cost": "98.123456",
        "profit": "13.77",
        "market_day": "2026-11-20",
        "at": START_US + number * 100_000,
        "booked_at": START_US + number * 100_000,
    }


def _position(number: int, books: int) -> Values:
    book = number % books
    return {
        "account": f"acc{book % ACCOUNTS}",
        "book": f"b{book}",
        "asset": SYMBOLS[number // books],
        "quantity": "100",
        "reserved": "10",
        "cost": "9950",
        "profit": "12.5",
    }


def _pair(number: int, parents: int) -> Values:
    return {
        "id": _id("N", number),
        "run_id": _id("U", number // 10),
        "account": f"acc{number % ACCOUNTS}",
        "symbol": SYMBOLS[number % len(SYMBOLS)],
        "buy_parent": _id("P", number % parents),
        "sell_parent": _id("P", (number + 1) % parents),
        "quantity": "10",
        "price": "99.5",
        "commission_saved": "4.975",
        "broker_orders_saved": 1,
        "at": START_US + number,
    }


def _notice(number: int, books: int) -> Values:
    return {
        "id": _id("E", number),
        "at": START_US + number,
        "level": "info",
        "code": "bought",
        "account": f"acc{number % ACCOUNTS}",
        "book": f"b{number % books}",
        "params": '{"book":"b1","quantity":"10","symbol":"S01","price":"99.5"}',
    }


def _config(books: int) -> str:
    accounts = "".join(
        f'[accounts.acc{number}]\nmarket = "24/7"\ncurrency = "USD"\n'
        f'[accounts.acc{number}.paper]\nprices = {{ TQQQ = "100" }}\n'
        for number in range(ACCOUNTS)
    )
    whole = "".join(
        f'[strategies.s{number}]\n[books.b{number}]\nstrategy = "s{number}"\n'
        f'account = "acc{number % ACCOUNTS}"\ncapital = "100000"\n'
        for number in range(books)
    )
    return accounts + whole


async def measure(folder: Path, scale: float, rounds: int = ROUNDS) -> list[Row]:
    """Ask for every page some times."""
    database = folder / "books.db"
    file = folder / "config.toml"
    books, parents, fills = (max(1, int(n * scale)) for n in (BOOKS, OPEN_PARENTS, FILLS))
    file.write_text(fill(database, books, parents, fills))
    current = Current(setup_of(load_config(file, {}), START))
    driver = await ThreadedDriver.open(database, read_only=True)
    house = House()
    house.more = [Lists(driver, current)]
    try:
        async with TestClient(TestServer(house.app())) as client:
            return [await _row(client, path, rounds) for path in PATHS]
    finally:
        await driver.close()


async def _row(client: TestClient, path: str, rounds: int) -> Row:  # type: ignore[type-arg] # any
    times, items = [], 0
    for _ in range(rounds + 1):
        began = perf_counter()
        response = await client.get(f"/api/{path}", headers=ADMIN)
        body = await response.read()
        times.append(perf_counter() - began)
        assert response.status == 200, body
        items = len(orjson.loads(body)["items"])
    return Row(path, items, median(times[1:]), max(times[1:]))


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a page takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(Path(folder), options.scale))
    if options.json:
        sys.stdout.write(orjson.dumps([asdict(row) for row in rows]).decode() + "\n")
    else:
        cells = [
            (row.path, str(row.items), f"{row.median * 1e3:.1f}", f"{row.worst * 1e3:.1f}")
            for row in rows
        ]
        sys.stdout.write(table(("page", ">items", ">median ms", ">worst ms"), cells))
    return int(any(row.median > SECONDS_MAX for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
