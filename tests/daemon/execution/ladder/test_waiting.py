"""Which orders wait for a ladder, and which of them are refused at the door."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from algorithms.domain import OrderType
from daemon.execution.ladder.keeper import no_ladder
from tests.daemon.execution.ladder.stories import (
    LADDER,
    MIDNIGHT,
    at_close,
    evening,
    ladder_at_broker,
    loc_buy,
    outcomes,
)
from tests.support.books import all_is_well, children, paper, parents
from tests.support.markets import weekdays
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_order_after_the_cut_off_is_refused_with_the_time(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        await here.advance_to(MIDNIGHT - timedelta(seconds=119))
        reply = await here.submit("alpha", loc_buy("5", "100"))
        assert reply.http_status == 422
        assert "too_late: orders for the close of 2026-11-20" in str(reply.body)
        assert "2026-11-20T23:58+00:00" in str(reply.body)
        assert await here.reserved("a", "USD") == 0


@pytest.mark.parametrize("mode", ["sheet", "orders"])
async def test_without_a_ladder_each_order_is_sent_as_it_is(tmp_path: Path, mode: str) -> None:
    async with evening(tmp_path, LADDER.replace('"ladder"', f'"{mode}"')) as here:
        await here.submit("alpha", loc_buy("5", "100"))
        await here.pass_time(2)
        assert [(row["book"], row["state"]) for row in children(here)] == [("a", "open")]


async def test_a_book_that_does_not_net_has_its_orders_sent(tmp_path: Path) -> None:
    async with evening(tmp_path, LADDER.replace("[books.a]\n", "[books.a]\nnet = false\n")) as here:
        await here.submit("alpha", loc_buy("5", "100"))
        await here.submit("beta", loc_buy("7", "100"))
        await here.pass_time(2)
        assert [row["book"] for row in children(here)] == ["a", "@loc"]
        await at_close(here, "99")
        await all_is_well(here)


async def test_other_orders_do_not_wait(tmp_path: Path) -> None:
    async with evening(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "5"))
        await here.submit("alpha", buy("TQQQ", "5", kind=OrderType.LIMIT, price="90"))
        await here.pass_time(2)
        assert [row["state"] for row in children(here)] == ["filled", "open"]


async def test_a_book_that_asks_first_is_in_the_ladder_after_a_yes(tmp_path: Path) -> None:
    text = LADDER.replace("[books.a]\n", '[books.a]\nmode = "approve"\n')
    async with evening(tmp_path, text) as here:
        await here.submit("alpha", loc_buy("5", "100"))
        await here.pass_time(2)
        assert ladder_at_broker(here) == []
        (order,) = parents(here)
        await here.request("POST", f"/api/orders/{order['id']}/approve")
        await here.pass_time(2)
        assert ladder_at_broker(here) == ["buy 5 @ 100"]


async def test_an_evening_begun_with_a_ladder_ends_with_it_whatever_the_mode(
    tmp_path: Path,
) -> None:
    async with evening(tmp_path) as here:
        await here.submit("alpha", loc_buy("5", "100"))
        await here.pass_time(2)
        assert await here.reload(LADDER.replace('"ladder"', '"orders"'))
        await here.submit("beta", loc_buy("2", "100"))
        await at_close(here, "99")
        assert outcomes(here) == [("a", "done", "filled"), ("b", "done", "filled")]
        assert [row["book"] for row in children(here)] == ["@loc", "b"]
        await all_is_well(here)


async def test_a_broker_that_cannot_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    class Bare:
        """A broker that takes any order and tells no closing prices."""

        capabilities = None

    async with evening(tmp_path) as here:
        broker = paper(here)
        assert no_ladder(broker, "paper") is None
        bare = Bare()
        bare.capabilities = broker.capabilities  # type: ignore[assignment]
        assert no_ladder(bare, "bare") == (  # type: ignore[arg-type]
            "bare does not tell closing prices, which settling a ladder takes"
        )


NEW_YORK = LADDER.replace('"24/7"', '"XNYS"')
HALF_DAY = date(2026, 11, 27)


async def test_on_a_half_day_everything_is_three_hours_earlier(tmp_path: Path) -> None:
    """Before the opening the order waits; at 12:49 the door shuts; at 13:00 all is settled."""
    eight = datetime(2026, 11, 27, 13, tzinfo=UTC)
    async with world(
        tmp_path,
        NEW_YORK,
        clock=LoopClock(eight),
        compute_sessions=weekdays(half={HALF_DAY}),
    ) as here:
        await here.submit("alpha", loc_buy("5", "100"))
        await here.pass_time(5)
        assert ladder_at_broker(here) == []
        await here.advance_to(eight + timedelta(hours=1, minutes=30, seconds=5))
        assert ladder_at_broker(here) == ["buy 5 @ 100"]
        await here.advance_to(eight + timedelta(hours=4, minutes=49))
        reply = await here.submit("beta", loc_buy("5", "100"))
        assert "too_late: orders for the close of 2026-11-27" in str(reply.body)
        await at_close(here, "99", close=eight + timedelta(hours=5))
        assert outcomes(here)[0] == ("a", "done", "filled")
        await all_is_well(here)
