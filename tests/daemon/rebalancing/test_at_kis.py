"""A whole rebalance of Korean stocks and funds on the simulated KIS, beside a bot's orders."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from algorithms.domain import OrderType
from algorithms.rebalancing.states import RunState
from tests.algorithms.rebalancing.houses import targets
from tests.daemon.rebalancing.portfolios import House, house
from tests.simulators.kis import AccountSeed, KisSimulator, Profile
from tests.simulators.kis.hours import Country
from tests.support.mortal import apart
from tests.support.world import buy, sell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.simulators.kis.simulator import Urls
    from tests.support.mortal import Life

MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
"""Ten o'clock in Seoul."""
SAMSUNG, HYNIX, KODEX = "005930", "000660", "069500"
CONFIG = """
[rebalancing]
max_order_percent = 100
[accounts.main]
broker = "kis"
market = "XKRX"
currency = "KRW"
account_no = "50123456-01"
hts_id = "htsuser1"
commission_percent = "0.0140527"
sell_tax_percent = "0.20"
base_url = "{rest}"
ws_url = "{ws}"
credentials.app_key = {{ file = "key" }}
credentials.app_secret = {{ file = "secret" }}
[strategies.house]
[strategies.alpha]
[strategies.beta]
[books.portfolio]
strategy = "house"
account = "main"
capital = "60000000"
rule = {{ type = "portfolio" }}
[books.a]
strategy = "alpha"
account = "main"
capital = "20000000"
[books.b]
strategy = "beta"
account = "main"
capital = "20000000"
"""
BOOKS = ("portfolio", "a", "b")
ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)
FUNDS = targets(
    {"stocks": "60", "funds": "30", "cash": "10"},
    {"stocks": {SAMSUNG: "50", HYNIX: "50"}, "funds": {KODEX: "100"}},
)
STOCKS = targets({"stocks": "90", "cash": "10"}, {"stocks": {SAMSUNG: "20", HYNIX: "80"}})


@asynccontextmanager
async def korea(clock: LoopClock) -> AsyncIterator[tuple[KisSimulator, Urls]]:
    """Run the broker; it outlives daemons."""
    seed = AccountSeed(name="alice", number="5012345601", won=Decimal(100_000_000))
    simulator = KisSimulator(clock, Profile.PAPER, accounts=[seed])
    try:
        with apart():
            urls = await simulator.start()
        yield simulator, urls
    finally:
        await simulator.close()


@asynccontextmanager
async def at_kis(
    folder: Path,
    clock: LoopClock,
    simulator: KisSimulator,
    urls: Urls,
    *,
    seed: int = 1,
    life: Life | None = None,
) -> AsyncIterator[House]:
    """Run a daemon on the account there."""
    key = simulator.key("alice")
    (folder / "key").write_text(key.app_key)
    (folder / "secret").write_text(key.app_secret)
    text = CONFIG.format(rest=urls.rest, ws=urls.ws)
    async with house(folder, text, clock=clock, seed=seed, life=life) as here:
        await here.world.engine.fleet.tried()
        yield here


@asynccontextmanager
async def seoul(folder: Path) -> AsyncIterator[tuple[House, KisSimulator]]:
    """Run a daemon on an account of the simulator, in the middle of a session."""
    clock = LoopClock(MORNING)
    async with korea(clock) as (simulator, urls), at_kis(folder, clock, simulator, urls) as here:
        yield here, simulator


async def sums_agree(here: House, simulator: KisSimulator) -> None:
    """What the books hold together is what KIS has, to the last unit and won."""
    account = simulator.account("alice")
    for asset in (SAMSUNG, HYNIX, KODEX):
        ours = [await here.world.held(book, asset) for book in BOOKS]
        assert sum(ours, Decimal(0)) == account.held(asset), asset
    ours = [await here.world.held(book, "KRW") for book in (*BOOKS, "@suspense")]
    assert sum(ours, Decimal(0)) == account.cash(Country.KOREA)
    assert await here.world.check() == ()


async def test_ticks_of_funds_sale_tax_and_two_bots_that_trade_meanwhile(tmp_path: Path) -> None:
    async with seoul(tmp_path) as (here, simulator):
        await here.want(FUNDS)
        first = await here.until(await here.start(), *ENDED)
        assert (first.state, first.reason) == (RunState.DONE, "")
        limits = {trade.ticker: trade.limit for trade in await here.trades(first)}
        # Stocks move in hundreds and five hundreds there, funds in fives.
        assert limits == {SAMSUNG: 71_600, HYNIX: 206_000, KODEX: 41_405}

        await here.world.submit("beta", buy(SAMSUNG, "50"))
        slices = buy(KODEX, "100", kind=OrderType.TWAP, slices=4, minutes="8")
        await here.world.pass_time(20)  # KIS is asked once a second
        await here.world.submit("alpha", slices)
        await here.world.pass_time(20)
        await here.want(STOCKS)
        run = await here.start()
        await here.world.submit("beta", sell(SAMSUNG, "20"))
        second = await here.until(run, *ENDED)
        assert (second.state, second.reason) == (RunState.DONE, "")
        assert second.outcome["beyond"] == []
        assert here.world.told("pair_crossed") >= 1
        assert KODEX not in await here.holds()
        assert Decimal(second.outcome["fees"]["KRW"]) > 0  # type: ignore[index]
        await here.world.pass_time(600)
        assert await here.world.held("a", KODEX) == 100
        assert await here.world.held("b", SAMSUNG) == 30
        await sums_agree(here, simulator)


async def test_cash_of_sales_that_settles_two_days_later_is_spent_then(tmp_path: Path) -> None:
    async with seoul(tmp_path) as (here, simulator):
        simulator.switches.settled_cash_only = True
        await here.want(FUNDS)
        await here.until(await here.start(), *ENDED)
        # The bots spend theirs, or KIS would let the book borrow of it.
        await here.world.submit("alpha", buy(KODEX, "450"))
        await here.world.submit("beta", buy(KODEX, "450"))
        await here.world.pass_time(60)
        await here.want(STOCKS)
        stopped = await here.until(await here.start(), *ENDED)
        assert stopped.state is RunState.STOPPED
        assert "does not let" in stopped.reason
        assert here.world.told("rebalance_stopped") == 1
        here.world.clock.step(timedelta(days=4))  # over a weekend to Tuesday
        await here.world.pass_time(60)
        await here.desk.resume(stopped.id)
        ended = await here.until(stopped, *ENDED)
        assert ended.state is RunState.DONE, ended.reason


async def test_a_halted_stock_is_named_and_the_rest_is_bought(tmp_path: Path) -> None:
    async with seoul(tmp_path) as (here, simulator):
        await here.want(FUNDS)
        await here.until(await here.start(), *ENDED)
        before = await here.holds()
        await here.want(STOCKS)
        assets = (await here.desk.prepare("main")).draft.snapshot.portfolio.assets
        taxed = {ticker for ticker, asset in assets.items() if not asset.untaxed}
        assert taxed == {SAMSUNG, HYNIX}  # sales of funds bear no tax
        simulator.host.market.tapes[HYNIX].halted = True
        stopped = await here.until(await here.start(), *ENDED)
        assert stopped.state is RunState.STOPPED
        assert HYNIX in stopped.reason
        assert (await here.holds())[HYNIX] == before[HYNIX]
        simulator.host.market.tapes[HYNIX].halted = False
        await here.desk.resume(stopped.id)
        ended = await here.until(stopped, *ENDED)
        assert ended.state is RunState.DONE, ended.reason
        assert (await here.holds())[HYNIX] > before[HYNIX]
        await sums_agree(here, simulator)
