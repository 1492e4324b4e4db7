"""Lists hold what their types say, filters do what they say, and CSV says the same."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import aiosql
import pytest
from pydantic import TypeAdapter

from algorithms.domain import OrderType
from daemon.api.listing import LISTINGS
from daemon.api.views import QUERIES
from daemon.storage.schema import migrate
from tests.bench import listing
from tests.support.served import ADMIN, Served, served
from tests.support.world import buy, sell

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "http.md"


async def morning(here: Served) -> None:
    day = here.day
    await day.submit("alpha", buy("TQQQ", "10"))
    resting = buy("TQQQ", "4", kind=OrderType.TWAP, slices=2, minutes="10", price="100")
    await day.submit("beta", resting)
    await day.submit("alpha", sell("TQQQ", "4"))
    await day.submit("gamma", buy("SOXL", "2", kind=OrderType.LIMIT, price="40"))
    await here.traded()
    await here.post("/api/halt", {"scope": "book", "name": "c", "reason": "odd fills"})


async def test_every_item_of_every_list_is_of_its_type(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await morning(here)
        for each in LISTINGS:
            items = (await here.get(f"/api/{each.name}"))["items"]
            assert items, each.name
            for item in items:
                assert item.keys() == set(each.columns.names), each.name
                assert TypeAdapter(each.columns.model).validate_python(item) == item


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("orders?side=sell", 1),
        ("orders?status=working&symbol=soxl", 1),
        ("orders?from=2026-11-20&to=2026-11-21", 4),
        ("orders?to=2026-11-20", 0),
        ("open-orders?state=open&strategy=gamma", 1),
        ("open-orders?state=unknown", 0),
        ("fills?source=netting", 2),
        ("fills?source=netting&side=buy&book=b", 1),
        ("netting?from=2026-11-21T00:00:00Z", 0),
        ("webhooks?status=done", 4),
        ("webhooks?source=hand", 0),
        ("events?code=sold&level=info", 1),
        ("events?unseen=true", 0),
        ("halts?scope=book", 1),
        ("halts?scope=all", 0),
    ],
)
async def test_a_filter_leaves_what_it_names(tmp_path: Path, path: str, count: int) -> None:
    async with served(tmp_path) as here:
        await morning(here)
        assert len((await here.get(f"/api/{path}"))["items"]) == count


async def test_csv_is_the_list_page_by_page_or_whole(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await morning(here)
        as_csv = {**ADMIN, "Accept": "text/csv"}
        for each in LISTINGS:
            items = (await here.get(f"/api/{each.name}?limit=500"))["items"]
            whole = await here.client.get(f"/api/{each.name}", headers=as_csv)
            assert whole.content_type == "text/csv"
            rows = list(csv.reader(io.StringIO(await whole.text(), newline="")))
            assert tuple(rows[0]) == each.columns.names
            assert len(rows) == len(items) + 1
        page = await here.client.get("/api/orders?limit=3", headers=as_csv)
        link = re.fullmatch(r'<(.*)>; rel="next"', page.headers["Link"])
        assert link
        last = await here.client.get(link[1], headers=as_csv)
        assert "Link" not in last.headers
        assert len((await page.text()).splitlines() + (await last.text()).splitlines()) == 6


async def test_pages_of_a_large_book_are_there_and_full(tmp_path: Path) -> None:
    rows = {row.path: row for row in await listing.measure(tmp_path, scale=0.02, rounds=1)}
    assert rows["fills?limit=500"].items == rows["events"].items * 5 == 500
    assert rows["fills?symbol=NONE"].items == 0


def test_the_documentation_has_every_list_with_its_filters() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE))
    for each in LISTINGS:
        told = re.findall(r"`([a-z]+)`", rows[each.name])
        assert told == [found.name for found in each.filters], each.name


def test_a_page_of_history_is_read_in_the_order_of_its_keys(tmp_path: Path) -> None:
    migrate(tmp_path / "x.db")
    (history,) = (each for each in LISTINGS if each.name == "history")
    base = str(aiosql.from_path(QUERIES, "sqlite3", mandatory_parameters=False).history.sql)
    for narrowed in ((), ("account",), ("book",), ("symbol",)):
        used = tuple(each for each in history.filters if each.name in narrowed)
        values = {"account": "x", "book": "x", "symbol": "x", "after_id": "x", "limit": 10}
        with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
            plan = connection.execute(
                f"EXPLAIN QUERY PLAN {history.statement(base, used)}", values
            ).fetchall()
        steps = [row[3] for row in plan]
        assert "MERGE (UNION ALL)" in steps, narrowed
        assert not any("TEMP B-TREE" in step for step in steps), narrowed


def test_alarms_nobody_has_seen_are_not_looked_for_among_all_notices(tmp_path: Path) -> None:
    migrate(tmp_path / "x.db")
    (events,) = (each for each in LISTINGS if each.name == "events")
    base = str(aiosql.from_path(QUERIES, "sqlite3", mandatory_parameters=False).events.sql)
    used = tuple(each for each in events.filters if each.name == "unseen")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {events.statement(base, used)}", {"after_id": "x", "limit": 10}
        ).fetchall()
    assert [row[3].split(" USING ")[1].split()[:2] for row in plan] == [["INDEX", "notices_unseen"]]
