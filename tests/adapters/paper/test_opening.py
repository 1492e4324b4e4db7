from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from adapters.broker import BrokerUnavailableError
from adapters.paper import PaperSettingsError
from algorithms.domain import AccountName, OrderType, Symbol, TimeInForce
from algorithms.instruments import default_instrument
from tests.support.paper import FRIDAY_AFTERNOON, TQQQ, PaperMarket, paper_settings
from tests.support.paper_engine import BUY, SELL, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SOXL = Symbol("SOXL")


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[PaperMarket]:
    async with PaperMarket(paper_settings(tmp_path)) as market:
        yield market


async def test_a_new_account_holds_its_initial_cash_and_an_old_one_what_it_had(
    market: PaperMarket,
) -> None:
    first = await market.open()
    assert (await first.holdings()).cash == {"USD": 10_000}
    await first.exchange.place(request("a", BUY, 1))
    await first.close()
    second = await market.open(initial_cash=Decimal(99))
    assert (await second.holdings()).cash == {"USD": Decimal("9899.75")}


async def test_accounts_may_share_a_file(market: PaperMarket) -> None:
    main = await market.open()
    other = await market.open(account=AccountName("other"), initial_cash=Decimal(500))
    await main.exchange.place(request("a", BUY, 1))
    await other.exchange.place(request("a", BUY, 2))
    assert (await main.holdings()).positions == {TQQQ: 1}
    assert (await other.holdings()).positions == {TQQQ: 2}


async def test_the_market_goes_on_while_nobody_runs_it(market: PaperMarket) -> None:
    """The price walks through a resting order while the process is down: it filled then."""
    first = await market.open(walk_percent=Decimal(2), seed=4)
    await first.exchange.place(
        request("a", BUY, 1, OrderType.LIMIT, limit="97", good_for=TimeInForce.GTC)
    )
    await first.close()
    await market.clock.sleep(timedelta(hours=9).total_seconds())
    second = await market.open()
    (fill,) = await second.fills_since(FRIDAY_AFTERNOON)
    assert fill.price == 97
    assert fill.at < market.clock.now() - timedelta(hours=1)
    assert (await second.quote(TQQQ)).last != 100


async def test_a_market_that_was_killed_shows_the_price_it_would_have_had(
    market: PaperMarket, tmp_path: Path
) -> None:
    steady = await market.open(walk_percent=Decimal(1), seed=9)
    killed = await market.open(database=tmp_path / "killed.db")
    for _ in range(5):
        await killed.quote(TQQQ)
        await market.clock.sleep(600)
        killed = await market.open()
    expected = (await steady.quote(TQQQ)).last
    assert (await killed.quote(TQQQ)).last == expected != 100


async def test_a_price_changed_in_the_settings_fills_what_it_reaches(
    market: PaperMarket,
) -> None:
    first = await market.open()
    await first.exchange.place(request("a", BUY, 1, OrderType.LIMIT, limit="95"))
    await first.close()
    second = await market.open(prices={TQQQ: Decimal(90)})
    assert (await second.holdings()).positions == {TQQQ: 1}


async def test_prices_come_from_a_recording(market: PaperMarket, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text(
        "time,symbol,price\n"
        "2026-11-20T13:00:00Z,TQQQ,50\n"
        "2026-11-20T14:10:00Z,TQQQ,45\n"
        "2026-11-20T13:00:00Z,SOXL,20\n"
    )
    broker = await market.open(prices=file)
    assert (await broker.quote(TQQQ)).last == 50
    await broker.exchange.place(request("a", BUY, 1, OrderType.LIMIT, limit="47"))
    await market.clock.sleep(601)
    assert (await broker.quote(TQQQ)).last == 45
    assert (await broker.holdings()).positions == {TQQQ: 1}
    assert (await broker.quote(SOXL)).last == 20


async def test_instruments_of_the_settings_replace_the_usual_ones(market: PaperMarket) -> None:
    fine = default_instrument(TQQQ, "XNYS", "USD", lot=Decimal("0.1"), tick=Decimal("0.5"))
    broker = await market.open(instruments={TQQQ: fine}, prices={TQQQ: Decimal("100.5")})
    assert await broker.instrument(TQQQ) == fine


async def test_a_futures_account_may_go_short(market: PaperMarket) -> None:
    broker = await market.open(market_type="futures")
    await broker.exchange.place(request("a", SELL, 5))
    assert (await broker.holdings()).positions == {TQQQ: -5}
    await broker.exchange.place(request("b", BUY, 5))
    await broker.close()
    without = await market.open(prices={SOXL: Decimal(20)})
    await without.exchange.place(request("c", SELL, 5, symbol=SOXL))
    assert (await without.holdings()).positions == {SOXL: -5}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"prices": {TQQQ: Decimal("100.001")}}, "100.001 of TQQQ is not on its tick 0.01"),
        ({"currency": "KRW"}, "holds USD, the settings say KRW"),
        ({"prices": {SOXL: Decimal(20)}}, "trades TQQQ, without a price in the settings"),
        ({"market": "MARS"}, "MARS"),
    ],
)
async def test_settings_that_do_not_fit_are_named(
    market: PaperMarket, changes: dict[str, Any], fault: str
) -> None:
    first = await market.open()
    await first.exchange.place(request("a", BUY, 1, OrderType.LIMIT, limit="50"))
    await first.close()
    with pytest.raises(PaperSettingsError, match=fault):
        await market.open(**changes)
    await market.open(prices={TQQQ: Decimal(100)}, currency="USD", market="XNYS")


async def test_a_file_that_is_no_paper_database_is_named_and_left_alone(
    market: PaperMarket,
) -> None:
    path = market.settings.database
    with closing(sqlite3.connect(path)) as disk:
        disk.execute("CREATE TABLE diary (entry TEXT)")
    with pytest.raises(PaperSettingsError, match=r"paper\.db: .*already holds something else"):
        await market.open()


async def test_a_damaged_file_makes_the_broker_unavailable(market: PaperMarket) -> None:
    market.settings.database.write_bytes(b"this was a database once" * 100)
    with pytest.raises(BrokerUnavailableError, match=r"paper\.db"):
        await market.open()


async def test_a_folder_that_cannot_be_made_makes_the_broker_unavailable(
    market: PaperMarket, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BrokerUnavailableError):
        await market.open(database=tmp_path / "file" / "paper.db")
