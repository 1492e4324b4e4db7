"""A client as plain as can be: signs, sends, and returns what came back."""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from yarl import URL

from adapters.clock import LoopClock
from tests.simulators.binance import BinanceSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.simulators.binance import Key, Urls

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def sign(key: Key, payload: str) -> str:
    if key.kind == "hmac":
        return hmac.new(key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    private = load_pem_private_key(key.secret.encode(), password=None)
    assert isinstance(private, Ed25519PrivateKey)
    return base64.b64encode(private.sign(payload.encode())).decode()


class Trader:
    def __init__(
        self, simulator: BinanceSimulator, urls: Urls, session: aiohttp.ClientSession
    ) -> None:
        self.simulator = simulator
        self.urls = urls
        self.session = session
        self.key = simulator.keys("alice")[0]
        self.headers: Mapping[str, str] = {}

    def stamped(self, params: Mapping[str, object]) -> dict[str, object]:
        return {**params, "timestamp": self.simulator.exchange.now_ms()}

    async def ask(self, route: str, **params: object) -> tuple[int, Any]:
        """Send a signed call; return HTTP status and decoded body."""
        return await self.send(route, self.stamped(params))

    async def send(
        self, route: str, params: Mapping[str, object], signature: str | None = None
    ) -> tuple[int, Any]:
        method, path = route.split()
        query = urlencode(params)
        signed = urlencode({"signature": signature or sign(self.key, query)})
        return await self.raw(method, f"{path}?{query}&{signed}")

    async def raw(self, method: str, target: str, body: str = "") -> tuple[int, Any]:
        headers = {"X-MBX-APIKEY": self.key.api_key}
        url = URL(self.urls.rest + target, encoded=True)  # what was signed travels unchanged
        async with self.session.request(method, url, data=body or None, headers=headers) as answer:
            self.headers = dict(answer.headers)
            if answer.content_type != "application/json":
                return answer.status, await answer.text()
            return answer.status, await answer.json()

    async def buy(self, quantity: str = "0.1", price: str = "40000", **more: object) -> Any:  # noqa: ANN401
        """Place a limit order to buy; return the reply's body."""
        order = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": quantity,
            "price": price,
        }
        return (await self.ask("POST /api/v3/order", **{**order, **more}))[1]


@asynccontextmanager
async def trading(simulator: BinanceSimulator | None = None) -> AsyncIterator[Trader]:
    """A simulator on a port, at noon, and a client of alice's."""
    simulator = simulator or BinanceSimulator(LoopClock(NOON))
    urls = await simulator.start()
    async with aiohttp.ClientSession() as session:
        yield Trader(simulator, urls, session)
    await simulator.close()
