"""Entries of the threat model (docs/explanation/security.md) that belong to no single module."""

from __future__ import annotations

import hmac
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from algorithms.domain import StrategyName
from daemon.api import auth
from daemon.config import ensure_admin_token, ensure_strategy_token
from daemon.testing import pytest_asyncio_loop_factories as _virtual_time
from daemon.testing import running_daemon
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.testing import RunningDaemon

(loop_factory,) = _virtual_time().values()

ORDER = {"order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": "1"}
PUBLIC = {"/health", "/ready", "/metrics", "/api/webhook", "/login", "/static/{name}"}
"""What needs no admin token. Webhooks show their own; a login shows the admin's."""
SECRET_ENV = {"BETA": "beta-token-0123456789abcdef", "SIGN": "signing-key-0123456789abcdef"}
SIGNED = THREE_BOOKS.replace(
    "[strategies.beta]",
    '[strategies.beta]\ntoken = { env = "BETA" }\nsignature_secret = { env = "SIGN" }',
)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def traded(d: RunningDaemon) -> int:
    await d.settle()
    return len(await d.listed("fills"))


# Guessing


def test_a_guess_costs_the_same_whether_or_not_the_strategy_exists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[int, int]] = []

    compare = hmac.compare_digest

    def watched(offered: bytes, expected: bytes) -> bool:
        compared.append((len(offered), len(expected)))
        return compare(offered, expected)

    monkeypatch.setattr("daemon.api.auth.hmac.compare_digest", watched)
    access = auth.StrategyAccess(name=StrategyName("alpha"), token_digest=auth.digest("right"))
    authority = auth.Authority([access], auth.digest("admin"))

    costs = []
    for name, token in (("alpha", "wrong"), ("nobody", "wrong"), ("alpha", "w" * 5000)):
        assert authority.strategy(StrategyName(name), auth.digest(token)) is None
        costs.append(tuple(compared))
        compared.clear()

    assert set(costs) == {((32, 32),)}


def test_nothing_secret_is_compared_but_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    compare = hmac.compare_digest

    def watched(offered: bytes, expected: bytes) -> bool:
        compared.append(len(expected))
        return compare(offered, expected)

    monkeypatch.setattr("daemon.api.auth.hmac.compare_digest", watched)
    strategies = [
        auth.StrategyAccess(name=StrategyName(name), token_digest=auth.digest(name))
        for name in ("alpha", "beta")
    ]
    authority = auth.Authority(strategies, auth.digest("admin"))
    assert authority.is_admin("admin")
    assert not authority.is_admin("guess")
    assert compared == [32, 32]
    compared.clear()
    for token in ("alpha", "beta", "guess"):
        authority.strategy_of_token(token)
        assert compared == [32, 32]  # both, whichever it is
        compared.clear()
    assert not auth.signature_fits(b"key", b"body", "0" * 64)
    assert compared == [64]


# Replay


async def test_a_captured_webhook_with_a_key_never_trades_again(tmp_path: Path) -> None:
    async with running_daemon(THREE_BOOKS, folder=tmp_path) as d:
        first = await d.webhook("alpha", id="once", **ORDER)
        await d.advance(timedelta(days=1))
        again = await d.webhook("alpha", id="once", **ORDER)
        assert again.json["id"] == first.json["id"]
        assert await traded(d) == 1
        clock = d.clock
    async with running_daemon(THREE_BOOKS, folder=tmp_path, clock=clock, seed=2) as d:
        assert (await d.webhook("alpha", id="once", **ORDER)).json["id"] == first.json["id"]
        changed = await d.webhook("alpha", id="once", **ORDER | {"qty": "900"})
        assert changed.status == 409
        assert await traded(d) == 1


async def test_without_a_key_the_same_body_trades_once_within_its_time() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        await d.webhook("alpha", **ORDER)
        assert (await d.webhook("alpha", **ORDER)).json["duplicate"] is True
        assert await traded(d) == 1


async def test_a_signature_is_of_one_body_and_one_strategy() -> None:
    async with running_daemon(SIGNED, environ=SECRET_ENV) as d:
        unsigned = await d.webhook("beta", **ORDER)
        assert unsigned.status == 401
        assert await traded(d) == 0


# Paths and headers


@pytest.mark.parametrize(
    "path",
    [
        "/api/webhook/../orders",
        "/api/webhook/%2e%2e/orders",
        "/api/webhook/..%2forders",
        "//api/orders",
        "/api//orders",
        "/API/orders",
        "/api/orders/",
        "/api/orders;/health",
        "/api/orders%00/health",
        "/health/../api/orders",
        "http://127.0.0.1/api/orders",
        "/api/orders?token=admin",
        "/api/orders#/health",
    ],
)
async def test_no_spelling_of_a_path_goes_round_the_token(path: str) -> None:
    async with running_daemon(THREE_BOOKS) as d:
        answer = await d.raw(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        assert status_of(answer) in {400, 401, 404}
        assert b'"items"' not in answer


@pytest.mark.parametrize(
    "headers",
    [
        "X-Original-URL: /health\r\n",
        "X-Rewrite-URL: /health\r\n",
        "X-HTTP-Method-Override: OPTIONS\r\n",
        "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Basic YWRtaW46YWRtaW4=\r\n",
        "Authorization: Bearer wrong\r\nAuthorization: Bearer wrong\r\n",
        "Authorization: Bearer {admin}\r\nAuthorization: Bearer wrong\r\n",
        "Authorization: Bearer wrong\r\nAuthorization: Bearer {admin}\r\n",
        "Cookie: nettingd=gAAAAA\r\n",
    ],
)
async def test_no_header_stands_in_for_the_token(headers: str) -> None:
    async with running_daemon(THREE_BOOKS) as d:
        shown = headers.format(admin=ensure_admin_token(d.engine.config).reveal())
        for method, path in (("GET", "/api/orders"), ("POST", "/api/halt")):
            head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{shown}"
            answer = await d.raw(f"{head}Content-Length: 0\r\n\r\n".encode())
            assert status_of(answer) in {400, 401}
        assert not (await d.request("GET", "/api/accounts")).json["items"][0]["halted"]


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 5, 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
    ],
)
async def test_a_body_whose_end_could_be_read_two_ways_is_refused(framing: str) -> None:
    async with running_daemon(THREE_BOOKS) as d:
        smuggled = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        head = f"POST /api/webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{framing}\r\n"
        answer = await d.raw(f"{head}0\r\n\r\n{smuggled}".encode())
        assert status_of(answer) == 400
        assert answer.count(b"HTTP/1.") == 1


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Signature"])
async def test_of_two_headers_that_decide_something_none_is_chosen(name: str) -> None:
    async with running_daemon(SIGNED, environ=SECRET_ENV) as d:
        body = orjson.dumps({"group_name": "beta", "token": SECRET_ENV["BETA"], **ORDER})
        signature = hmac.digest(SECRET_ENV["SIGN"].encode(), body, "sha256").hex()
        head = f"POST /api/webhook HTTP/1.1\r\nHost: x\r\nX-Signature: {signature}\r\n"
        length = f"Content-Length: {len(body)}\r\n"
        for connection in ("close", "keep-alive"):
            twice = f"{name}: a\r\n{name}: b\r\nConnection: {connection}\r\n"
            answer = await d.raw((head + length + twice + "\r\n").encode() + body)
            assert status_of(answer) == 400
            assert f'"path":"{name}"' in answer.decode()
        assert await traded(d) == 0


@pytest.mark.parametrize("first_line", ["OPTIONS * HTTP/1.1", "CONNECT other:443 HTTP/1.1"])
async def test_what_comes_to_no_path_learns_nothing_of_what_answers(first_line: str) -> None:
    async with running_daemon(THREE_BOOKS) as d:
        asked = f"{first_line}\r\nHost: other:443\r\nConnection: close\r\n\r\n"
        answer = await d.raw(asked.encode())
        assert status_of(answer) == 404
        assert b"aiohttp" not in answer
        assert b"Content-Security-Policy" in answer


async def test_every_operation_but_the_public_ones_wants_the_admin_s_token() -> None:
    async with running_daemon(THREE_BOOKS) as d:
        described = (await d.request("GET", "/api/openapi.json")).json
        asked = 0
        for path, operations in described["paths"].items():
            if path in PUBLIC:
                continue
            for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
                filled = path.replace("{", "x").replace("}", "x")
                peer = f"10.0.{asked}.1"
                answer = await d.request(method.upper(), filled, {}, token="wrong", peer=peer)
                assert answer.status == 401, (method, path, answer.text)
                asked += 1
        assert asked > 10


# Secrets


async def test_no_secret_reaches_log_answer_notice_or_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running_daemon(SIGNED, folder=tmp_path, environ=SECRET_ENV) as d:
        config = d.engine.config
        tokens = {
            ensure_strategy_token(config, StrategyName(name)).reveal()
            for name in ("alpha", "beta", "gamma")
        } | {ensure_admin_token(config).reveal(), *SECRET_ENV.values()}
        answers = [
            await d.webhook("alpha", **ORDER),
            await d.webhook("beta", **ORDER),
            await d.webhook("alpha", **ORDER | {"qty": "none"}),
            await d.webhook("alpha", group_name="nobody", **ORDER),
            await d.request("POST", "/api/halt", {"scope": "moon"}),
            await d.request("GET", "/api/orders", token=tokens.copy().pop() + "x"),
        ]
        refusals = b""
        for token in tokens:
            head = "GET /api/orders HTTP/1.1\r\nHost: x\r\n"
            for shown in ("Authorization : Bearer ", "Authorization: Bearer\r\n ", "Token\0: "):
                refusals += await d.raw(f"{head}{shown}{token}\r\n\r\n".encode())
                assert status_of(refusals[refusals.rindex(b"HTTP/1.") :]) == 400
            for path in (f"http://x:y/?token={token}", f"/{token}{'x' * 9_000}"):
                refusals += await d.raw(f"GET {path} HTTP/1.1\r\n\r\n".encode())
                assert status_of(refusals[refusals.rindex(b"HTTP/1.") :]) == 400
        await d.reload(SIGNED + "[nonsense]\n")
        await d.settle()
        answers += [
            await d.request("GET", f"/api/{name}")
            for name in ("accounts", "strategies", "books", "orders", "webhooks", "events")
        ]
        assert b"what is asked for is no URL" in refusals
        said = caplog.text + refusals.decode() + "".join(answer.text for answer in answers)
        said += "".join(notice.text for notice in d.notices)
    assert len(tokens) == 5
    kept = kept_files(tmp_path)
    assert any(name == "nettingd.db" for name in kept)
    for token in tokens:
        assert token not in said
        assert not [name for name, content in kept.items() if token.encode() in content]


def kept_files(folder: Path) -> dict[str, bytes]:
    """Return everything that was written, but the files that hold a token each."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".token")
    return {path.name: path.read_bytes() for path in files}
