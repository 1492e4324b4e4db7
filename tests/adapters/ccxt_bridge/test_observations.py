from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from adapters.ccxt_bridge.observations import Sent, tracing, urgency_now, watch
from adapters.limits import Urgency
from tests.support.fake_ccxt import ExchangeNotAvailable, Trouble

if TYPE_CHECKING:
    from tests.support.fake_ccxt import Exchange

NOWHERE = aiohttp.ClientConnectorError(
    ConnectionKey("small.example", 443, True, True, None, None, None),  # noqa: FBT003
    OSError("refused"),
)
CLOSED = aiohttp.ServerDisconnectedError()


@pytest.mark.parametrize(
    ("trouble", "status", "never_left"),
    [
        (Trouble(ExchangeNotAvailable(), None, cause=NOWHERE), None, True),
        (
            Trouble(ExchangeNotAvailable(), None, cause=aiohttp.ServerDisconnectedError()),
            None,
            False,
        ),
        (Trouble(ExchangeNotAvailable(), 503, "<html>"), 503, False),
        (Trouble(ExchangeNotAvailable(), 503, "", cause=NOWHERE), 503, False),
    ],
)
async def test_a_request_is_noted_with_how_far_it_came(
    small: type[Exchange],
    trouble: Trouble,
    status: int | None,
    never_left: bool,  # noqa: FBT001
) -> None:
    client = small({})
    watch(client)  # type: ignore[arg-type]
    small.spoil("POST order", trouble)
    with tracing(Urgency.PLACE) as trace, pytest.raises(ExchangeNotAvailable):
        await client.fetch("order", "POST")
    assert trace.last_change is not None
    assert (trace.last_change.status, trace.last_change.never_left) == (status, never_left)


async def test_requests_made_at_once_belong_to_their_call(small: type[Exchange]) -> None:
    """A call may make several at a time; questions change nothing."""
    client = small({})
    watch(client)  # type: ignore[arg-type]
    with tracing(Urgency.ASK) as trace:
        assert urgency_now() is Urgency.ASK
        await asyncio.gather(client.fetch("a"), client.fetch("b", "DELETE"), client.fetch("c"))
    assert {(each.method, each.status) for each in trace.sent} == {("GET", 200), ("DELETE", 200)}
    assert trace.last_change is not None
    assert trace.last_change.method == "DELETE"
    await client.fetch("after", "POST")
    assert len(trace.sent) == 3


@pytest.mark.parametrize(
    ("text", "is_json"),
    [("{}", True), ("[1]", True), ("1", False), ("", False), ("<html>", False), ('{"a": 1', False)],
)
def test_only_objects_and_lists_are_answers(text: str, is_json: bool) -> None:  # noqa: FBT001
    assert Sent("GET", 200, text).is_json is is_json


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7.0), ({"retry-after": "soon"}, None), ({}, None)],
)
def test_the_wait_asked_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert Sent("GET", 429, headers=headers).retry_after_s == seconds
