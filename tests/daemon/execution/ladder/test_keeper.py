"""What becomes of an account's orders for the close when its ladder is sent for them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.paper import Fault
from tests.daemon.execution.ladder.stories import (
    MIDNIGHT,
    at_close,
    evening,
    got,
    ladder_at_broker,
    loc_buy,
    loc_sell,
    outcomes,
    stocked,
)
from tests.support.books import all_is_well, children, paper, told
from tests.support.world import cancel_all, started

if TYPE_CHECKING:
    from pathlib import Path

BY_STRATEGY = "cancelled by its strategy"


async def test_the_orders_of_two_books_are_sent_as_one_ladder_and_settled(tmp_path: Path) -> None:
    """Case 4 of the specification: one buy against three sells below it."""
    async with evening(tmp_path) as here:
        await stocked(here, beta="450")
        reply = await here.submit("alpha", loc_buy("500", "100"))
        assert (reply.http_status, reply.body["message"]) == (200, "1 order accepted")
        for quantity, price in (("100", "95"), ("150", "97"), ("200", "98")):
            await here.submit("beta", loc_sell(quantity, price))
        await here.pass_time(3)
        assert ladder_at_broker(here) == [
            "sell 450 @ 100.01",
            "buy 50 @ 100",
            "buy 200 @ 97.99",
            "buy 150 @ 96.99",
            "buy 100 @ 94.99",
        ]
        assert (await here.resting()) == {"LOC": 5}
        await all_is_well(here)
        await at_close(here, "97.50")
        # Two sells fill by netting; of the buy so much as they gave, the rest at the broker.
        assert got(here, "a") == [
            ("buy", "250", "97.5", "netting"),
            ("buy", "250", "97.5", "ladder"),
        ]
        assert got(here, "b") == [
            ("sell", "100", "97.5", "netting"),
            ("sell", "150", "97.5", "netting"),
        ]
        assert outcomes(here) == [
            ("a", "done", "filled"),
            ("b", "done", "filled"),
            ("b", "done", "filled"),
            ("b", "expired", "not filled in the closing auction"),
        ]
        assert await here.held("@loc", "TQQQ") == await here.held("@loc", "USD") == 0
        assert ladder_at_broker(here) == []
        (notice,) = told(here, "ladder_settled")
        assert (notice["bought"], notice["sold"], notice["netted"]) == ("500", "250", "250")
        await all_is_well(here)


async def test_orders_that_wholly_oppose_each_other_never_reach_the_broker(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        await stocked(here, beta="10")
        await here.submit("alpha", loc_buy("10", None))
        await here.submit("beta", loc_sell("10", None))
        await here.pass_time(3)
        assert ladder_at_broker(here) == []
        await at_close(here, "103")
        assert got(here, "a") == [("buy", "10", "103", "netting")]
        assert got(here, "b") == [("sell", "10", "103", "netting")]
        assert [row for row in children(here) if row["book"] == "@loc"] == []
        await all_is_well(here)


async def test_an_order_that_comes_in_time_replaces_what_the_ladder_has_too_much(
    tmp_path: Path,
) -> None:
    async with evening(tmp_path) as here:
        await stocked(here, beta="300")
        await here.submit("alpha", loc_buy("500", "100"))
        await here.pass_time(3)
        assert ladder_at_broker(here) == ["buy 500 @ 100"]
        await here.submit("beta", loc_sell("300", "98"))
        await here.pass_time(3)
        assert ladder_at_broker(here) == ["sell 300 @ 100.01", "buy 200 @ 100", "buy 300 @ 97.99"]
        assert [row["state"] for row in children(here, "book = '@loc'")] == [
            "cancelled",
            "open",
            "open",
            "open",
        ]
        await at_close(here, "99")
        assert await here.held("a", "TQQQ") == 500
        assert await here.held("b", "TQQQ") == 0
        await all_is_well(here)


async def test_a_cancelled_order_ends_when_the_ladder_is_without_it(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        await stocked(here, beta="300")
        await here.submit("alpha", loc_buy("500", "100"))
        await here.submit("beta", loc_sell("300", "98"))
        await here.pass_time(3)
        reply = await here.submit("beta", cancel_all())
        assert reply.body["message"] == "1 order cancelled"
        assert ladder_at_broker(here) == ["buy 500 @ 100"]
        assert outcomes(here) == [
            ("a", "working", ""),
            ("b", "cancelled", BY_STRATEGY),
        ]
        await at_close(here, "99")
        assert await here.held("b", "TQQQ") == 300
        assert await here.held("a", "TQQQ") == 500
        await all_is_well(here)


async def test_a_cancel_does_not_wait_for_a_price(tmp_path: Path) -> None:
    """Just before the cut-off the broker tells no price; what must be made anew is made later."""
    async with evening(tmp_path) as here:
        await stocked(here, beta="300")
        await here.submit("alpha", loc_buy("500", "100"))
        await here.submit("beta", loc_sell("300", "98"))
        await here.advance_to(MIDNIGHT - timedelta(seconds=125))
        for _ in range(4):
            paper(here).faults.script("quote", Fault.DELAY, delay_s=30)
        begun = here.clock.now()
        reply = await here.submit("beta", cancel_all())
        assert reply.body["message"] == "1 order cancelled"
        assert here.clock.now() - begun < timedelta(seconds=3)
        assert ladder_at_broker(here) == []
        await here.pass_time(40)
        assert ladder_at_broker(here) == ["buy 500 @ 100"]
        await at_close(here, "99")
        assert await here.held("b", "TQQQ") == 300
        assert await here.held("a", "TQQQ") == 500
        await all_is_well(here)


async def test_an_order_that_comes_back_while_it_is_withdrawn_is_sent_anew(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        await here.submit("alpha", loc_buy("5", "100"))
        await here.pass_time(2)
        paper(here).faults.script("quote", Fault.DELAY, delay_s=2)
        paper(here).faults.script("cancel", Fault.DELAY, delay_s=3)
        cancelled = started(here.submit("alpha", cancel_all()))
        await here.pass_time(1.5)
        await here.submit("beta", loc_buy("5", "100"))
        await cancelled
        await here.pass_time(5)
        assert ladder_at_broker(here) == ["buy 5 @ 100"]
        assert outcomes(here) == [("a", "cancelled", BY_STRATEGY), ("b", "working", "")]
        assert [row["state"] for row in children(here)] == ["cancelled", "open"]
        await all_is_well(here)


async def test_a_cancel_after_the_cut_off_comes_too_late(tmp_path: Path) -> None:
    """The exchange gives nothing back any more, so the order may fill; what does not is ended."""
    async with evening(tmp_path) as here:
        await here.submit("alpha", loc_buy("5", "100"), loc_buy("7", "90"))
        await here.advance_to(MIDNIGHT - timedelta(seconds=90))
        reply = await here.submit("alpha", cancel_all())
        await here.pass_time(15)
        later = await here.status("alpha", reply.body["id"])
        assert later is not None
        assert "cancel_unconfirmed" in str(later.body)
        await at_close(here, "95")
        assert await here.held("a", "TQQQ") == 5
        assert outcomes(here) == [
            ("a", "done", "filled"),
            ("a", "cancelled", BY_STRATEGY),
        ]
        await all_is_well(here)


async def test_an_order_that_no_ladder_took_in_time_expires(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        await here.advance_to(MIDNIGHT - timedelta(minutes=5))
        for _ in range(200):
            paper(here).faults.script("holdings", Fault.SERVER_ERROR_BEFORE)
        await here.submit("alpha", loc_buy("5", "100"))
        await here.advance_to(MIDNIGHT - timedelta(seconds=100))
        ((_, status, reason),) = outcomes(here)
        assert status == "expired"
        assert reason.startswith("too_late: orders for the close of 2026-11-20")
        await all_is_well(here)
