from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError
from adapters.ccxt_bridge.observations import tracing
from adapters.limits import OverBudgetError, Urgency
from tests.support.fake_ccxt import RateLimitExceeded, Trouble

if TYPE_CHECKING:
    from adapters.ccxt_bridge.hub import Hub
    from tests.support.fake_ccxt import Exchange


async def test_accounts_of_one_exchange_share_its_markets(hub: Hub, small: type[Exchange]) -> None:
    one, two = (hub.exchange("smallx", is_test=False, base_url=None) for _ in range(2))
    assert one is two
    assert (await one.markets()) is (await two.markets())
    assert small.books["requests"] == ["GET markets"]
    await hub.clock.sleep(3601)
    await one.markets()
    assert small.books["requests"] == ["GET markets"] * 2


async def test_a_client_is_set_as_the_bridge_needs_it(hub: Hub) -> None:
    client = hub.exchange("smallx", is_test=False, base_url=None).client({"apiKey": "k"})
    assert client.config["number"] is str  # type: ignore[attr-defined]
    assert client.session is hub.session if hasattr(client, "session") else True
    assert client.milliseconds() == int(hub.clock.now().timestamp() * 1000)
    assert client.ssl_context is hub.trust
    assert client.has["fetchCurrencies"] is False


async def test_the_test_environment_and_other_addresses(hub: Hub) -> None:
    assert hub.exchange("smallx", is_test=True, base_url=None).public.is_sandbox  # type: ignore[attr-defined]
    moved = hub.exchange("smallx", is_test=True, base_url="http://127.0.0.1:8700").public
    assert moved.urls["api"] == {"rest": "http://127.0.0.1:8700/v1"}
    assert not moved.is_sandbox  # type: ignore[attr-defined]


async def test_after_429_nothing_leaves_before_the_time_told(
    hub: Hub, small: type[Exchange]
) -> None:
    exchange = hub.exchange("smallx", is_test=False, base_url=None)
    refused = Trouble(RateLimitExceeded(), 429, "", headers={"Retry-After": "9"})
    small.spoil("GET markets", refused)
    with pytest.raises(BrokerUnavailableError, match="RateLimitExceeded"):
        await exchange.markets()
    with pytest.raises(BrokerUnavailableError, match="another 9"):
        await exchange.markets()
    assert small.books["requests"] == ["GET markets"]
    await hub.clock.sleep(9)
    await exchange.markets()


async def test_questions_leave_room_for_cancels(hub: Hub, small: type[Exchange]) -> None:
    """600 a minute here: 360 for questions, the rest for orders and cancels."""
    del small
    exchange = hub.exchange("smallx", is_test=False, base_url=None)
    await hub.clock.sleep(60 - hub.clock.now().timestamp() % 60)
    for _ in range(360):
        await exchange.public.throttle(1.0)
    with pytest.raises(OverBudgetError):
        await exchange.public.throttle(0.2)
    with tracing(Urgency.CANCEL):
        await exchange.public.throttle(1.0)
