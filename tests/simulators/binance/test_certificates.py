"""The simulator under TLS, by Binance's own names."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from adapters.clock import LoopClock, SystemClock
from tests.simulators.binance import BinanceSimulator
from tests.simulators.binance.certificates import make_certificate
from tests.simulators.binance.resolver import Here
from tests.simulators.binance.trader import NOON

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

REAL = (
    "https://api.binance.com/api/v3/time",
    "https://fapi.binance.com/fapi/v1/time",
    "https://demo-fapi.binance.com/fapi/v1/time",
    "https://testnet.binance.vision/api/v3/time",
)


@asynccontextmanager
async def visiting(
    server: ssl.SSLContext, client: ssl.SSLContext
) -> AsyncIterator[aiohttp.ClientSession]:
    simulator = BinanceSimulator(LoopClock(NOON))
    port = int((await simulator.start(tls=server)).rest.rpartition(":")[2])
    connector = aiohttp.TCPConnector(resolver=Here(port), ssl=client)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
    await simulator.close()


async def test_binances_own_addresses_lead_to_the_simulator() -> None:
    certificate = make_certificate(SystemClock().now())
    async with visiting(certificate.server, certificate.client()) as session:
        for url in REAL:
            async with session.get(url) as answer:
                assert await answer.json() == {"serverTime": int(NOON.timestamp() * 1000)}
        async with session.ws_connect("wss://fstream.binance.com/public/ws") as stream:
            await stream.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
            assert await stream.receive_json() == {"result": [], "id": 1}


async def test_who_does_not_know_its_authority_does_not_trust_it() -> None:
    now = SystemClock().now()
    stranger = make_certificate(now).client()
    async with visiting(make_certificate(now).server, stranger) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(REAL[0])


async def test_plain_and_tls_are_served_at_once() -> None:
    simulator = BinanceSimulator(LoopClock(NOON))
    plain = await simulator.start()
    secure = await simulator.start(tls=make_certificate(SystemClock().now()).server)
    assert (plain.rest[:5], secure.rest[:5]) == ("http:", "https")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{plain.rest}/api/v3/ping") as answer,
    ):
        assert await answer.json() == {}
    await simulator.close()
