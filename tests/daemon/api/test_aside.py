"""A large calculation goes its own way: its answer is handed through, its faults are told."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.test_utils import TestClient, TestServer

from daemon.api import aside
from daemon.api.aside import Aside
from daemon.api.bodies import SMALL_BODY_BYTES_MAX
from daemon.api.calculation import Calculation
from daemon.api.respond import answering
from tests.daemon.api.fakes import ADMIN, House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Client = TestClient[web.Request, web.Application]

LONG = 10 * aside.PIECE
"""More than one piece, and more than a pipe holds."""


@asynccontextmanager
async def calculator(script: str) -> AsyncIterator[Client]:
    """Serve what a shell script calculates."""
    answer = partial(Aside(("sh", "-c", script)).answer, calculation=Calculation.LOC, body=b"{}")
    app = web.Application()
    app.router.add_post("/", answering(answer))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_an_answer_is_handed_through_however_long_it_is() -> None:
    zeros = f"head -c {LONG} /dev/zero | tr '\\0' 0"
    async with calculator(f"cat > /dev/null; echo answer {LONG}; {zeros}") as client:
        response = await client.post("/")
        assert (response.status, response.content_type) == (200, "application/json")
        assert await response.read() == b"0" * LONG


async def test_its_problems_are_told_like_those_of_a_small_body() -> None:
    told = '[["orders[0].price", "not above zero"]]'
    script = f"cat > /dev/null; printf 'problems {len(told)}\\n%s' '{told}'"
    async with calculator(script) as client:
        response = await client.post("/")
        assert response.status == 400
        problem = await response.json(content_type=None)
    assert problem["errors"] == [{"path": "orders[0].price", "message": "not above zero"}]


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$", "cat > /dev/null"])
async def test_one_that_dies_is_given_up(script: str) -> None:
    async with calculator(script) as client:
        response = await client.post("/")
        problem = await response.json(content_type=None)
    assert (response.status, problem["code"]) == (503, "calculation_given_up")
    assert response.headers["Retry-After"] == "5"


async def test_one_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "SECONDS_MAX", 0.05)
    async with calculator("exec sleep 1000") as client:
        response = await client.post("/")
        problem = await response.json(content_type=None)
    assert (response.status, problem["code"]) == (503, "calculation_given_up")


async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    async with calculator("cat > /dev/null; echo answer 100; printf '{}'") as client:
        response = await client.post("/")
        with pytest.raises(ClientPayloadError):
            await response.read()


async def test_calculations_of_every_kind_wait_for_one_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Calculation, Aside]] = []

    class Told(Aside):
        async def answer(
            self, request: web.Request, calculation: Calculation, body: bytes
        ) -> web.StreamResponse:
            assert len(body) == request.content_length
            asked.append((calculation, self))
            return web.Response()

    monkeypatch.setattr("daemon.api.app.Aside", Told)
    large = b'{"orders": []}' + b" " * SMALL_BODY_BYTES_MAX
    async with House().client() as client:
        for path in ("/api/loc/preview", "/api/netting/preview"):
            assert (await client.post(path, data=large, headers=ADMIN)).status == 200
    assert [calculation for calculation, _ in asked] == [Calculation.LOC, Calculation.NETTING]
    assert len({id(turn) for _, turn in asked}) == 1
