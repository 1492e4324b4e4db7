"""A signal's way in: form first, then who sends it, then the desk; and what each answer says."""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import ip_network
from typing import TYPE_CHECKING

import orjson
import pytest

from adapters.sqlite.errors import StorageBusyError, StorageFullError
from algorithms.domain import OrderType, Side
from daemon.api.addresses import Networks
from daemon.api.auth import FAILURES_AT_ONCE
from daemon.api.webhook import BODY_BYTES_MAX, WEBHOOK_PATH
from daemon.execution.commands import Place
from tests.daemon.api.fakes import (
    ADMIN,
    ALPHA,
    ALPHA_TOKEN,
    BETA,
    BETA_KEY,
    BETA_TOKEN,
    START,
    House,
    signal,
)

if TYPE_CHECKING:
    from aiohttp import ClientResponse, web
    from aiohttp.test_utils import TestClient

    Client = TestClient[web.Request, web.Application]

LOCAL = Networks([ip_network("127.0.0.0/8"), ip_network("::1")])
ELSEWHERE = Networks([ip_network("192.0.2.0/24")])
AS_JSON = {"Content-Type": "application/json"}


async def send(
    client: Client, document: object, headers: dict[str, str] | None = None
) -> ClientResponse:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return await client.post(WEBHOOK_PATH, data=body, headers=AS_JSON | (headers or {}))


async def code_of(response: ClientResponse) -> str:
    assert response.content_type == "application/problem+json"
    problem = await response.json(content_type=None)
    assert problem["status"] == response.status
    return str(problem["code"])


class TestTheWayIn:
    async def test_a_signal_reaches_the_desk_as_it_was_meant(self) -> None:
        house = House()
        async with house.client() as client:
            response = await send(client, signal(id="one", note="x"))
            assert response.status == 200
            assert response.content_type == "application/json"
            assert await response.json() == {
                "id": "0",
                "status": "done",
                "success": True,
                "warnings": ["note: unknown key, ignored"],
            }
        (submission,) = house.desk.submissions
        assert submission.strategy == ALPHA
        assert submission.source == "webhook"
        assert submission.key == "one"
        assert submission.received_at >= START
        (command,) = submission.commands
        assert isinstance(command, Place)
        assert (command.order_type, command.side) == (OrderType.MARKET, Side.BUY)
        assert ALPHA_TOKEN not in submission.body

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "text/plain",
            "text/plain; charset=latin-1",
            "application/x-www-form-urlencoded",
            "application/octet-stream",
        ],
    )
    async def test_whatever_type_tradingview_curl_or_a_library_says_is_read(
        self, content_type: str
    ) -> None:
        house = House()
        async with house.client() as client:
            response = await send(client, signal(), {"Content-Type": content_type})
            assert response.status == 200

    async def test_a_compressed_body_is_refused(self) -> None:
        async with House().client() as client:
            response = await send(client, signal(), {"Content-Encoding": "gzip"})
            assert await code_of(response) == "unsupported_media_type"

    async def test_the_key_of_the_header_is_taken(self) -> None:
        house = House()
        async with house.client() as client:
            await send(client, signal(), {"Idempotency-Key": "from the header"})
            response = await send(client, signal(id="a"), {"Idempotency-Key": "b"})
            assert await code_of(response) == "bad_input"
        assert [each.key for each in house.desk.submissions] == ["from the header"]

    async def test_a_body_may_be_64_kib_and_no_more(self) -> None:
        house = House()
        async with house.client() as client:
            body = orjson.dumps(signal())
            full = body[:-1] + b" " * (BODY_BYTES_MAX - len(body)) + b"}"
            assert (await send(client, full)).status == 200
            response = await send(client, full + b" ")
            assert response.status == 413
            assert await code_of(response) == "body_too_large"


class TestFaults:
    async def test_the_form_is_judged_before_the_token(self) -> None:
        house = House()
        async with house.client() as client:
            response = await send(client, signal(token="wrong", side="up", qty="many"))
            assert response.status == 400
            problem = await response.json(content_type=None)
            assert [fault["path"] for fault in problem["errors"]] == ["side", "qty"]
        assert house.desk.submissions == []

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null",
            b'{"qty": NaN}',
            b'{"qty": 1, "QTY": 2}',
            b"\xff\xfe{}",
            b"[" * 5000,
            b'{"a":' * 5000,
            b'{"qty": 1e999999999}',
            b'{"side": "\\ud800"}',
        ],
    )
    async def test_what_cannot_be_decoded_is_bad_input_with_its_reason(self, body: bytes) -> None:
        async with House().client() as client:
            response = await send(client, body)
            assert response.status == 400
            problem = await response.json(content_type=None)
            assert problem["code"] == "bad_input"
            assert all(fault["path"] and fault["message"] for fault in problem["errors"])

    async def test_a_key_reused_with_another_body_is_a_conflict(self) -> None:
        house = House()
        async with house.client() as client:
            await send(client, signal(id="one"))
            response = await send(client, signal(id="one", qty="2"))
            assert response.status == 409
            assert await code_of(response) == "idempotency_key_reused"

    async def test_a_busy_or_full_database_says_when_to_come_again(self) -> None:
        house = House()
        async with house.client() as client:
            house.desk.fails_with = StorageBusyError("too many writes wait")
            response = await send(client, signal())
            assert response.status == 429
            assert await code_of(response) == "storage_busy"
            assert response.headers["Retry-After"] == "1"
            house.desk.fails_with = StorageFullError("disk full: /var/lib/secret/path")
            response = await send(client, signal())
            assert response.status == 503
            assert await code_of(response) == "storage_full"
            assert "secret" not in await response.text()
            assert int(response.headers["Retry-After"]) > 0

    async def test_a_fault_of_ours_is_told_without_its_words(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        house = House()
        house.desk.fails_with = RuntimeError("the words of the fault")
        async with house.client() as client:
            response = await send(client, signal())
            assert response.status == 500
            assert await code_of(response) == "internal"
            assert "the words" not in await response.text()
        assert "the words of the fault" in caplog.text


class TestWho:
    async def test_an_unknown_strategy_and_a_wrong_token_look_alike(self) -> None:
        async with House().client() as client:
            wrong = await send(client, signal(token="wrong"))
            unknown = await send(client, signal(group_name="nobody"))
            assert wrong.status == unknown.status == 401
            assert await wrong.read() == await unknown.read()
            assert wrong.headers["WWW-Authenticate"].startswith("Bearer")

    async def test_who_fails_too_often_must_wait_but_the_right_token_passes(self) -> None:
        house = House()
        async with house.client() as client:
            statuses = [
                (await send(client, signal(token="wrong"))).status
                for _ in range(FAILURES_AT_ONCE + 1)
            ]
            assert statuses == [401] * FAILURES_AT_ONCE + [429]
            response = await send(client, signal(token="wrong"))
            assert await code_of(response) == "too_many_failures"
            assert response.headers["Retry-After"] == "1"
            assert (await send(client, signal())).status == 200

    @pytest.mark.parametrize("header", ["X-Signature", "X-Hub-Signature-256"])
    async def test_a_strategy_with_a_secret_signs_its_webhooks(self, header: str) -> None:
        house = House()
        body = orjson.dumps(signal(group_name="beta", token=BETA_TOKEN))
        right = "sha256=" + hmac.new(BETA_KEY, body, hashlib.sha256).hexdigest()
        async with house.client() as client:
            assert (await send(client, body, {header: right})).status == 200
            for headers in ({}, {header: "sha256=00"}, {header: right[:-1]}):
                assert (await send(client, body, headers)).status == 401
            assert (await send(client, body + b" ", {header: right})).status == 401
        assert [each.strategy for each in house.desk.submissions] == [BETA]

    async def test_an_address_outside_the_list_of_all_is_refused_unread(self) -> None:
        house = House(allow_from=ELSEWHERE)
        async with house.client() as client:
            response = await send(client, b"not even JSON")
            assert response.status == 403
            assert await code_of(response) == "address_not_allowed"

    async def test_a_strategy_s_own_list_is_looked_at_after_its_token(self) -> None:
        house = House(allow_from=LOCAL, alpha_from=ELSEWHERE)
        async with house.client() as client:
            assert (await send(client, signal(token="wrong"))).status == 401
            assert (await send(client, signal())).status == 403
        assert house.desk.submissions == []

    async def test_behind_a_trusted_proxy_the_caller_s_own_address_counts(self) -> None:
        house = House(allow_from=ELSEWHERE, proxies=LOCAL)
        async with house.client() as client:
            good = await send(client, signal(), {"X-Forwarded-For": "1.1.1.1, 192.0.2.7"})
            bad = await send(client, signal(), {"X-Forwarded-For": "192.0.2.7, 1.1.1.1"})
            assert (good.status, bad.status) == (200, 403)


class TestWhatBecameOfIt:
    async def test_a_strategy_asks_for_its_own_requests_only(self) -> None:
        house = House()
        async with house.client() as client:
            await send(client, signal())
            own = {"Authorization": f"Bearer {ALPHA_TOKEN}"}
            response = await client.get(f"{WEBHOOK_PATH}/0", headers=own)
            assert response.status == 200
            assert (await response.json())["id"] == "0"
            other = {"Authorization": f"Bearer {BETA_TOKEN}"}
            for path, headers in (("0", other), ("1", own), ("x", own)):
                response = await client.get(f"{WEBHOOK_PATH}/{path}", headers=headers)
                assert response.status == 404
                assert await code_of(response) == "not_found"

    async def test_without_a_strategy_s_token_nothing_is_told(self) -> None:
        async with House().client() as client:
            for headers in ({}, ADMIN, {"Authorization": "Bearer x"}):
                response = await client.get(f"{WEBHOOK_PATH}/0", headers=headers)
                assert response.status == 401


async def test_no_log_line_shows_a_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    house = House()
    async with house.client() as client:
        await send(client, signal())
        await send(client, signal(qty="x"))
        await send(client, signal(token="another-secret"))
        await send(client, b'{"token": "half a secret')
        await client.get(f"{WEBHOOK_PATH}/0", headers={"Authorization": "Bearer third-secret"})
    assert "refused: 400 bad_input (qty)" in caplog.text
    assert "refused: 401 unauthorized" in caplog.text
    for secret in (ALPHA_TOKEN, "another-secret", "half a secret", "third-secret"):
        assert secret not in caplog.text


async def test_every_answer_is_counted_by_what_it_said() -> None:
    house = House()
    async with house.client() as client:
        await send(client, signal())
        await send(client, signal())
        await send(client, signal(qty="x"))
    page = house.metrics.page().decode()
    assert 'nettingd_webhooks_total{outcome="done"} 2.0' in page
    assert 'nettingd_webhooks_total{outcome="bad_input"} 1.0' in page
