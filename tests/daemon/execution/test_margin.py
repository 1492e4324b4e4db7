"""What a book of a futures account may open: shorts too, within its capital times its leverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import OrderType
from tests.support.houses import house
from tests.support.world import buy, cancel_all, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import Told

TWO = {"a": ("alpha", "main"), "b": ("beta", "main")}
PAPER = house(TWO, capital="1000").replace(
    'currency = "USD"\n', 'currency = "USD"\nmarket_type = "futures"\n'
)


def error_of(told: Told) -> str:
    return str(told.body["results"][0]["orders"][0]["error"])


async def test_a_book_goes_short_and_buys_back(tmp_path: Path) -> None:
    async with world(tmp_path, PAPER) as day:
        await day.submit("alpha", sell("TQQQ", "5"))
        await day.pass_time(1)
        assert await day.held("a", "TQQQ") == -5
        assert await day.held("a", "USD") > 1400
        await day.set_price("TQQQ", "90")
        await day.submit("alpha", buy("TQQQ", None, percent="-100"))
        await day.pass_time(1)
        assert await day.held("a", "TQQQ") == 0
        assert await day.held("a", "USD") > 1045
        assert await day.check() == ()


async def test_capital_times_leverage_bounds_longs_and_shorts(tmp_path: Path) -> None:
    async with world(tmp_path, PAPER) as day:
        for order in (buy("TQQQ", "11"), sell("TQQQ", "11")):
            told = await day.submit("alpha", order)
            assert told.http_status == 422
            assert error_of(told).startswith("insufficient_margin: a could come to hold 11")
        assert (await day.submit("alpha", sell("TQQQ", "9"))).http_status == 200


async def test_orders_that_wait_count_too_and_each_side_for_itself(tmp_path: Path) -> None:
    """Six to buy and six to sell are six, not twelve; six more to buy are too many."""
    async with world(tmp_path, PAPER) as day:
        low = buy("TQQQ", "6", kind=OrderType.LIMIT, price="99")
        high = sell("TQQQ", "6", kind=OrderType.LIMIT, price="101", nets=False)
        assert (await day.submit("alpha", low)).http_status == 200
        assert (await day.submit("alpha", high)).http_status == 200
        assert error_of(await day.submit("alpha", low)).startswith("insufficient_margin")
        await day.submit("alpha", cancel_all())
        await day.pass_time(1)
        assert (await day.submit("alpha", low)).http_status == 200


async def test_an_order_that_only_reduces_is_taken_however_much_is_lost(tmp_path: Path) -> None:
    async with world(tmp_path, PAPER) as day:
        await day.submit("alpha", buy("TQQQ", "9"))
        await day.pass_time(1)
        await day.set_price("TQQQ", "50")
        assert (await day.submit("alpha", sell("TQQQ", "9"))).http_status == 200


async def test_crossing_zero_closes_and_then_opens(tmp_path: Path) -> None:
    async with world(tmp_path, PAPER) as day:
        await day.submit("alpha", buy("TQQQ", "4"))
        await day.submit("alpha", sell("TQQQ", "9"))
        await day.pass_time(1)
        assert await day.held("a", "TQQQ") == -5
        assert await day.check() == ()


async def test_orders_are_crossed_only_where_a_book_wants_it(tmp_path: Path) -> None:
    async with world(tmp_path, PAPER) as day:
        await day.submit("alpha", buy("TQQQ", "3"))
        await day.submit("beta", sell("TQQQ", "3"))
        await day.pass_time(2)
        assert day.told("pair_crossed") == 0
    wanted = PAPER.replace('capital = "1000"\n', 'capital = "1000"\nnet = true\n')
    (tmp_path / "second").mkdir()
    async with world(tmp_path / "second", wanted) as day:
        slow = buy("TQQQ", "3", kind=OrderType.TWAP, slices=1, minutes="1")
        await day.submit("alpha", slow)
        await day.submit("beta", sell("TQQQ", "3"))
        await day.pass_time(2)
        assert day.told("pair_crossed") == 1
        assert await day.held("b", "TQQQ") == -3
        assert await day.check() == ()


async def test_slices_may_use_the_leverage(tmp_path: Path) -> None:
    text = PAPER.replace('capital = "1000"\n', 'capital = "1000"\nleverage = "5"\n')
    async with world(tmp_path, text) as day:
        slow = buy("TQQQ", "40", kind=OrderType.TWAP, slices=2, minutes="2")
        assert (await day.submit("alpha", slow)).http_status == 200
        await day.pass_time(200)
        assert await day.held("a", "TQQQ") == 40
        assert await day.held("a", "USD") < 0
