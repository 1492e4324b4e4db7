from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import AccountName, OrderType, ParentStatus
from daemon.books import read_books, read_currencies
from tests.support.loops import in_virtual_time
from tests.support.world import World, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from algorithms.invariants import Crossing, Event, Family, Fill, Request
    from daemon.storage.tx import View

Read = tuple[
    tuple["Event", ...],
    tuple["Fill", ...],
    tuple["Family", ...],
    tuple["Crossing", ...],
    tuple["Request", ...],
]


async def read(day: World) -> tuple[Read, int]:
    rows = 0

    def on_row() -> None:
        nonlocal rows
        rows += 1

    def look(view: View) -> Read:
        books = read_books(
            view, now=day.clock.now(), request_age_most=timedelta(minutes=1), on_row=on_row
        )
        return (
            tuple(books.events),
            tuple(books.fills),
            tuple(books.families),
            tuple(books.crossings),
            tuple(books.requests),
        )

    return await day.engine.store.read(look), rows


def test_every_order_comes_with_what_belongs_to_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            await day.submit("alpha", buy("TQQQ", "10"))
            await day.pass_time(5)
            twap = sell("TQQQ", "4", kind=OrderType.TWAP, slices=1, minutes="1")
            await day.submit("alpha", twap)
            await day.submit("beta", buy("TQQQ", "4"))
            await day.submit("gamma", buy("TQQQ", "2", kind=OrderType.LIMIT, price="50"))
            await day.submit("gamma", cancel_all())
            await day.pass_time(5)
            (events, fills, families, crossings, requests), rows = await read(day)

            assert [event.kind for event in events] == ["capital"] * 3 + ["fill", "netting"]
            assert [len(event.postings) for event in events] == [2, 2, 2, 6, 4]
            assert [fill.quantity for fill in fills] == [Decimal(10), Decimal(4), Decimal(4)]

            bought, *crossed, cancelled = families
            assert len(bought.children) == len(bought.fills) == 1
            assert {family.fills[0].pair_id for family in crossed} == {crossings[0].pair_id}
            assert cancelled.parent.status is ParentStatus.CANCELLED
            (cancel,) = cancelled.cancels
            assert cancel.strategy == "gamma"
            assert cancel.request_id == requests[-1].id

            (crossing,) = crossings
            assert crossing.pair is not None
            assert len(crossing.fills) == 2
            assert crossing.events == 1
            assert all(one.has_answer and one.is_final and not one.live_orders for one in requests)
            assert rows > len(events) + len(fills) + len(families)

    in_virtual_time(story())


def test_the_currency_of_an_account_is_that_of_its_capital(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            assert await day.engine.store.read(read_currencies) == {AccountName("main"): "USD"}

    in_virtual_time(story())
