"""Notices to an address that listens for real."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.clock import SystemClock
from adapters.notify import webhook
from adapters.notify.errors import NotDeliveredError
from adapters.notify.webhook import SIGNATURE, WebhookPost
from tests.support.certificates import self_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = b"a key of the receiver"


class Receiver:
    """Keeps what arrives, and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str | None] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.silent = False

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.signatures.append(request.headers.get(SIGNATURE))
        if self.silent:
            await asyncio.sleep(60)
        return web.Response(status=self.status, headers=self.headers)


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    one = Receiver()
    app = web.Application()
    app.router.add_post("/notices", one.take)
    async with TestServer(app) as server:
        yield one, str(server.make_url("/notices"))


def post(url: str, key: bytes | None = KEY) -> WebhookPost:
    return WebhookPost(url, key, SystemClock())


async def test_the_receiver_can_prove_who_sent_it() -> None:
    async with receiver() as (one, url):
        await post(url).post(b'{"notices": []}')

    assert one.bodies == [b'{"notices": []}']
    expected = hmac.new(KEY, one.bodies[0], hashlib.sha256).hexdigest()
    assert one.signatures == [f"sha256={expected}"]


async def test_without_a_key_nothing_is_signed() -> None:
    async with receiver() as (one, url):
        await post(url, None).post(b"{}")
    assert one.signatures == [None]


@pytest.mark.parametrize(
    ("status", "lasting"),
    [(500, False), (503, False), (429, False), (408, False), (404, True), (410, True), (302, True)],
)
async def test_a_refusal_says_whether_it_will_be_the_same_tomorrow(
    status: int,
    lasting: bool,  # noqa: FBT001 - of the table
) -> None:
    async with receiver() as (one, url):
        one.status, one.headers = status, {"Location": "/elsewhere"}
        with pytest.raises(NotDeliveredError, match=str(status)) as caught:
            await post(url).post(b"{}")
    assert caught.value.lasting is lasting
    assert len(one.bodies) == 1


async def test_a_receiver_that_asks_to_wait_is_heard() -> None:
    async with receiver() as (one, url):
        one.status, one.headers = 429, {"Retry-After": "17"}
        with pytest.raises(NotDeliveredError) as caught:
            await post(url).post(b"{}")
    assert caught.value.retry_after_s == 17


async def test_a_receiver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "CALL_S", 0.1)
    async with receiver() as (one, url):
        one.silent = True
        with pytest.raises(NotDeliveredError, match="no answer within"):
            await post(url).post(b"{}")


async def test_a_receiver_that_cannot_prove_who_it_is_gets_nothing(tmp_path: Path) -> None:
    tls, one, app = self_signed(tmp_path), Receiver(), web.Application()
    app.router.add_post("/notices", one.take)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.certificate, tls.key)
    server = TestServer(app, host="localhost")
    await server.start_server(ssl=context)
    try:
        with pytest.raises(NotDeliveredError, match="CertificateError") as caught:
            await post(str(server.make_url("/notices"))).post(b"{}")
    finally:
        await server.close()
    assert not caught.value.lasting  # its certificate may be renewed
    assert one.bodies == []


async def test_the_key_in_an_address_is_never_told() -> None:
    with pytest.raises(NotDeliveredError) as caught:
        await post("http://127.0.0.1:1/hook/a-secret-key").post(b"{}")
    assert "cannot be reached" in str(caught.value)
    assert "a-secret-key" not in str(caught.value)
    assert caught.value.__cause__ is None
