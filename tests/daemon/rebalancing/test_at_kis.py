"""A whole rebalance of Korean stocks and funds on the simulated KIS, beside a bot's orders."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from algorithms.rebalancing.states import RunState
from tests.algorithms.rebalancing.houses import targets
from tests.daemon.rebalancing.portfolios import House, house
from tests.simulators.kis import AccountSeed, KisSimulator, Profile
from tests.support.world import buy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

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
[books.portfolio]
strategy = "house"
account = "main"
capital = "60000000"
rule = {{ type = "portfolio" }}
[books.a]
strategy = "alpha"
account = "main"
capital = "40000000"
"""
ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)
FUNDS = targets(
    {"stocks": "60", "funds": "30", "cash": "10"},
    {"stocks": {SAMSUNG: "50", HYNIX: "50"}, "funds": {KODEX: "100"}},
)
STOCKS = targets({"stocks": "90", "cash": "10"}, {"stocks": {SAMSUNG: "20", HYNIX: "80"}})


@asynccontextmanager
async def seoul(folder: Path) -> AsyncIterator[tuple[House, KisSimulator]]:
    """Run a daemon on an account of the simulator, in the middle of a session."""
    clock = LoopClock(MORNING)
    seed = AccountSeed(name="alice", number="5012345601", won=Decimal(100_000_000))
    simulator = KisSimulator(clock, Profile.PAPER, accounts=[seed])
    urls = await simulator.start()
    try:
        key = simulator.key("alice")
        (folder / "key").write_text(key.app_key)
        (folder / "secret").write_text(key.app_secret)
        text = CONFIG.format(rest=urls.rest, ws=urls.ws)
        async with house(folder, text, clock=clock) as here:
            await here.world.engine.fleet.tried()
            yield here, simulator
    finally:
        await simulator.close()


async def test_ticks_of_funds_sale_tax_and_a_bot_that_buys_what_is_sold(tmp_path: Path) -> None:
    async with seoul(tmp_path) as (here, simulator):
        await here.want(FUNDS)
        first = await here.until(await here.start(), *ENDED)
        assert (first.state, first.reason) == (RunState.DONE, "")
        limits = {trade.ticker: trade.limit for trade in await here.trades(first)}
        # Stocks move in hundreds and five hundreds there, funds in fives.
        assert limits == {SAMSUNG: 71_600, HYNIX: 206_000, KODEX: 41_405}

        await here.world.submit("alpha", buy(KODEX, "100", nets=True))
        await here.want(STOCKS)
        second = await here.until(await here.start(), *ENDED)
        assert (second.state, second.reason) == (RunState.DONE, "")
        assert second.outcome["beyond"] == []
        held = await here.holds()
        assert KODEX not in held
        fees = Decimal(second.outcome["fees"]["KRW"])  # type: ignore[index]
        assert fees > 0
        assert await here.world.check() == ()
        there = simulator.account("alice")
        assert there is not None
