"""Whatever happens to a request becomes one documented problem."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from adapters.sqlite.errors import StorageBusyError, StorageCorruptError
from daemon.api import respond
from daemon.api.errors import ErrorCode, Refused
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import answering, json_response, problem_response, raw_problem, refusal_of
from daemon.execution.desk import KeyReusedError


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (Refused(ErrorCode.NOT_FOUND, "x"), ErrorCode.NOT_FOUND, 404),
        (BadInput([Problem("a", "b")]), ErrorCode.BAD_INPUT, 400),
        (KeyReusedError("k"), ErrorCode.IDEMPOTENCY_KEY_REUSED, 409),
        (StorageBusyError("full"), ErrorCode.STORAGE_BUSY, 429),
        (StorageCorruptError("bad page"), ErrorCode.STORAGE_CORRUPT, 503),
        (ZeroDivisionError("ours"), ErrorCode.INTERNAL, 500),
    ],
)
def test_every_error_has_its_problem(error: Exception, code: ErrorCode, status: int) -> None:
    refused = refusal_of(error)
    assert (refused.code, refused.status) == (code, status)
    assert ("Retry-After" in refused.headers) is code.startswith("storage_")


async def test_a_handler_s_errors_are_answered() -> None:
    async def failing(_: web.Request) -> web.StreamResponse:
        raise BadInput([Problem("a", "b"), Problem("c", "d")])

    response = await answering(failing)(make_mocked_request("GET", "/"))
    assert isinstance(response, web.Response)
    assert response.status == 400
    assert response.content_type == "application/problem+json"
    assert isinstance(response.body, bytes)
    assert orjson.loads(response.body)["detail"] == "several faults in the request"


@pytest.mark.parametrize(
    ("asked", "detail", "message"),
    [
        ("ko-KR,ko;q=0.9", "요청에 잘못이 하나 있습니다", "0 보다 커야 합니다"),
        ("de", "one fault in the request", "must be above zero"),
    ],
)
async def test_a_problem_is_told_in_the_language_asked_for(
    asked: str, detail: str, message: str
) -> None:
    async def failing(_: web.Request) -> web.StreamResponse:
        raise BadInput([Problem("orders[0].qty", "must be above zero")])

    request = make_mocked_request("GET", "/", headers={"Accept-Language": asked})
    response = await answering(failing)(request)
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    problem = orjson.loads(response.body)
    assert (problem["code"], problem["detail"]) == ("bad_input", detail)
    assert problem["errors"] == [{"path": "orders[0].qty", "message": message}]


def test_who_shows_no_token_is_told_which_kind_is_wanted() -> None:
    response = problem_response(Refused(ErrorCode.UNAUTHORIZED, "x"))
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="nettingd"'
    assert "WWW-Authenticate" not in problem_response(Refused(ErrorCode.NOT_FOUND, "x")).headers


def test_data_is_json_that_nobody_keeps() -> None:
    response = json_response({"price": "1.5"}, 503)
    assert (response.status, response.body) == (503, b'{"price":"1.5"}')
    assert response.headers["Cache-Control"] == "no-store"


def test_a_problem_can_be_written_without_a_request() -> None:
    refused = Refused(ErrorCode.HEAD_TOO_SLOW, "x")
    head, _, body = raw_problem(refused, closes=True).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 408 Request Timeout"
    assert b"Connection: close" in lines
    assert b"Content-Length: %d" % len(body) in lines
    assert orjson.loads(body)["code"] == "head_too_slow"


async def test_a_caller_that_takes_nothing_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(respond, "WRITE_S", 0.01)
    ended: list[Exception] = []

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await respond.send(request, response, b"x" * 1_000_000)
        except ConnectionError as error:
            ended.append(error)
        return response

    app = web.Application()
    app.router.add_get("/", endless)
    async with TestClient(TestServer(app)) as client, client.get("/"):
        for _ in range(6000):
            if ended:
                break
            await asyncio.sleep(0.01)
    assert "takes nothing" in str(ended)
