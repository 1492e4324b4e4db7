"""Who is let in, and who is turned away with what answer."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import make_mocked_request

from daemon.api.addresses import Networks
from daemon.api.auth import FAILURES_AT_ONCE
from daemon.api.errors import ErrorCode, Refused
from tests.daemon.api.fakes import ADMIN, ALPHA, ALPHA_TOKEN, House
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

ELSEWHERE = Networks([ip_network("192.0.2.0/24")])
AS_ALPHA = {"Authorization": f"Bearer {ALPHA_TOKEN}"}


def request(headers: dict[str, str] | None = None) -> web.Request:
    """A request whose other end is unknown, as over a Unix socket."""
    return make_mocked_request("GET", "/", headers=headers or {})


def code_of(entering: Callable[[], object]) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        entering()
    return refused.value.code


async def test_the_admin_s_token_opens_what_a_strategy_s_does_not() -> None:
    door = House().door
    door.admin(request(ADMIN))
    assert door.strategy(request(AS_ALPHA)).name == ALPHA
    assert code_of(lambda: door.admin(request(AS_ALPHA))) is ErrorCode.UNAUTHORIZED
    assert code_of(lambda: door.strategy(request(ADMIN))) is ErrorCode.UNAUTHORIZED
    assert code_of(lambda: door.admin(request())) is ErrorCode.UNAUTHORIZED


async def test_addresses_are_looked_at_before_tokens() -> None:
    door = House(allow_from=ELSEWHERE).door
    assert code_of(lambda: door.strategy(request(AS_ALPHA))) is ErrorCode.ADDRESS_NOT_ALLOWED
    assert code_of(lambda: door.strategy(request())) is ErrorCode.ADDRESS_NOT_ALLOWED


async def test_a_strategy_s_own_list_is_looked_at_after_its_token() -> None:
    door = House(alpha_from=ELSEWHERE).door
    assert code_of(lambda: door.strategy(request(AS_ALPHA))) is ErrorCode.ADDRESS_NOT_ALLOWED
    assert code_of(lambda: door.strategy(request(ADMIN))) is ErrorCode.UNAUTHORIZED


async def test_the_admin_is_not_bound_to_the_addresses_of_webhooks() -> None:
    House(allow_from=ELSEWHERE).door.admin(request(ADMIN))


def test_guessing_the_admin_s_token_is_slowed_down() -> None:
    async def story() -> None:
        door = House().door
        codes = [code_of(lambda: door.admin(request())) for _ in range(FAILURES_AT_ONCE + 1)]
        assert codes[-2:] == [ErrorCode.UNAUTHORIZED, ErrorCode.TOO_MANY_FAILURES]
        door.admin(request(ADMIN))

    in_virtual_time(story())


async def test_a_forwarded_address_counts_behind_a_trusted_proxy_only() -> None:
    headers = request({"X-Forwarded-For": "192.0.2.7"}).headers
    assert House().door.address(None, headers) == "unknown"
    trusting = House(proxies=Networks([ip_network("0.0.0.0/0")])).door
    assert trusting.address(None, headers) == "unknown"  # no address is in no network
