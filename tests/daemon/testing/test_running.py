"""The harness, as its users use it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.paper import Fault
from daemon.config import ConfigErrors
from daemon.testing import NotInTimeError, RealTimeError, play, running_daemon
from tests.support.world import START, THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.testing import RunningDaemon

WANDERING = THREE_BOOKS.replace("[accounts.main.paper]", "[accounts.main.paper]\nwalk_percent = 1")
MARKET = {"order_type": "MARKET", "symbol": "TQQQ"}
CLOSES_AT_NINE = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
NEW_YORK = """
[accounts.main]
market = "XNYS"
[accounts.main.paper]
prices = { TQQQ = "100" }
hours = "exchange"
[strategies.alpha]
[books.a]
strategy = "alpha"
account = "main"
capital = "10000"
"""


async def bought(d: RunningDaemon, quantity: str = "10") -> None:
    answer = await d.webhook("alpha", side="buy", qty=quantity, **MARKET)
    assert (answer.status, answer.json["success"]) == (200, True), answer.text
    await d.settle()


async def test_an_order_goes_the_whole_way_from_its_webhook_to_the_books() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        await bought(d)
        assert await d.held("a", "TQQQ") == 10
        assert await d.held("a", "USD") == Decimal("98997.5")
        (order,) = await d.listed("orders", book="a")
        assert (order["status"], order["symbol"]) == ("done", "TQQQ")
        assert [fill["quantity"] for fill in await d.listed("fills")] == ["10"]
        assert d.told("bought") == 1
        assert await d.check() == ()


async def test_what_a_strategy_does_wrong_is_answered_as_over_the_network() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        assert (
            await d.webhook("alpha", token="guessed", side="buy", qty=1, **MARKET)
        ).status == 401
        faulty = await d.webhook("alpha", side="hold", qty=1, **MARKET)
        assert (faulty.status, faulty.headers["content-type"]) == (400, "application/problem+json")
        assert (await d.request("GET", "/api/orders", token="guessed")).status == 401
        assert (await d.request("GET", "/health")).json == {"status": "ok"}
        assert (await d.request("HEAD", "/health")).body == b""


async def test_time_passes_only_when_the_test_lets_it() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        began = d.now
        await d.advance(90)
        assert d.now - began == timedelta(seconds=90)
        await d.advance(timedelta(hours=1))
        await d.advance_to(CLOSES_AT_NINE)
        assert d.now == CLOSES_AT_NINE
        with pytest.raises(ValueError, match="has passed"):
            await d.advance_to(began)
        with pytest.raises(ValueError, match="time zone"):
            await d.advance_to(CLOSES_AT_NINE.replace(tzinfo=None))


async def test_a_price_set_by_the_test_fills_what_waited_for_it() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        limit = {"order_type": "LIMIT", "symbol": "TQQQ", "price": "95"}
        await d.webhook("beta", side="buy", qty=5, **limit)
        await d.settle()
        assert await d.held("b", "TQQQ") == 0
        await d.set_price("TQQQ", "94.5")
        await d.until(lambda: d.told("bought") == 1, within=5)
        assert await d.held("b", "TQQQ") == 5
        with pytest.raises(ValueError, match="no paper account has a price of AAPL"):
            await d.set_price("AAPL", "1")


async def test_what_does_not_happen_in_time_fails_the_test_with_what_was_told() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        await bought(d)
        with pytest.raises(NotInTimeError, match="last notices: bought"):
            await d.until(lambda: d.told("sold") > 0, within=timedelta(minutes=1))


async def test_an_answer_that_is_lost_is_asked_for() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        d.broker("main").faults.script("place", Fault.ANSWER_LOST_AFTER)
        await d.webhook("alpha", side="buy", qty=3, **MARKET)
        await d.settle(within=120)
        assert await d.held("a", "TQQQ") == 3
        assert len(await d.listed("fills")) == 1
        assert await d.check() == ()


async def test_the_configuration_changes_while_it_runs() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        assert await d.reload(THREE_BOOKS.replace("[books.a]", "[books.a]\nactive = false"))
        answer = await d.webhook("alpha", side="buy", qty=1, **MARKET)
        assert "book_inactive" in answer.text
        assert not await d.reload("nonsense = 1")


async def test_a_restart_finds_everything_as_it_was(tmp_path: Path) -> None:
    async with running_daemon(THREE_BOOKS, folder=tmp_path) as d:
        await bought(d)
        clock = d.clock
    async with running_daemon(THREE_BOOKS, folder=tmp_path, clock=clock, seed=2) as d:
        assert await d.held("a", "TQQQ") == 10
        await bought(d, "1")
        assert await d.check() == ()


async def test_an_exchange_keeps_its_hours() -> None:
    async with running_daemon(NEW_YORK, start=datetime(2026, 11, 20, 14, 0, tzinfo=UTC)) as d:
        answer = await d.webhook("alpha", side="buy", qty=1, **MARKET)
        assert not answer.json["success"]
        await d.advance_to(datetime(2026, 11, 20, 14, 31, tzinfo=UTC))
        await bought(d, "1")


async def test_a_file_is_used_and_neither_it_nor_its_data_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    text = THREE_BOOKS + '[strategies.delta]\ntoken = { file = "delta" }\n'
    path.write_text(text)
    (tmp_path / "delta").write_text("a token of delta\n")
    async with running_daemon(path) as d:
        await bought(d)
        assert (await d.webhook("delta", side="buy", qty=1, **MARKET)).status == 422
        with pytest.raises(ValueError, match="not overwritten"):
            await d.reload(text)
    assert path.read_text() == text
    assert not (tmp_path / "data").exists()


async def test_the_same_seed_makes_the_same_day() -> None:
    days = []
    for _ in range(2):
        async with running_daemon(WANDERING) as d:
            assert d.now == START
            await bought(d)
            await d.advance(3600)
            await bought(d)
            days.append([(each["id"], each["price"]) for each in await d.listed("fills")])
    assert days[0] == days[1]


async def test_faults_of_the_configuration_are_told_as_by_check() -> None:
    with pytest.raises(ConfigErrors, match="nettting"):
        async with running_daemon("[nettting]"):
            pass


def test_a_loop_that_waits_for_real_is_refused_with_advice() -> None:
    async def story() -> None:
        async with running_daemon(THREE_BOOKS):
            pass

    with pytest.raises(RealTimeError, match=r"conftest\.py"):
        asyncio.run(story())


def test_play_needs_no_plugin() -> None:
    async def story() -> Decimal:
        async with running_daemon(THREE_BOOKS) as d:
            await bought(d)
            return await d.held("a", "TQQQ")

    assert play(story()) == 10
