"""What becomes of a request, whoever the broker is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.http import Answer, Connections, Hosts, Lost, NotSent, exchanged, host_of
from tests.adapters.kis.conftest import kis
from tests.support.loops import pytest_asyncio_loop_factories
from tests.support.scripted_kis import Says

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.scripted_kis import ScriptedKis

__all__ = ["kis", "pytest_asyncio_loop_factories"]

SOMEWHERE = "/uapi/somewhere"


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    connections = Connections(aiohttp.TCPConnector)
    yield connections
    await connections.close()


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://API.Example.com.:9443/path", "api.example.com"),
        ("wss://example.com", "example.com"),
        ("https://example.com.evil.org", None),
        ("https://notexample.com", None),
        ("http://127.0.0.1:9000", None),
        ("nonsense", None),
    ],
)
def test_a_host_is_of_a_domain_or_it_is_not(address: str, host: str | None) -> None:
    assert host_of(address, "example.com") == host


def test_each_address_can_be_replaced_alone() -> None:
    usual = Hosts("https://rest", "wss://socket")
    assert usual.replaced(rest="http://here/", socket=None) == Hosts("http://here", "wss://socket")


async def test_there_is_one_session_and_it_remembers_no_cookies(connections: Connections) -> None:
    assert connections.session is connections.session
    assert isinstance(connections.session.cookie_jar, aiohttp.DummyCookieJar)


async def test_an_answer_is_handed_on_as_it_came(
    connections: Connections, kis: ScriptedKis
) -> None:
    kis.says(SOMEWHERE, Says({"rt_cd": "1"}, 500, tr_cont="M"))
    seen = await exchanged(connections.session, "GET", kis.hosts.rest + SOMEWHERE, headers={})
    assert isinstance(seen, Answer)
    assert (seen.status, seen.body, seen.headers["TR_CONT"]) == (500, b'{"rt_cd":"1"}', "M")


async def test_a_request_to_nobody_never_left(connections: Connections) -> None:
    seen = await exchanged(connections.session, "POST", "http://127.0.0.1:9", headers={})
    assert isinstance(seen, NotSent)


async def test_a_redirect_is_an_answer_and_sends_nothing_again(connections: Connections) -> None:
    came: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        came.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as there:
        url = str(there.make_url("/order"))
        seen = await exchanged(connections.session, "POST", url, headers={}, data=b"{}")
    assert isinstance(seen, Answer)
    assert (seen.status, came) == (307, ["/order"])


async def test_a_connection_that_breaks_loses_the_answer_and_nothing_is_sent_again(
    connections: Connections, kis: ScriptedKis
) -> None:
    kis.says(SOMEWHERE, Says({}, cut=True))
    seen = await exchanged(connections.session, "GET", kis.hosts.rest + SOMEWHERE, headers={})
    assert isinstance(seen, Lost)
    assert len(kis.asked(SOMEWHERE)) == 1
