"""The short way past aiohttp: the same answers, in the same order, with the same ends."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
import pytest

from daemon.api.addresses import Networks
from daemon.api.app import serve
from daemon.api.connection import Connection, Patience
from daemon.api.webhook import BODY_BYTES_MAX
from daemon.config.service import HttpConfig
from tests.daemon.api.fakes import FakeDesk, House, signal
from tests.daemon.api.raw import PATIENCE_S, Wire, post, wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from daemon.execution.commands import Submission
    from daemon.execution.desk import Reply

TWAP = {"order_type": "TWAP", "slices": 2, "minutes": 10}
GET_HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


def twap(name: str) -> bytes:
    return orjson.dumps(signal(id=name, **TWAP))


class HeldDesk(FakeDesk):
    """Keeps what it took until it is told to answer, and counts what came another way."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Callable[[], None]] = []
        self.came = asyncio.Event()
        self.long_way = 0

    def submit_soon(
        self, submission: Submission, answered: Callable[[Reply | Exception], None]
    ) -> bool:
        def answer() -> None:
            super(HeldDesk, self).submit_soon(submission, answered)

        self.held.append(answer)
        self.came.set()
        return True

    async def submit(self, submission: Submission) -> Reply:
        self.long_way += 1
        return await super().submit(submission)

    def answer_all(self) -> None:
        held, self.held = self.held, []
        for answer in held:
            answer()


@asynccontextmanager
async def line_to(
    desk: FakeDesk, patience: Patience | None = None, house: House | None = None
) -> AsyncIterator[Wire]:
    house = house or House()
    house.desk = desk
    server = await serve(house.app(), HttpConfig(host="127.0.0.1", port=0), patience)
    try:
        url = urlsplit(server.url)
        async with wire(url.hostname or "", url.port or 0) as line:
            yield line
    finally:
        await server.close()


def daemon_end(line: Wire) -> Connection:
    """Find the other end of a line."""
    caller = line.writer.get_extra_info("sockname")
    [found] = [
        each
        for each in gc.get_objects()
        if isinstance(each, Connection)
        and each.transport is not None
        and each.transport.get_extra_info("peername") == caller
    ]
    return found


async def test_what_comes_behind_a_webhook_is_answered_after_it() -> None:
    desk = HeldDesk()
    async with line_to(desk) as line:
        line.send(post(twap("a")) + GET_HEALTH + post(twap("b")) + GET_HEALTH)
        await desk.came.wait()
        assert len(desk.held) == 1
        desk.answer_all()
        first = await line.answer()
        assert orjson.loads(first.body)["id"] == "0"
        assert b"status" in (await line.answer()).body
        # aiohttp is at work on this connection by now, and takes the next one too.
        assert orjson.loads((await line.answer()).body)["id"] == "1"
        assert (await line.answer()).status == 200
    assert [each.key for each in desk.submissions] == ["a", "b"]


async def test_two_that_come_together_are_taken_one_after_the_other() -> None:
    desk = HeldDesk()
    async with line_to(desk) as line:
        line.send(post(twap("a")) + post(twap("b")))
        for expected in ("0", "1"):
            await desk.came.wait()
            desk.came.clear()
            assert len(desk.held) == 1
            desk.answer_all()
            assert orjson.loads((await line.answer()).body)["id"] == expected
    assert desk.long_way == 0


@pytest.mark.parametrize(
    "unusual",
    [
        post(twap("a"), "Connection: close"),
        post(twap("a"), version="1.0"),
        post(twap("a"), path="/api/webhook?from=tv"),
        post(twap("a")).replace(b"Content-Length", b"Expect: 100-continue\r\nContent-Length"),
    ],
)
async def test_what_is_unusual_goes_the_long_way(unusual: bytes) -> None:
    desk = HeldDesk()
    async with line_to(desk) as line:
        line.send(unusual)
        answer = await line.answer()
        if answer.status == 100:
            answer = await line.answer()
        assert answer.status == 200
    assert desk.long_way == 1


async def test_a_body_in_parts_goes_the_long_way() -> None:
    desk = HeldDesk()
    async with line_to(desk) as line:
        whole = post(twap("a"))
        line.send(whole[:-20])
        await line.writer.drain()
        await asyncio.sleep(0.02)  # real time: the kernel must deliver the first part alone
        line.send(whole[-20:])
        assert (await line.answer()).status == 200
    assert desk.long_way == 1


async def test_a_body_that_is_too_large_is_refused_on_the_short_way_too() -> None:
    async with line_to(HeldDesk()) as line:
        line.send(post(b" " * (BODY_BYTES_MAX + 1)))
        assert (await line.answer()).code == "body_too_large"


async def test_a_refusal_leaves_the_connection_open() -> None:
    desk = FakeDesk()
    async with line_to(desk) as line:
        line.send(post(b"{}"))
        answer = await line.answer()
        assert (answer.status, answer.code) == (400, "bad_input")
        assert answer.headers["Content-Type"] == "application/problem+json"
        line.send(post(twap("a")))
        assert (await line.answer()).status == 200


@pytest.mark.parametrize("whose", ["allow_from", "alpha_from"])
async def test_an_address_that_may_not_send_is_refused_on_the_short_way_too(whose: str) -> None:
    desk = FakeDesk()
    house = House(**{whose: Networks([ip_network("192.0.2.0/24")])})
    async with line_to(desk, house=house) as line:
        line.send(post(twap("a")))
        answer = await line.answer()
        assert (answer.status, answer.code) == (403, "address_not_allowed")
    assert desk.submissions == []


async def test_hundreds_that_are_refused_are_answered_before_the_good_one_behind_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = FakeDesk()
    async with line_to(desk) as line:
        line.send(post(b"{}") * 400 + post(twap("a")))
        refused = [(await line.answer()).status for _ in range(400)]
        assert refused == [400] * 400
        assert (await line.answer()).status == 200
    assert [each.levelname for each in caplog.records if each.levelname != "WARNING"] == []


async def test_while_answers_pile_up_no_more_are_made() -> None:
    desk = FakeDesk()
    async with line_to(desk) as line:
        line.send(post(b"{}"))
        assert (await line.answer()).status == 400
        connection = daemon_end(line)
        connection.pause_writing()  # as the transport does when its buffer is full
        connection.data_received(post(twap("a")) + post(twap("b")))
        assert desk.submissions == []
        connection.resume_writing()
        assert [each.key for each in desk.submissions] == ["a", "b"]
        assert (await line.answer()).status == 200


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the kernel does not do it")
async def test_who_takes_nothing_of_an_answer_is_hung_up_on_although_it_is_being_closed() -> None:
    async with line_to(FakeDesk(), Patience(write_s=0.1)) as line:
        line.send(GET_HEALTH)
        assert (await line.answer()).status == 200
        transport = daemon_end(line).transport
        assert transport is not None
        transport.write(bytes(32_000_000))  # more than both kernels' buffers; nobody reads it
        transport.close()
        async with asyncio.timeout(PATIENCE_S):
            while transport.get_write_buffer_size():  # noqa: ASYNC110 - the kernel in real time
                await asyncio.sleep(0.01)


async def test_a_caller_that_went_away_is_not_answered_and_nothing_breaks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = HeldDesk()
    async with line_to(desk) as line:
        line.send(post(twap("a")))
        await desk.came.wait()
        line.writer.transport.abort()
        await asyncio.sleep(0.02)  # real time: the kernel must tell the other end
        desk.answer_all()
    assert len(desk.submissions) == 1
    assert not caplog.records


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param([post(twap("a"))], id="a webhook"),
        pytest.param([post(twap("a"), "Connection: close")], id="a webhook the long way"),
        pytest.param([GET_HEALTH], id="a look"),
        pytest.param([post(twap("a")), post(twap("b"))], id="two webhooks"),
        pytest.param([post(twap("a")), GET_HEALTH], id="a look behind a webhook"),
        pytest.param([GET_HEALTH, post(twap("a"))], id="a webhook behind a look"),
    ],
)
async def test_a_caller_that_ends_its_side_is_answered_and_hung_up_on(asked: list[bytes]) -> None:
    async with line_to(FakeDesk()) as line:
        line.send(b"".join(asked))
        line.writer.write_eof()
        for _ in asked:
            assert (await line.answer()).status == 200
        assert await line.is_closed()


async def test_a_caller_that_ends_its_side_while_its_webhook_is_worked_is_answered() -> None:
    desk = HeldDesk()
    async with line_to(desk) as line:
        line.send(post(twap("a")))
        await desk.came.wait()
        line.writer.write_eof()
        await asyncio.sleep(0.02)  # real time: the kernel must tell the other end
        desk.answer_all()
        assert (await line.answer()).status == 200
        assert await line.is_closed()


@pytest.mark.parametrize(
    "said",
    [b"", GET_HEALTH[:-2], post(twap("a"))[:-1], post(twap("a"), "Connection: close")[:-1]],
    ids=["nothing", "half a head", "half a webhook", "half a webhook the long way"],
)
async def test_a_caller_that_ends_its_side_before_it_asked_is_hung_up_on(said: bytes) -> None:
    desk = FakeDesk()
    async with line_to(desk) as line:
        line.send(said)
        line.writer.write_eof()
        assert await line.is_closed()
    assert not desk.submissions


async def test_a_caller_that_ends_its_side_after_its_answer_is_hung_up_on() -> None:
    async with line_to(FakeDesk()) as line:
        line.send(GET_HEALTH)
        assert (await line.answer()).status == 200
        line.writer.write_eof()
        assert await line.is_closed()


async def test_a_connection_is_not_idle_while_its_webhook_is_worked() -> None:
    desk = HeldDesk()
    async with line_to(desk, Patience(idle_s=0.05)) as line:
        line.send(post(twap("a")))
        await desk.came.wait()
        await asyncio.sleep(0.12)  # real time, longer than it would be left open idle
        desk.answer_all()
        assert (await line.answer()).status == 200
        assert await line.is_closed()


async def test_a_stop_waits_for_a_webhook_on_the_short_way() -> None:
    desk = HeldDesk()
    house = House()
    house.desk = desk
    server = await serve(house.app(), HttpConfig(host="127.0.0.1", port=0))
    url = urlsplit(server.url)
    async with wire(url.hostname or "", url.port or 0) as line:
        line.send(post(twap("a")))
        await desk.came.wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.close())
            await asyncio.sleep(0)
            desk.answer_all()
            assert (await line.answer()).status == 200


@pytest.mark.parametrize(
    "noise",
    [
        b"nonsense\r\n\r\n",
        b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    ],
    ids=["no HTTP", "a line too long", "TLS"],
)
async def test_what_is_no_http_leaves_nothing_for_the_collector(noise: bytes) -> None:
    # Garbage that only the collector finds lets memory grow until it runs.
    async with line_to(FakeDesk()) as line:
        gc.collect()
        gc.disable()
        try:
            line.send(noise)
            assert (await line.answer()).status == 400
            assert await line.is_closed()
            await asyncio.sleep(0)
            left = [each for each in gc.get_objects() if isinstance(each, Connection)]
            assert left == []
        finally:
            gc.enable()
