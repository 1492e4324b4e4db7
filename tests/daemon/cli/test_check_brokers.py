"""Whether the brokers let us in, asked of a Binance and a KIS that listen for real."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import SystemClock
from adapters.sessions import Session
from daemon.cli.check_brokers import broker_logins
from tests.daemon.config.loading import load
from tests.simulators.binance import AccountSeed, BinanceSimulator
from tests.simulators.kis import KisSimulator, Profile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date
    from pathlib import Path

    import pytest

    from daemon.config import Config
    from daemon.config.market import Market

TEXT = """
[accounts.toy]
market = "24/7"
[accounts.coins]
broker = "binance"
market = "24/7"
base_url = "{rest}"
ws_url = "{socket}"
credentials = {{ api_key = {{ env = "KEY" }}, api_secret = {{ env = "SECRET" }} }}
[accounts.elsewhere]
broker = "ccxt"
exchange = "no exchange of that name"
market = "24/7"
credentials = {{ api_key = {{ env = "KEY" }}, api_secret = {{ env = "SECRET" }} }}
"""

AT_KIS = """
[accounts.seoul]
broker = "kis"
market = "XKRX"
environment = "live"
account_no = "50123456-01"
hts_id = "htsuser1"
base_url = "{rest}"
ws_url = "{socket}"
credentials = {{ app_key = {{ env = "KEY" }}, app_secret = {{ env = "SECRET" }} }}
[accounts.new_york]
broker = "kis"
market = "XNYS"
environment = "live"
account_no = "50123456-01"
base_url = "{rest}"
ws_url = "{socket}"
credentials = {{ app_key = {{ env = "KEY" }}, app_secret = {{ env = "SECRET" }} }}
"""


@asynccontextmanager
async def configured(folder: Path, secret: str | None = None) -> AsyncIterator[Config]:
    seed = AccountSeed(name="alice", spot={"USDT": Decimal(500), "BTC": Decimal("0.25")})
    there = BinanceSimulator(SystemClock(), accounts=[seed])
    urls = await there.start()
    key, _ = there.keys("alice")
    text = TEXT.format(rest=urls.rest, socket=urls.socket)
    yield load(folder, text, KEY=key.api_key, SECRET=secret or key.secret)
    await there.close()


async def every_day(_: Market, first: date, last: date) -> tuple[Session, ...]:
    """Compute a calendar without weekends."""
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days)]
    return tuple(
        Session(day, datetime.combine(day, time(1), UTC), datetime.combine(day, time(6), UTC))
        for day in days
    )


class TestLogins:
    loop_factory = asyncio.SelectorEventLoop

    async def test_what_an_account_holds_shows_that_its_keys_are_right(
        self, tmp_path: Path
    ) -> None:
        async with configured(tmp_path) as config:
            said = await asyncio.to_thread(broker_logins, config)
        assert said["coins"] == "it holds 500 USDT and 0.25 BTCUSDT"
        assert said["toy"].startswith("not needed")
        assert said["elsewhere"].startswith("failed: ccxt ")

    async def test_a_wrong_secret_is_told_as_the_broker_says_it(self, tmp_path: Path) -> None:
        async with configured(tmp_path, secret="wrong") as config:
            said = await asyncio.to_thread(broker_logins, config)
        assert said["coins"].startswith("failed: 400 -1022 Signature")

    async def test_kis_tells_what_it_holds_and_when_it_trades_with_one_token(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("daemon.cli.check_brokers.compute_in_child", every_day)
        simulator = KisSimulator(SystemClock(), Profile.REAL)
        urls, key = await simulator.start(), simulator.key("alice")
        text = AT_KIS.format(rest=urls.rest, socket=urls.ws)
        config = load(tmp_path, text, KEY=key.app_key, SECRET=key.app_secret)
        said = await asyncio.to_thread(broker_logins, config)
        await simulator.close()
        assert said["seoul"].startswith("it holds 100000000 KRW; unlike the calendar it says: ")
        assert " is closed" in said["seoul"]
        assert said["new_york"].startswith("it holds ")
        # A second token within a minute would have been refused.
        assert len(list(config.daemon.data_dir.glob("kis-*.token"))) == 1

    async def test_a_wrong_key_of_kis_is_told_and_nothing_hangs(self, tmp_path: Path) -> None:
        simulator = KisSimulator(SystemClock(), Profile.PAPER)
        urls = await simulator.start()
        text = AT_KIS.format(rest=urls.rest, socket=urls.ws).replace('"live"', '"paper"')
        config = load(tmp_path, text, KEY="x" * 36, SECRET="y" * 180)
        said = await asyncio.to_thread(broker_logins, config)
        await simulator.close()
        assert said["seoul"].startswith("failed: KIS does not take the keys: EGW001")
