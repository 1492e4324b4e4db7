"""Evenings of an account at KIS: its closes are known late, and buys need a limit."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.clock import LoopClock
from tests.daemon.execution.ladder.stories import got, ladder_at_broker, loc_buy, loc_sell, outcomes
from tests.kis_days.house import Half, daemon_at, house
from tests.kis_days.judge import wrong_in_the_books
from tests.support.books import select, told
from tests.support.world import buy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kis_days.house import House
    from tests.support.world import World

KST = ZoneInfo("Asia/Seoul")
CLOSE = datetime(2026, 11, 21, 6, 0, tzinfo=KST)
"""Four in the afternoon in New York."""
NIGHT = Half("alice", "USD")
TOP = """
[daemon]
live = true
[loc]
mode = "ladder"
[reconcile]
seconds = 600
"""


@asynccontextmanager
async def night() -> AsyncIterator[tuple[House, LoopClock]]:
    """Run the host from half an hour before the close on; an auction trades at 52.80."""
    clock = LoopClock(CLOSE - timedelta(minutes=30))
    async with house(clock, (NIGHT,)) as there:
        there.simulator.host.market.auction["TQQQ"] = Decimal("52.80")
        yield there, clock


@asynccontextmanager
async def stocked(folder: Path, there: House, clock: LoopClock) -> AsyncIterator[World]:
    """Run a daemon there; beta buys what it will sell at the close."""
    async with daemon_at(folder, there, clock, top=TOP) as here:
        await here.submit("beta", buy("TQQQ", "300", nets=False))
        await here.pass_time(20)
        yield here


async def sleep_until(clock: LoopClock, at: datetime) -> None:
    await clock.sleep((at - clock.now()).total_seconds())


async def test_the_ladder_stands_at_kis_and_is_settled_by_what_the_auction_traded_at(
    tmp_path: Path,
) -> None:
    async with night() as (there, clock), stocked(tmp_path, there, clock) as here:
        await here.submit("gamma", loc_buy("5", None))
        await here.submit("alpha", loc_buy("400", "53.10"))
        await here.submit("beta", loc_sell("300", "52.50"))
        await here.pass_time(30)
        assert outcomes(here)[0] == (
            "gamma_alice_usd",
            "failed",
            "unsupported: kis has no moc buys; a loc buy with a high limit does the same",
        )
        assert ladder_at_broker(here) == [
            "sell 300 @ 53.11",
            "buy 100 @ 53.1",
            "buy 300 @ 52.49",
        ]
        await here.advance_to(CLOSE + timedelta(minutes=2))
        assert got(here, "alpha_alice_usd") == [
            ("buy", "300", "52.8", "netting"),
            ("buy", "100", "52.8", "ladder"),
        ]
        assert got(here, "beta_alice_usd") == [("sell", "300", "52.8", "netting")]
        assert await wrong_in_the_books(here, there) == []


async def test_where_nothing_traded_the_close_is_waited_for_until_it_is_final(
    tmp_path: Path,
) -> None:
    """After hours the last price is another one."""
    async with night() as (there, clock):
        async with stocked(tmp_path, there, clock) as here:
            await here.submit("alpha", loc_buy("300", "53.10"))
            await here.submit("beta", loc_sell("300", "52.50"))
            await here.advance_to(CLOSE + timedelta(minutes=12))
            there.simulator.set_price("TQQQ", Decimal("51.00"))
            assert got(here, "alpha_alice_usd") == []
        await sleep_until(clock, CLOSE + timedelta(hours=7, minutes=59))
        async with daemon_at(tmp_path, there, clock, top=TOP, seed=2) as here:
            await here.pass_time(50)
            assert got(here, "alpha_alice_usd") == []
            assert told(here, "ladder_unsettled") == []
            await here.pass_time(70)
            assert got(here, "alpha_alice_usd") == [("buy", "300", "52.8", "netting")]
            assert got(here, "beta_alice_usd") == [("sell", "300", "52.8", "netting")]
            assert await wrong_in_the_books(here, there) == []


async def test_a_close_that_the_auction_belies_settles_nothing(tmp_path: Path) -> None:
    """At a tenth of the price the standing buy would have filled; after a week nobody waits."""
    async with night() as (there, clock):
        async with stocked(tmp_path, there, clock) as here:
            await here.submit("alpha", loc_buy("5", "50.00"))
            await here.advance_to(CLOSE + timedelta(minutes=2))
        friday = CLOSE.date() - timedelta(days=1)
        there.simulator.host.market.closes["TQQQ"][friday] = Decimal("5.28")
        await sleep_until(clock, CLOSE + timedelta(days=7, hours=9))
        async with daemon_at(tmp_path, there, clock, top=TOP, seed=2) as here:
            await here.pass_time(5)
            (notice,) = told(here, "ladder_unsettled")
            assert notice["reason"] == (
                "the close is told as 5.28, and at that B5@50 would have filled"
            )
            ladders = select(here, "SELECT * FROM loc_ladders")
            assert [row["outcome"] for row in ladders] == ["given up"]
            assert outcomes(here)[0][1] == "failed"
            assert await wrong_in_the_books(here, there) == []
