"""What a book's lots are after a few days of buying, selling, entries and a split."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from algorithms.domain import AccountName, BookName, Symbol
from algorithms.loc.lots import Lot
from daemon.jobs.lots import read_lots
from tests.support.books import paper
from tests.support.world import World, buy, sell, world

if TYPE_CHECKING:
    from pathlib import Path

TQQQ = Symbol("TQQQ")
FIRST, SECOND, THIRD = (date(2026, 11, day) for day in (20, 21, 22))


async def lots(here: World) -> tuple[Lot, ...]:
    held = await here.held("a", "TQQQ")
    read = partial(read_lots, account=AccountName("main"), book=BookName("a"), symbol=TQQQ)
    return await here.engine.store.read(lambda view: read(view, held=held, lot=Decimal(1)))


async def next_day(here: World, price: str) -> None:
    await here.pass_time(86_400)
    await here.set_price("TQQQ", price)
    await here.pass_time(6)


def lot(day: date, entry: str, units: str) -> Lot:
    return Lot(day, Decimal(entry), Decimal(units))


async def test_lots_are_the_last_units_bought(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10"))
        await here.submit("beta", buy("TQQQ", "3"))
        await next_day(here, "95")
        await here.submit("alpha", buy("TQQQ", "4"))
        await here.pass_time(1)
        assert await lots(here) == (lot(FIRST, "100", "10"), lot(SECOND, "95", "4"))
        await here.submit("alpha", sell("TQQQ", "6"))
        await here.pass_time(1)
        assert await lots(here) == (lot(FIRST, "100", "4"), lot(SECOND, "95", "4"))


async def test_units_that_came_at_a_price_are_a_lot_and_a_split_scales_all(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10"))
        await next_day(here, "96")
        deposit = {"book": "a", "asset": "TQQQ", "amount": "5", "price": "90"}
        await here.request("POST", "/api/ledger/deposit", deposit | {"id": "d1"})
        assert await lots(here) == (lot(FIRST, "100", "10"), lot(SECOND, "90", "5"))
        split = {"account": "main", "symbol": "TQQQ", "new": 2, "old": 1, "force": True}
        await here.request("POST", "/api/ledger/split", split | {"id": "s1"})
        await here.pass_time(20)
        await paper(here).exchange.set_price(TQQQ, Decimal(48))
        await next_day(here, "48")
        await here.submit("alpha", buy("TQQQ", "1"))
        await here.pass_time(1)
        assert await lots(here) == (
            lot(FIRST, "50", "20"),
            lot(SECOND, "45", "10"),
            lot(THIRD, "48", "1"),
        )
