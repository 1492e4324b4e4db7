"""A snapshot is the book's own, narrowed by the broker, and whole or not used."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError, Quote
from algorithms.domain import OrderType, Side
from daemon.rebalancing.snapshot import NoSnapshotError, Snapshot
from tests.daemon.rebalancing.portfolios import HALVES, House, config, house
from tests.support.world import buy, order

if TYPE_CHECKING:
    from pathlib import Path

    from algorithms.domain import AccountName, Symbol


async def taken(here: House) -> Snapshot:
    book = here.desk.book("main")
    return await here.desk._planner.snapshots.take(book, HALVES)  # noqa: SLF001 - the planner's own


async def test_nothing_of_other_books_is_in_it(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.world.submit("alpha", buy("AAA", "7"))
        await here.world.submit("house", buy("BBB", "3"))
        await here.world.pass_time(1)
        portfolio = (await taken(here)).portfolio
        held = {ticker: asset.held for ticker, asset in portfolio.assets.items() if asset.held}
        assert held == {"BBB": 3}
        assert portfolio.equity < 100_000
        assert portfolio.assets["BBB"].asset_class == "stocks"  # type: ignore[index]


async def test_what_orders_have_set_aside_is_neither_sold_nor_spent_again(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.world.submit("house", buy("BBB", "5"))
        await here.world.pass_time(1)
        await here.world.submit(
            "house", order(Side.SELL, "BBB", "2", kind=OrderType.LIMIT, price="70")
        )
        await here.world.submit("house", buy("CCC", "100", kind=OrderType.LIMIT, price="10"))
        await here.world.pass_time(1)
        portfolio = (await taken(here)).portfolio
        asset = portfolio.assets["BBB"]  # type: ignore[index]
        assert asset.held == 5
        assert asset.sellable == 3
        assert portfolio.cash - portfolio.spendable == Decimal("1002.5")


async def test_no_more_is_sold_or_spent_than_the_broker_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        broker = here.world.exchange()

        async def power(currency: str) -> Decimal:
            return Decimal(900 if currency == "USD" else 0)

        # Of this one broker: what a class can is remembered for all that follows.
        monkeypatch.setattr(broker, "buying_power", power, raising=False)
        snapshot = await taken(here)
        assert snapshot.portfolio.spendable == 900
        assert snapshot.late == 99_100


async def test_what_is_kept_is_left_out(tmp_path: Path) -> None:
    async with house(tmp_path, config(rebalancing='keep = ["CCC"]')) as here:
        await here.world.submit("house", buy("CCC", "5"))
        await here.world.pass_time(1)
        assert "CCC" not in (await taken(here)).portfolio.assets


async def test_a_snapshot_that_takes_too_long_or_has_no_holdings_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, config(rebalancing="snapshot_max_seconds = 2")) as here:
        market = here.world.engine.services.market

        async def slow(*_: object) -> None:
            await here.world.clock.sleep(3)

        with monkeypatch.context() as patch:
            patch.setattr(market, "quote", slow)
            with pytest.raises(NoSnapshotError) as caught:
                await taken(here)
        assert caught.value.problem.code == "snapshot_too_old"

        async def silent() -> None:
            raise BrokerUnavailableError("closed for today")

        with monkeypatch.context() as patch:
            patch.setattr(here.world.exchange(), "holdings", silent)
            with pytest.raises(NoSnapshotError) as caught:
                await taken(here)
        assert "closed for today" in str(caught.value)


async def test_prices_that_are_missing_or_old_are_problems_with_their_tickers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        market = here.world.engine.services.market
        real = market.quote

        async def odd(account: AccountName, symbol: Symbol) -> Quote:
            if symbol == "AAA":
                raise BrokerUnavailableError("no trade today")
            found = await real(account, symbol)
            return Quote(
                symbol=symbol, last=found.last, bid=None, ask=None, previous_close=None,
                at=found.at - timedelta(hours=1),
            )  # fmt: skip

        monkeypatch.setattr(market, "quote", odd)
        problems = {each.ticker: each for each in (await taken(here)).problems}
        assert problems["AAA"].code == "no_price"  # type: ignore[index]
        assert "no trade today" in problems["AAA"].message  # type: ignore[index]
        assert problems["BBB"].code == "price_too_old"  # type: ignore[index]
