"""What only a person can know is asked with all that helps to know it, and taken once."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import OrderRequest
from adapters.paper import Fault
from algorithms.domain import AccountName, ChildId, OrderType, Side, Symbol, TimeInForce
from tests.support.books import BY_HAND, children, paper, select, states, told
from tests.support.served import Served, served
from tests.support.world import THREE_BOOKS, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

BARE = THREE_BOOKS.replace(
    "[accounts.main.paper]\n", "[accounts.main.paper]\nclient_order_ids = false\n"
)
BARE += "[webhook]\nwait_seconds = 0\n"
FORM = r'<form class="question" data-api="([^"]+)"'
RESTING = {"order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": 10, "price": 90}


@pytest.fixture(autouse=True)
def _quick_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever still asks the broker for an order is not waited for at the end."""
    monkeypatch.setattr("daemon.execution.account_runtime.STOP_TIMEOUT_S", 0.05)


@asynccontextmanager
async def lost(folder: Path) -> AsyncIterator[tuple[Served, str]]:
    """An order whose answer was lost, beside one by hand just like it; its child's id."""
    async with served(folder, BARE) as here:
        broker = paper(here.day)
        broker.faults.script("place", Fault.RESET_AFTER)
        broker.faults.script("find", Fault.RESET_BEFORE)
        sent = started(here.post("/api/orders", {"strategy": "alpha", **RESTING}, status=202))
        await until(lambda: states(here.day) == ["unknown"])
        request = OrderRequest(
            client_id=ChildId(BY_HAND),
            symbol=Symbol("TQQQ"),
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal(10),
            limit_price=Decimal(90),
        )
        await broker.exchange.place(request)
        await sent
        await until(lambda: told(here.day, "order_ambiguous"))
        yield here, str(children(here.day)[0]["id"])


async def until(holds: Callable[[], object]) -> None:
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


async def test_an_unknown_order_is_found_under_the_number_that_a_person_picks(
    tmp_path: Path,
) -> None:
    async with lost(tmp_path) as (here, child):
        today = await here.page("/")
        assert f"/ask/found?id={child}" in today
        assert f"/ask/absent?id={child}" in today
        question = await here.page(f"/ask/found?id={child}")
        assert "main / a: buy 10 TQQQ LIMIT 90" in question
        numbers = re.findall(r'<option value="([^"]+)"', question)
        assert len(numbers) == 2, "both that look like it are offered"
        (api,) = re.findall(FORM, question)
        await here.post(api, {"broker_order_id": min(numbers, key=int)})
        assert states(here.day) == ["open"]
        await here.page(f"/ask/found?id={child}", status=409)


async def test_an_unknown_order_ends_when_a_person_says_that_it_was_never_there(
    tmp_path: Path,
) -> None:
    async with lost(tmp_path) as (here, child):
        assert f"/ask/absent?id={child}" in await here.page(f"/orders/{child}")
        question = await here.page(f"/ask/absent?id={child}")
        (api,) = re.findall(FORM, question)
        assert 'data-facts="{&#34;absent&#34;: true}"' in question
        await here.post(api, {"absent": True})
        assert states(here.day) == ["rejected"]


async def test_a_broker_that_is_silent_leaves_the_number_to_the_person(tmp_path: Path) -> None:
    async with lost(tmp_path) as (here, child):
        brokers = here.day.engine.services.brokers
        silent = dict(brokers)
        brokers.clear()
        question = await here.page(f"/ask/found?id={child}")
        brokers.update(silent)
        assert "did not answer" in question
        assert 'name="broker_order_id" value="" maxlength="64"' in question
        await here.post(f"/api/orders/{child}/settle", {"absent": True})


@pytest.mark.parametrize("action", ["found", "absent"])
async def test_an_order_that_nobody_knows_cannot_be_settled(tmp_path: Path, action: str) -> None:
    async with served(tmp_path) as here:
        await here.page(f"/ask/{action}?id=nothing", status=404)


async def test_what_stands_in_suspense_is_given_to_a_book_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.execution.reconcile.SECOND_LOOK_AFTER", timedelta(0))
    async with served(tmp_path) as here:
        await here.post("/api/paper/main/adjust", {"id": "x", "asset": "TQQQ", "amount": "5"})
        for _ in range(2):
            await here.day.engine.accounts[AccountName("main")].reconcile()
        address = "/ask/assign?account=main&asset=TQQQ"
        for path in ("/", "/accounts"):
            assert address.replace("&", "&amp;") in await here.page(path)
        question = await here.page(address)
        assert "+5 TQQQ of main belongs to no book" in question
        assert 'name="amount" value="5"' in question
        (key,) = re.findall(r'name="id" value="([^"]+)"', question)
        given = {"id": key, "book": "b", "asset": "TQQQ", "amount": "5", "price": "90"}
        for duplicate in (False, True):
            told = await here.post("/api/ledger/assign", given)
            assert told["duplicate"] is duplicate
        (row,) = select(
            here.day, "SELECT book FROM positions WHERE asset = 'TQQQ' AND quantity > 0"
        )
        assert row["book"] == "b"
        await here.page(address, status=404)


@pytest.mark.parametrize(
    ("query", "status"),
    [("account=nobody&asset=TQQQ", 400), ("account=main&asset=TQQQ", 404), ("", 400)],
)
async def test_where_nothing_waits_nothing_is_assigned(
    tmp_path: Path, query: str, status: int
) -> None:
    async with served(tmp_path) as here:
        await here.page(f"/ask/assign?{query}", status=status)
