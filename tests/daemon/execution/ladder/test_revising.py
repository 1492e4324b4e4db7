"""How a ladder comes to stand at the broker, and what keeps it from that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.paper import Fault
from adapters.paper.operations import Adjust
from daemon.execution.halts import Scope
from tests.daemon.execution.ladder.stories import (
    LADDER,
    MIDNIGHT,
    at_close,
    evening,
    ladder_at_broker,
    loc_buy,
    loc_sell,
    outcomes,
    stocked,
)
from tests.support.books import all_is_well, children, paper, parents, told

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.support.world import World

SMALL = LADDER.replace('"100000"', '"1000"')


async def test_a_ladder_takes_no_more_cash_than_its_worst_close_needs(tmp_path: Path) -> None:
    """A sell that is netted at 98 turns into a buy below it, so the whole buy must be payable."""
    async with evening(tmp_path) as here:
        await stocked(here, beta="300")
        await here.submit("alpha", loc_buy("500", "100"))
        await here.submit("beta", loc_sell("300", "98"))
        await here.pass_time(2)
        (row,) = await here.rows("open_ladders", account="main", symbol="TQQQ")
        worst = max(200 * Decimal(100), 500 * Decimal("97.99"))
        assert Decimal(row["needs"]) == worst * Decimal("1.0025")


async def test_a_buy_that_the_broker_cannot_pay_is_refused_and_the_others_stand(
    tmp_path: Path,
) -> None:
    async with evening(tmp_path, SMALL) as here:
        # Somebody took 1,500 of the account's 3,000 dollars out, behind the daemon's back.
        await here.advance_to(MIDNIGHT - timedelta(minutes=10))
        await withdraw(here, "-1500")
        await here.submit("alpha", loc_buy("9", "100"))
        await here.submit("beta", loc_buy("9", "99"))
        await here.submit("gamma", loc_buy("5", "98"))
        await here.pass_time(2)
        assert ladder_at_broker(here) == ["buy 9 @ 100", "buy 5 @ 98"]
        ((book, status, reason),) = [row for row in outcomes(here) if row[1] != "working"]
        assert (book, status) == ("b", "failed")
        assert reason == (
            "insufficient_cash: at its worst close the account's ladder takes 1786.455, and the "
            "broker has 1500 for it"
        )
        assert [notice["book"] for notice in told(here, "order_refused")] == ["b"]


async def test_where_each_order_holds_cash_they_must_all_be_payable_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At one close both cost 1200 at most; such a broker holds 1503.75 for them."""
    async with evening(tmp_path, SMALL) as here:
        broker = paper(here)
        holding = replace(broker.capabilities, holds_each_order=True)
        monkeypatch.setattr(broker, "capabilities", holding)
        await here.advance_to(MIDNIGHT - timedelta(minutes=10))
        await withdraw(here, "-1600")
        await here.submit("alpha", loc_buy("9", "100"))
        await here.submit("beta", loc_buy("10", "60"))
        await here.pass_time(2)
        assert ladder_at_broker(here) == ["buy 9 @ 100"]
        assert outcomes(here)[1][2] == (
            "insufficient_cash: the broker holds for each order of the account's ladder, in all "
            "1503.75, and the broker has 1400 for it"
        )


async def withdraw(here: World, amount: str) -> None:
    await paper(here).exchange.operate(amount, Adjust("USD", Decimal(amount)))


async def test_limits_that_every_order_has_passed_do_not_stop_their_ladder(tmp_path: Path) -> None:
    """The ladder's orders are sums of others, and stand a tick beyond them."""
    limits = '[risk]\nmax_order_value = "1500"\nprice_collar_percent = "1"\n'
    async with evening(tmp_path, LADDER + limits) as here:
        await stocked(here, beta="5")
        await here.submit("alpha", loc_buy("10", "101"))
        await here.submit("gamma", loc_buy("10", "101"))
        await here.submit("beta", loc_sell("5", "101"))
        await here.pass_time(2)
        assert ladder_at_broker(here) == ["sell 5 @ 101.01", "buy 15 @ 101", "buy 5 @ 100.99"]
        await at_close(here, "100.99")
        assert {status for _, status, _ in outcomes(here)} == {"done", "expired"}
        await all_is_well(here)


async def test_an_order_of_unknown_fate_is_found_before_the_ladder_is_replaced(
    tmp_path: Path,
) -> None:
    async with evening(tmp_path) as here:
        await stocked(here, beta="300")
        paper(here).faults.script("place", Fault.RESET_AFTER)
        await here.submit("alpha", loc_buy("500", "100"))
        await here.pass_time(1)
        await here.submit("beta", loc_sell("300", "98"))
        await here.pass_time(20)
        assert ladder_at_broker(here) == ["sell 300 @ 100.01", "buy 200 @ 100", "buy 300 @ 97.99"]
        await at_close(here, "99")
        assert await here.held("a", "TQQQ") == 500
        await all_is_well(here)


async def test_a_rung_that_the_broker_refused_is_sent_again_for_a_while(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        for _ in range(2):
            paper(here).faults.script("place", Fault.REJECT)
        await here.submit("alpha", loc_buy("5", "100"))
        await here.pass_time(2)
        assert ladder_at_broker(here) == []
        await here.pass_time(90)
        assert ladder_at_broker(here) == ["buy 5 @ 100"]
        sent = [row["state"] for row in children(here)]
        assert sent == ["rejected", "rejected", "open"]
        await at_close(here, "99")
        assert await here.held("a", "TQQQ") == 5
        await all_is_well(here)


async def test_a_halted_account_withdraws_and_sends_nothing_until_it_is_resumed(
    tmp_path: Path,
) -> None:
    async with evening(tmp_path) as here:
        await here.engine.halts.halt(Scope.ACCOUNT, "main", "a story", here.clock.now())
        await here.submit("alpha", loc_buy("5", "100"))
        await here.pass_time(10)
        assert parents(here, "book = '@loc'") == []
        await here.engine.halts.resume(Scope.ACCOUNT, "main")
        here.engine.fleet.wake()
        await here.submit("beta", loc_buy("5", "100"))
        await here.pass_time(2)
        assert ladder_at_broker(here) == ["buy 5 @ 100"]


async def test_what_the_exchange_has_not_got_at_its_cut_off_is_told(tmp_path: Path) -> None:
    """A late order has the ladder taken back, and what should replace it is refused."""
    async with evening(tmp_path) as here:
        await stocked(here, beta="300")
        await here.submit("alpha", loc_buy("500", "100"), loc_buy("7", "90"))
        await here.advance_to(MIDNIGHT - timedelta(seconds=150))
        for _ in range(8):
            paper(here).faults.script("place", Fault.REJECT)
        await here.submit("beta", loc_sell("300", "98"))
        await here.advance_to(MIDNIGHT - timedelta(seconds=59))
        assert ladder_at_broker(here) == ["buy 7 @ 90"]
        await here.pass_time(5)
        (notice,) = told(here, "ladder_short")
        assert notice["missing"] == "S300@100.01, B200@100, B300@97.99"
        assert notice["until"] == "2026-11-20T23:59+00:00"
        await at_close(here, "99")
        short = "not filled: the ladder was not all at the exchange by the cut-off"
        assert outcomes(here) == [
            ("a", "expired", short),
            ("a", "expired", "not filled in the closing auction"),
            ("b", "done", "filled"),
        ]
        assert await here.held("a", "TQQQ") == 300
        await all_is_well(here)
