from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from adapters.paper import Fault
from algorithms.domain import OrderType, Side
from tests.support.houses import house
from tests.support.world import buy, cancel_all, order, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.execution.commands import Place
    from tests.support.world import Told, World

BUY, SELL = Side.BUY, Side.SELL
LIMIT, MARKET, TWAP = OrderType.LIMIT, OrderType.MARKET, OrderType.TWAP
ONE_BOOK = house({"a": ("alpha", "main")}, commission="0")


def error(told: Told) -> str:
    (result,) = told.body["results"]
    (only,) = result["orders"]
    assert told.http_status in {422, 502}
    assert only["success"] is False
    text = only["error"]
    assert isinstance(text, str)
    return text


async def newest(day: World) -> dict[str, Any]:
    return (await day.rows("all_parents"))[-1]


@pytest.mark.parametrize(
    "command",
    [
        buy("TQQQ", "3"),
        buy("TQQQ", "3", kind=LIMIT, price="90"),
        buy("TQQQ", "3", kind=OrderType.STOP_MARKET, stop="110"),
        buy("TQQQ", "3", kind=OrderType.STOP_LIMIT, stop="110", price="111"),
        buy("TQQQ", "3", kind=OrderType.LOC, price="101"),
        buy("TQQQ", "3", kind=OrderType.MOC),
        buy("TQQQ", "3", kind=TWAP, slices=3, minutes="3"),
        buy("TQQQ", "3", kind=TWAP, slices=3, minutes="3", price="99"),
    ],
    ids=lambda command: f"{command.order_type.value}-{command.price}",
)
async def test_every_order_type_is_taken_and_acknowledged(tmp_path: Path, command: Place) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        told = await day.submit("alpha", command)
        assert (told.http_status, told.body["status"]) == (200, "done")
        (taken,) = told.body["results"][0]["orders"]
        assert taken["success"] is True
        assert (taken["exchange_order_id"] is None) is (command.order_type is TWAP)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (buy("NVDA", "1"), "unknown_symbol"),
        (buy("TQQQ", "1.5"), "off_lot"),
        (buy("TQQQ", "2000", kind=LIMIT, price="100"), "insufficient_cash"),
        (sell("TQQQ", "1"), "insufficient_holdings"),
        (order(BUY, "TQQQ", None, percent="0.05"), "below_one_lot"),
        (order(SELL, "TQQQ", None, percent="-50"), "nothing_to_close"),
        (buy("TQQQ", "1", kind=LIMIT, price="0.001"), "bad_price"),
        (buy("TQQQ", "1", account="elsewhere"), "no_account"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_refusal_says_why_and_keeps_nothing(
    tmp_path: Path, command: Place, code: str
) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        told = await day.submit("alpha", command)
        assert error(told).startswith(f"{code}: ")
        assert told.http_status == 422
        assert await day.rows("all_parents") == []
        assert await day.reserved("a", "USD") == 0


async def test_a_book_trades_its_own_symbols_only_and_none_when_switched_off(
    tmp_path: Path,
) -> None:
    text = house(
        {"a": ("alpha", "main"), "b": ("beta", "main")},
        more={"a": 'symbols = ["SOXL"]', "b": "active = false"},
    )
    async with world(tmp_path, text) as day:
        assert error(await day.submit("alpha", buy("TQQQ", "1"))).startswith("symbol_not_in_book: ")
        assert error(await day.submit("beta", buy("TQQQ", "1"))).startswith("book_inactive: ")
        assert (await day.submit("alpha", buy("SOXL", "1"))).http_status == 200


@pytest.mark.parametrize(
    ("percent", "price", "leverage", "quantity"),
    [
        ("10", None, "1", "100"),  # a tenth of 100,000 at the market's 100
        ("10", "99", "1", "101"),  # 10,000 / 99 = 101.01 shares
        ("10", "1000", "1", "10"),  # the price sizes, whatever the market says
        ("10", "300", "3", "100"),
        ("33.3", "100", "1", "333"),
    ],
)
async def test_percent_of_capital_becomes_whole_lots(
    tmp_path: Path, percent: str, price: str | None, leverage: str, quantity: str
) -> None:
    text = house({"a": ("alpha", "main")}, more={"a": f'leverage = "{leverage}"'})
    async with world(tmp_path, text) as day:
        asked = order(BUY, "TQQQ", None, percent=percent, price=price)
        assert (await day.submit("alpha", asked)).http_status == 200
        assert (await newest(day))["total"] == quantity


async def test_more_than_all_of_the_capital_may_be_asked_and_needs_the_cash(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        told = await day.submit("alpha", order(BUY, "TQQQ", None, percent="150"))
        assert error(told) == (
            "insufficient_cash: needs 157500 USD, 100000 free in a; without a limit it is reckoned "
            "at its worst price, see risk.market_margin_percent; qty_per 95.1 would do"
        )
        # Sized at 200, but bought at 50: the cash suffices.
        dear = order(BUY, "SOXL", None, percent="150", price="200")
        assert (await day.submit("alpha", dear)).http_status == 200


@pytest.mark.parametrize("price", ["10", "300", "9000"])
@pytest.mark.parametrize("percent", ["100", "400"])
async def test_what_is_said_to_do_instead_does(tmp_path: Path, price: str, percent: str) -> None:
    """All of the cash cannot go to an order that may cost more than the market's price."""
    text = house({"a": ("alpha", "main")}).replace('TQQQ = "100"', f'TQQQ = "{price}"')
    async with world(tmp_path, text) as day:
        told = await day.submit("alpha", order(BUY, "TQQQ", None, percent=percent))
        (fitting,) = re.findall(r"qty_per (\S+) would do", error(told))
        assert Decimal(fitting) > 50
        assert (
            await day.submit("alpha", order(BUY, "TQQQ", None, percent=fitting))
        ).http_status == 200


async def test_a_negative_percent_closes_that_part_of_what_is_held(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        await day.submit("alpha", buy("TQQQ", "101"))
        await day.pass_time(1)
        # Which side was named does not matter: closing a holding sells.
        await day.submit("alpha", order(BUY, "TQQQ", None, percent="-50"))
        await day.pass_time(1)
        assert (await newest(day))["side"] == "sell"
        assert await day.held("a", "TQQQ") == 51
        await day.submit("alpha", order(SELL, "TQQQ", None, percent="-100"))
        await day.pass_time(1)
        assert await day.held("a", "TQQQ") == 0


@pytest.mark.parametrize(
    ("command", "limit", "stop"),
    [
        (buy("TQQQ", "1", kind=LIMIT, price="99.999"), "99.99", None),
        (
            buy("TQQQ", "1", kind=OrderType.STOP_LIMIT, stop="109.991", price="111.119"),
            "111.11",
            "110",
        ),
    ],
    ids=["limit", "stop"],
)
async def test_a_buying_price_is_rounded_inside_its_limit(
    tmp_path: Path, command: Place, limit: str, stop: str | None
) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        await day.submit("alpha", command)
        row = await newest(day)
        assert (row["limit_price"], row["stop_price"]) == (limit, stop)


async def test_a_selling_price_is_rounded_inside_its_limit(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        await day.submit("alpha", buy("TQQQ", "2"))
        await day.pass_time(1)
        await day.submit("alpha", sell("TQQQ", "1", kind=LIMIT, price="120.001"))
        assert (await newest(day))["limit_price"] == "120.01"
        await day.submit(
            "alpha",
            sell("TQQQ", "1", kind=OrderType.STOP_LIMIT, stop="90.009", price="88.881"),
        )
        row = await newest(day)
        assert (row["limit_price"], row["stop_price"]) == ("88.89", "90")


async def test_a_market_order_sets_aside_the_markets_price_not_the_one_it_is_sized_by(
    tmp_path: Path,
) -> None:
    text = house({"a": ("alpha", "main")}, paper={"main": "latency_ms = 200"}, commission="0")
    async with world(tmp_path, text) as day:
        await asyncio.gather(
            day.submit("alpha", order(BUY, "TQQQ", None, percent="1", price="10")),
            watch_reserve(day, at_least=100 * 100),
        )
        assert (await newest(day))["total"] == "100"


async def watch_reserve(day: World, *, at_least: int) -> None:
    most = Decimal(0)
    for _ in range(100):
        await day.pass_time(0.01)
        most = max(most, await day.reserved("a", "USD"))
    assert most >= at_least


async def test_two_buys_at_once_never_spend_the_same_cash(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        asked = [buy("TQQQ", "300", kind=LIMIT, price=price) for price in ("90", "91", "92", "93")]
        told = await asyncio.gather(*(day.submit("alpha", one) for one in asked))
        assert sorted(one.http_status for one in told) == [200, 200, 200, 422]
        assert await day.reserved("a", "USD") == 300 * (90 + 91 + 92)


async def test_orders_of_one_batch_do_not_spend_the_same_cash_either(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        told = await day.submit("alpha", *[buy("TQQQ", "300", kind=LIMIT, price="90")] * 4)
        assert (told.http_status, told.body["failed_orders"]) == (207, 1)
        assert await day.reserved("a", "USD") == 3 * 300 * 90


async def test_two_sells_at_once_never_sell_the_same_share(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        await day.submit("alpha", buy("TQQQ", "100"))
        await day.pass_time(1)
        told = await asyncio.gather(
            *(day.submit("alpha", sell("TQQQ", "60", kind=LIMIT, price=p)) for p in ("120", "121"))
        )
        assert sorted(one.http_status for one in told) == [200, 422]
        assert await day.reserved("a", "TQQQ") == 60


async def test_what_an_order_set_aside_is_free_again_when_it_is_cancelled(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        for _ in range(3):
            told = await day.submit("alpha", buy("TQQQ", "1000", kind=LIMIT, price="90"))
            assert told.http_status == 200
            assert (await day.submit("alpha", cancel_all())).body["cancelled_orders"] == 1
        assert await day.reserved("a", "USD") == 0


async def test_books_share_an_account_but_not_its_cash(tmp_path: Path) -> None:
    async with world(tmp_path, house({"a": ("alpha", "main"), "b": ("beta", "main")})) as day:
        told = await day.submit("alpha", buy("TQQQ", "1500", kind=LIMIT, price="90"))
        assert error(told).startswith("insufficient_cash: ")


async def test_a_market_and_a_limit_order_of_one_batch_each_get_what_they_need(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        batch = (buy("TQQQ", "1"), buy("TQQQ", "1", kind=LIMIT, price="90"))
        assert (await day.submit("alpha", *batch)).http_status == 200
        # Now that the instrument and the price are known, the answer must be the same.
        assert (await day.submit("alpha", *batch)).http_status == 200


async def test_only_the_order_that_needs_a_price_suffers_when_there_is_none(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        for _ in range(2):
            day.exchange().faults.script("quote", Fault.RESET_BEFORE)
        told = await day.submit("alpha", buy("TQQQ", "1"), buy("TQQQ", "1", kind=LIMIT, price="90"))
        assert told.http_status == 207
        market, limit = told.body["results"][0]["orders"]
        assert market["error"].startswith("unavailable: ")
        assert limit["success"] is True


async def test_a_silent_broker_is_not_a_refusal(tmp_path: Path) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        day.exchange().faults.script("instrument", Fault.RESET_BEFORE)
        told = await day.submit("alpha", buy("TQQQ", "1"))
        assert told.http_status == 502
        assert error(told).startswith("unavailable: ")


async def test_every_book_that_is_meant_gets_its_own_order(tmp_path: Path) -> None:
    text = house({"a": ("alpha", "one"), "b": ("alpha", "two"), "c": ("beta", "one")})
    async with world(tmp_path, text) as day:
        both = await day.submit("alpha", order(BUY, "TQQQ", None, percent="10"))
        assert [result["account_id"] for result in both.body["results"]] == ["one", "two"]
        only = await day.submit("alpha", buy("TQQQ", "1", account="two"))
        assert [result["account_id"] for result in only.body["results"]] == ["two"]
        assert {row["book"] for row in await day.rows("all_parents")} == {"a", "b"}


async def test_a_cancel_of_one_side_takes_no_order_of_the_other_that_waits_before_it(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, ONE_BOOK) as day:
        await day.submit("alpha", buy("TQQQ", "5"))
        await day.submit("alpha", buy("TQQQ", "1", kind=LIMIT, price="90"))
        day.exchange().faults.script("cancel", Fault.DELAY, delay_s=1)
        _, bought, sold, _ = await asyncio.gather(
            day.submit("alpha", cancel_all()),
            day.submit("alpha", buy("TQQQ", "2", kind=LIMIT, price="90")),
            day.submit("alpha", sell("TQQQ", "3", kind=LIMIT, price="110")),
            day.submit("alpha", cancel_all(side=BUY)),
        )
        assert error(bought).startswith("cancelled: a cancel of the strategy came before")
        assert sold.http_status == 200
        assert await day.resting() == {"alpha": 1}
