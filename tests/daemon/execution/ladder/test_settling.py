"""After the close: every book gets what is its own, whatever the auction gave."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from algorithms.decimals import total
from daemon.audit import audit
from daemon.execution.bookkeeper import NotPossibleError
from daemon.execution.entries import Dividend
from tests.daemon.execution.ladder.stories import (
    EVENING,
    LADDER,
    MIDNIGHT,
    TQQQ,
    at_close,
    evening,
    got,
    loc_buy,
    loc_sell,
    outcomes,
    stocked,
)
from tests.daemon.execution.test_bookkeeper import enter
from tests.daemon.execution.test_fills import book, fill_of
from tests.support.books import MAIN, all_is_well, children, fills, select, told

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.storage.tx import Tx
    from tests.support.world import World

CUTTING = LADDER.replace("[accounts.main.paper]\n", '[accounts.main.paper]\nfill = "partial"\n')


async def test_who_got_units_from_the_broker_pays_its_fee(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        await stocked(here, beta="30")
        await here.submit("alpha", loc_buy("30", "100"))
        await here.submit("gamma", loc_buy("10", "100"))
        await here.submit("beta", loc_sell("30", "99"))
        await at_close(here, "100")
        # Ten units came from the broker: 7.5 and 2.5 of them, in whole units 8 and 2.
        assert got(here, "a") == [("buy", "23", "100", "netting"), ("buy", "7", "100", "ladder")]
        assert got(here, "c") == [("buy", "7", "100", "netting"), ("buy", "3", "100", "ladder")]
        fees = {row["book"]: row["fee"] for row in fills(here, "source = 'ladder' AND fee > 0")}
        assert {book: Decimal(fee) for book, fee in fees.items() if book != "@loc"} == {
            "a": Decimal("1.75"),
            "c": Decimal("0.75"),
        }
        assert await here.held("a", "USD") == 100_000 - 3000 - Decimal("1.75")
        await all_is_well(here)


@pytest.mark.parametrize("close", ["100", "99", "97.99"])
async def test_a_cut_auction_is_shared_and_the_books_agree_with_the_broker(
    tmp_path: Path, close: str
) -> None:
    async with evening(tmp_path, CUTTING) as here:
        await stocked(here, beta="30")
        await here.pass_time(60)
        await here.submit("alpha", loc_buy("50", "100"))
        await here.submit("beta", loc_sell("30", "99"))
        await here.submit("gamma", loc_buy("20", "97.99"))
        await at_close(here, close)
        asked = {"100": 20, "99": 20, "97.99": 70}[close]
        from_broker = fills(here, "source = 'broker' AND book = '@loc'")
        given = total(Decimal(row["quantity"]) for row in from_broker)
        assert given <= asked
        assert (
            total(Decimal(r["quantity"]) for r in fills(here, "book='a' AND source='ladder'"))
            + (total(Decimal(r["quantity"]) for r in fills(here, "book='c' AND source='ladder'")))
            == given
        )
        cut = [row for row in outcomes(here) if row[2] == "cut in the closing auction"]
        assert bool(cut) == (0 < given < asked)
        await all_is_well(here)


async def first_unit(here: World) -> None:
    """Let the broker tell of the auction's first unit; that there are no more it tells later."""
    await here.pass_time(60)
    (rung,) = children(here)
    assert await book(here, fill_of(rung))


async def test_an_audit_between_a_cut_fill_and_the_end_of_its_order_finds_nothing(
    tmp_path: Path,
) -> None:
    async with evening(tmp_path) as here:
        await here.submit("alpha", loc_buy("30", "100"))
        await first_unit(here)
        assert await audit(here.engine.store, None, here.clock) == ()


async def test_a_dividend_waits_until_the_units_of_an_auction_are_somebody_s(
    tmp_path: Path,
) -> None:
    async with evening(tmp_path) as here:
        await here.submit("alpha", loc_buy("30", "100"))
        await first_unit(here)
        dividend = Dividend(account=MAIN, book=None, symbol=TQQQ, amount=Decimal(10))
        with pytest.raises(NotPossibleError, match="settlement of TQQQ for the close is under way"):
            await enter(here, dividend)
        assert await here.held("@loc", "USD") < 0, "it paid for the unit, and got no dividend"


async def test_a_daemon_that_slept_over_the_close_settles_by_that_day_s_close(
    tmp_path: Path,
) -> None:
    """Nothing of the ladder traded, so only the broker can say what the close was."""
    clock = LoopClock(EVENING)
    async with evening(tmp_path, clock=clock) as here:
        await stocked(here, beta="10")
        await here.submit("alpha", loc_buy("10", "100"))
        await here.submit("beta", loc_sell("10", "98"))
        await here.advance_to(MIDNIGHT - timedelta(minutes=1))
        await here.set_price("TQQQ", "99")
    await clock.sleep(timedelta(days=2, hours=3).total_seconds())
    async with evening(tmp_path, clock=clock, seed=2) as here:
        await here.set_price("TQQQ", "50")
        await here.pass_time(5)
        assert got(here, "a") == [("buy", "10", "99", "netting")]
        assert got(here, "b") == [("sell", "10", "99", "netting")]
        await all_is_well(here)


async def test_a_ladder_whose_fills_do_not_fit_is_given_up_in_the_open(tmp_path: Path) -> None:
    """An order of a book is lost from the table, so what the auction gives fits nobody."""
    async with evening(tmp_path) as here:
        await here.submit("alpha", loc_buy("10", "100"))
        await here.submit("beta", loc_buy("5", "100"))
        await here.pass_time(2)

        def lose(tx: Tx) -> None:
            (row,) = select(here, "SELECT parent_id FROM loc_orders ORDER BY parent_id LIMIT 1")
            tx.execute("forget_loc_order", parent_id=row["parent_id"])

        await here.engine.store.write(lose)
        await at_close(here, "99")
        (notice,) = told(here, "ladder_given_up")
        assert (notice["got"], "more than was asked" in notice["reason"]) == ("15", True)
        assert await here.held("@suspense", "TQQQ") == 15
        assert await here.held("@loc", "TQQQ") == await here.held("@loc", "USD") == 0
        assert outcomes(here)[1][1] == "failed"
        await all_is_well(here)
