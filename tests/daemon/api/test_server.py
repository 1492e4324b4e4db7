"""A server that answers even what is no HTTP, and stops without leaving a request unanswered."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
import pytest
from aiohttp import ClientSession, ClientSSLError

from daemon.api import server
from daemon.api.app import serve
from daemon.api.connection import Patience
from daemon.api.webhook import BODY_BYTES_MAX
from daemon.config.service import HttpConfig
from tests.daemon.api.fakes import FakeDesk, House, signal
from tests.daemon.api.raw import Answer, Wire, post, wire
from tests.support.certificates import self_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from daemon.api.server import HttpServer
    from daemon.execution.commands import Submission
    from daemon.execution.desk import Reply

SIGNAL = orjson.dumps(signal())


@asynccontextmanager
async def served(house: House, patience: Patience | None = None) -> AsyncIterator[HttpServer]:
    server = await serve(house.app(), HttpConfig(host="127.0.0.1", port=0), patience)
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def line_to(house: House, patience: Patience | None = None) -> AsyncIterator[Wire]:
    async with served(house, patience) as server:
        url = urlsplit(server.url)
        assert url.hostname
        assert url.port
        async with wire(url.hostname, url.port) as line:
            yield line


async def answer_to(data: bytes) -> Answer:
    async with line_to(House()) as line:
        line.send(data)
        return await line.answer()


async def test_a_webhook_takes_the_short_way() -> None:
    house = House()
    async with line_to(house) as line:
        line.send(post(SIGNAL) * 3)
        assert [(await line.answer()).status for _ in range(3)] == [200, 200, 200]
    assert len(house.desk.submissions) == 3


async def test_callers_never_take_the_last_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens connections without end would keep the database and the brokers from theirs."""
    monkeypatch.setattr(server, "LEAST_CONNECTIONS", 1)
    monkeypatch.setattr("resource.getrlimit", lambda _: (server.KEPT_FILES + 1, 4096))
    async with served(House()) as serving:
        url = urlsplit(serving.url)
        assert url.hostname
        assert url.port
        async with (
            wire(url.hostname, url.port) as first,
            wire(url.hostname, url.port) as second,
        ):
            refused = await second.answer()
            assert (refused.status, refused.code) == (429, "storage_busy")
            assert refused.headers["Retry-After"] == "5"
            assert await second.is_closed()
            first.send(post(SIGNAL))
            assert (await first.answer()).status == 200


@pytest.mark.parametrize(
    ("first_line", "status", "code"),
    [
        ("GET /health HTTP/1.1", 200, None),
        ("GET /api/webhook HTTP/1.1", 405, "method_not_allowed"),
        ("PUT /api/webhook HTTP/1.1", 405, "method_not_allowed"),
        ("GET /api/webhook/x HTTP/1.1", 401, "unauthorized"),
        ("POST /api/webhook/ HTTP/1.1", 404, "not_found"),
        ("POST /API/WEBHOOK HTTP/1.1", 404, "not_found"),
        ("GET / HTTP/1.1", 404, "not_found"),
        ("GET /%00 HTTP/1.1", 404, "not_found"),
    ],
)
async def test_every_path_and_method_has_its_answer(
    first_line: str, status: int, code: str | None
) -> None:
    answer = await answer_to(f"{first_line}\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    assert answer.status == status
    if code is not None:
        assert answer.code == code
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_webhook_with_a_query_is_one_too() -> None:
    assert (await answer_to(post(SIGNAL, path="/api/webhook?from=tv"))).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"no HTTP at all\r\n\r\n",
        b"BREW /coffee HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /api/webhook HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/0.9\r\nHost: x\r\n\r\n",
        b"POST /api/webhook HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /api/webhook HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/webhook HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"POST /api/webhook HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"POST /" + b"y" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"POST /api/webhook HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_problem_too_and_closes(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with line_to(House()) as line:
        line.send(data)
        answer = await line.answer()
        assert (answer.status, answer.code) == (400, "bad_http")
        assert await line.is_closed()
    assert "Traceback" not in caplog.text


class TestPatience:
    @pytest.mark.parametrize("half", [b"", b"POST", b"POST /api/webhook HTTP/1.1\r\nHost: x\r\n"])
    async def test_half_a_request_is_told_that_it_is_too_slow(self, half: bytes) -> None:
        async with line_to(House(), Patience(head_s=0.05)) as line:
            line.send(half)
            answer = await line.answer()
            assert (answer.status, answer.code) == (408, "head_too_slow")
            assert await line.is_closed()

    async def test_a_connection_that_is_idle_between_requests_is_closed_in_silence(self) -> None:
        async with line_to(House(), Patience(head_s=0.05, idle_s=0.1)) as line:
            line.send(post(SIGNAL))
            assert (await line.answer()).status == 200
            assert await line.is_closed()

    async def test_a_desk_that_takes_longer_than_a_head_may_is_waited_for(self) -> None:
        house, desk = House(), SlowDesk()
        house.desk = desk
        async with served(house, Patience(head_s=0.05)) as server:
            url = urlsplit(server.url)
            host, port = url.hostname or "", url.port or 0
            async with wire(host, port) as line, wire(host, port) as silent:
                line.send(post(SIGNAL))
                await desk.begun.wait()
                assert (await silent.answer()).code == "head_too_slow"
                desk.may_end.set()
                assert (await line.answer()).status == 200


class TestExpect:
    async def test_a_body_that_waits_to_be_asked_is_asked_for(self) -> None:
        async with line_to(House()) as line:
            whole = post(SIGNAL, "Expect: 100-continue")
            head, _, body = whole.partition(b"\r\n\r\n")
            line.send(head + b"\r\n\r\n")
            assert (await line.answer()).status == 100
            line.send(body)
            assert (await line.answer()).status == 200

    async def test_a_body_that_is_too_large_is_not_asked_for(self) -> None:
        size = BODY_BYTES_MAX + 1
        answer = await answer_to(
            f"POST /api/webhook HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            f"Content-Length: {size}\r\n\r\n".encode()
        )
        assert (answer.status, answer.code) == (413, "body_too_large")

    async def test_another_expectation_fails(self) -> None:
        answer = await answer_to(post(SIGNAL, "Expect: miracles"))
        assert (answer.status, answer.code) == (417, "expectation_failed")


class SlowDesk(FakeDesk):
    """Takes its time, and says when it has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def submit(self, submission: Submission) -> Reply:
        self.begun.set()
        await self.may_end.wait()
        return await super().submit(submission)


async def test_a_stop_lets_a_request_under_way_be_answered() -> None:
    house, desk = House(), SlowDesk()
    house.desk = desk
    server = await serve(house.app(), HttpConfig(host="127.0.0.1", port=0))
    url = urlsplit(server.url)
    async with wire(url.hostname or "", url.port or 0) as line:
        line.send(post(SIGNAL))
        await desk.begun.wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.close())
            await asyncio.sleep(0)
            desk.may_end.set()
            assert (await line.answer()).status == 200
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection(url.hostname, url.port)


async def test_a_caller_that_goes_away_does_not_stop_the_desk() -> None:
    house, desk = House(), SlowDesk()
    house.desk = desk
    async with served(house) as server:
        url = urlsplit(server.url)
        async with wire(url.hostname or "", url.port or 0) as line:
            line.send(post(SIGNAL))
            await desk.begun.wait()
        desk.may_end.set()
    assert len(desk.submissions) == 1


async def test_a_taken_port_is_told_as_such() -> None:
    async with served(House()) as server:
        port = urlsplit(server.url).port or 0
        with pytest.raises(OSError, match=r"(?i)address already in use"):
            await serve(House().app(), HttpConfig(host="127.0.0.1", port=port))


async def test_a_server_with_a_certificate_speaks_tls(tmp_path: Path) -> None:
    tls = self_signed(tmp_path)
    config = HttpConfig(host="localhost", port=0, tls=tls)
    server = await serve(House().app(), config)
    try:
        assert server.url.startswith("https://localhost:")
        trusting = ssl.create_default_context(cafile=tls.certificate)
        async with (
            ClientSession() as client,
            client.post(f"{server.url}/api/webhook", data=SIGNAL, ssl=trusting) as response,
        ):
            assert response.status == 200
            assert (await response.json())["success"] is True
    finally:
        await server.close()


async def test_a_renewed_certificate_is_shown_to_the_next_caller(tmp_path: Path) -> None:
    old = self_signed(tmp_path)
    server = await serve(House().app(), HttpConfig(host="localhost", port=0, tls=old))
    try:
        trusting_the_old = ssl.create_default_context(cafile=old.certificate)
        assert await is_answered(server.url, trusting_the_old)

        new = self_signed(tmp_path)
        server.renew_certificate()
        assert not await is_answered(server.url, trusting_the_old)
        assert await is_answered(server.url, ssl.create_default_context(cafile=new.certificate))

        new.key.write_text("no key at all")
        with pytest.raises(OSError, match="PEM"):
            server.renew_certificate()
        assert await is_answered(server.url, ssl.create_default_context(cafile=new.certificate))
    finally:
        await server.close()


async def is_answered(url: str, trusting: ssl.SSLContext) -> bool:
    try:
        async with ClientSession() as client, client.get(f"{url}/health", ssl=trusting) as answer:
            return answer.status == 200
    except ClientSSLError:
        return False
