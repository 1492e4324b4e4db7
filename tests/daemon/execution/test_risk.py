"""Limits at work: at the door, before sending, and again when prices have moved."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from algorithms.domain import AccountName, OrderType, Side, Symbol
from algorithms.risk import Limits
from daemon.config.trading import RiskConfig
from daemon.execution.risk import Risk, limits_of
from tests.support.books import all_is_well, children, parents
from tests.support.houses import house
from tests.support.world import buy, order, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.execution.commands import Place
    from tests.support.world import Told, World

LIMIT, TWAP = OrderType.LIMIT, OrderType.TWAP
TQQQ = Symbol("TQQQ")


def guarded(*lines: str, **more: Any) -> str:  # noqa: ANN401 - those of ``house``
    top = "[risk]\n" + "\n".join(lines) + "\n"
    return house({"a": ("alpha", "main")}, top=top, commission="0", **more)


def error(told: Told) -> str | None:
    (result,) = told.body["results"]
    (only,) = result["orders"]
    text = only["error"]
    assert text is None or isinstance(text, str)
    return text


def set_live(day: World) -> None:
    """Make the paper account one with real money, as far as the daemon knows."""
    registry = day.engine.registry
    main = replace(registry.accounts[AccountName("main")], is_live=True)
    books = [replace(book, account=main) for book in registry.books.values()]
    renewed = type(registry).of([main], books, registry.strategies)
    day.engine.current.setup = replace(day.engine.current.setup, registry=renewed)


def test_the_limits_are_those_of_the_configuration() -> None:
    config = RiskConfig(
        max_order_value=Decimal(5),
        max_orders_per_minute=6,
        price_collar_percent=Decimal(7),
        max_daily_loss=Decimal(8),
    )
    assert limits_of(config) == Limits(
        max_order_value=Decimal(5),
        max_orders_per_minute=6,
        price_collar_percent=Decimal(7),
        max_daily_loss=Decimal(8),
    )
    assert limits_of(RiskConfig()) == Limits()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (buy("TQQQ", "10"), None),
        (buy("TQQQ", "11"), "order_too_large"),
        (buy("TQQQ", "11", kind=LIMIT, price="91"), "order_too_large"),
        (buy("TQQQ", "10", kind=LIMIT, price="96"), None),
        (buy("TQQQ", "10", kind=LIMIT, price="94"), "price_collar"),
        (buy("TQQQ", "5", kind=LIMIT, price="106"), "price_collar"),
        (buy("TQQQ", "11", kind=TWAP, slices=11, minutes="11"), "order_too_large"),
        (buy("TQQQ", "5", kind=TWAP, slices=5, minutes="5", price="80"), "price_collar"),
        (order(Side.BUY, "TQQQ", None, percent="2"), "order_too_large"),
    ],
)
async def test_an_order_beyond_a_limit_is_refused_at_the_door(
    tmp_path: Path, command: Place, code: str | None
) -> None:
    text = guarded('max_order_value = "1000"', "price_collar_percent = 5")
    async with world(tmp_path, text) as day:
        told = await day.submit("alpha", command)
        if code is None:
            assert told.http_status == 200
            return
        assert told.http_status == 422
        assert (error(told) or "").startswith(f"{code}: ")
        assert parents(day) == []
        assert await day.reserved("a", "USD") == 0
        assert day.told("order_refused") == 1


async def test_a_sale_at_the_market_is_judged_by_the_price_too(tmp_path: Path) -> None:
    async with world(tmp_path, guarded('max_order_value = "1000"')) as day:
        for _ in range(2):
            assert (await day.submit("alpha", buy("TQQQ", "10"))).http_status == 200
        told = await day.submit("alpha", sell("TQQQ", "20"))
        assert (error(told) or "").startswith("order_too_large: ")


async def test_a_slice_is_judged_again_by_the_price_of_its_time(tmp_path: Path) -> None:
    async with world(tmp_path, guarded("price_collar_percent = 5")) as day:
        await day.submit("alpha", buy("TQQQ", "1"))
        await day.pass_time(0.1)
        told = await day.submit(
            "alpha", sell("TQQQ", "1", kind=TWAP, slices=2, minutes="2", price="97")
        )
        assert told.http_status == 200
        # The price falls: the limit that was near it is now out of the collar.
        await day.exchange().exchange.set_price(TQQQ, Decimal(90))
        await day.pass_time(150)
        assert children(day, "side = 'sell'") == []
        (asked,) = parents(day, "side = 'sell'")
        assert asked["status"] == "expired"
        assert day.told("order_refused") == 1  # the first slice is less than one lot
        await all_is_well(day)


async def test_no_more_orders_leave_in_a_minute_than_may(tmp_path: Path) -> None:
    async with world(tmp_path, guarded("max_orders_per_minute = 3")) as day:
        replies = [await day.submit("alpha", buy("TQQQ", "1")) for _ in range(5)]
        assert [reply.http_status for reply in replies] == [200, 200, 200, 422, 422]
        assert (error(replies[4]) or "").startswith("too_many_orders: 3 were sent")
        assert [row["state"] for row in children(day)] == ["filled"] * 3 + ["rejected"] * 2
        assert day.told("order_refused") == 2
        clock = day.clock
    async with world(tmp_path, guarded("max_orders_per_minute = 3"), clock=clock, seed=2) as day:
        # What was sent before the restart counts.
        again = await day.submit("alpha", buy("TQQQ", "1"), key="after the restart")
        assert again.http_status == 422
        await day.pass_time(61)
        late = await day.submit("alpha", buy("TQQQ", "1"), key="a minute later")
        assert late.http_status == 200
        await all_is_well(day)


async def test_orders_with_different_keys_are_never_taken_for_repeats(tmp_path: Path) -> None:
    async with world(tmp_path, guarded("max_orders_per_minute = 60")) as day:
        command = buy("TQQQ", "1")
        replies = [await day.submit("alpha", command, key=f"key {n}") for n in range(5)]
        assert [reply.http_status for reply in replies] == [200] * 5
        assert len({reply.body["id"] for reply in replies}) == 5
        await day.pass_time(0.1)
        assert await day.held("a", "TQQQ") == 5
        same = await day.submit("alpha", command, key="key 0")
        assert same.body["id"] == replies[0].body["id"]
        await day.pass_time(0.1)
        assert await day.held("a", "TQQQ") == 5


async def test_real_money_is_not_touched_before_somebody_says_live(tmp_path: Path) -> None:
    async with world(tmp_path, guarded()) as day:
        set_live(day)
        told = await day.submit("alpha", buy("TQQQ", "1"))
        assert told.http_status == 422
        assert (error(told) or "").startswith("not_live: ")
        assert day.told("order_refused") == 1
        setup = day.engine.current.setup
        day.engine.current.setup = replace(setup, risk=Risk(limits=Limits(), live=True))
        assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 200


async def test_what_was_taken_while_live_is_not_sent_when_that_is_over(tmp_path: Path) -> None:
    async with world(tmp_path, guarded()) as day:
        slow = buy("TQQQ", "2", kind=TWAP, slices=2, minutes="2")
        assert (await day.submit("alpha", slow)).http_status == 200
        set_live(day)
        await day.pass_time(150)
        assert {row["state"] for row in children(day)} == {"cancelled"}
        assert all(row["reason"].startswith("not_live: ") for row in children(day))
        assert await day.held("a", "TQQQ") == 0
        await all_is_well(day)
