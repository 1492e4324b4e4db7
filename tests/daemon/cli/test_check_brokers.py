"""Whether the brokers let us in, asked of a Binance that listens for real."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import SystemClock
from daemon.cli.check_brokers import broker_logins
from tests.daemon.config.loading import load
from tests.simulators.binance import AccountSeed, BinanceSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from daemon.config import Config

TEXT = """
[accounts.toy]
market = "24/7"
[accounts.seoul]
broker = "kis"
market = "XKRX"
account_no = "50123456-01"
credentials = {{ app_key = {{ env = "KEY" }}, app_secret = {{ env = "SECRET" }} }}
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


@asynccontextmanager
async def configured(folder: Path, secret: str | None = None) -> AsyncIterator[Config]:
    seed = AccountSeed(name="alice", spot={"USDT": Decimal(500), "BTC": Decimal("0.25")})
    there = BinanceSimulator(SystemClock(), accounts=[seed])
    urls = await there.start()
    key, _ = there.keys("alice")
    text = TEXT.format(rest=urls.rest, socket=urls.socket)
    yield load(folder, text, KEY=key.api_key, SECRET=secret or key.secret)
    await there.close()


class TestLogins:
    loop_factory = asyncio.SelectorEventLoop

    async def test_what_an_account_holds_shows_that_its_keys_are_right(
        self, tmp_path: Path
    ) -> None:
        async with configured(tmp_path) as config:
            said = await asyncio.to_thread(broker_logins, config)
        assert said["coins"] == "it holds 500 USDT and 0.25 BTCUSDT"
        assert said["toy"].startswith("not needed")
        assert said["seoul"].startswith("not tried: KIS counts logins")
        assert said["elsewhere"].startswith("failed: ccxt ")

    async def test_a_wrong_secret_is_told_as_the_broker_says_it(self, tmp_path: Path) -> None:
        async with configured(tmp_path, secret="wrong") as config:
            said = await asyncio.to_thread(broker_logins, config)
        assert said["coins"].startswith("failed: 400 -1022 Signature")
