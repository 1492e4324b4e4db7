"""What accounts share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from adapters.binance.hosts import MarketKind
from adapters.binance.hub import RULES_FRESH_S, TIME_FRESH_S
from adapters.broker import BrokerUnavailableError
from tests.support.scripted_binance import EXCHANGE_INFO, Says

if TYPE_CHECKING:
    from adapters.binance.hub import Hub
    from tests.support.scripted_binance import ScriptedBinance

INFO = "/api/v3/exchangeInfo"
TIME = "/api/v3/time"


async def test_the_rules_are_read_once_for_all_who_ask_at_once(
    venue: ScriptedBinance, hub: Hub
) -> None:
    there = hub.venue(MarketKind.SPOT, venue.hosts)
    assert there is hub.venue(MarketKind.SPOT, venue.hosts)
    read = await asyncio.gather(*(there.rules() for _ in range(20)))
    assert len({id(rules) for rules in read}) == 1
    assert len(venue.asked("GET", INFO)) == 1
    await asyncio.sleep(RULES_FRESH_S + 1)
    await there.rules()
    assert len(venue.asked("GET", INFO)) == 2


async def test_budgets_are_the_venues(venue: ScriptedBinance, hub: Hub) -> None:
    there = hub.venue(MarketKind.FUTURES, venue.hosts)
    assert there.weight[0].limit == 2400
    await there.rules()
    assert there.weight[0].limit == 6000
    assert there.weight[0].used == 1


async def test_rules_that_cannot_be_read_are_not_had(venue: ScriptedBinance, hub: Hub) -> None:
    there = hub.venue(MarketKind.SPOT, venue.hosts)
    venue.says("GET", INFO, Says(raw=b"<html>", status=502), Says([]), Says(EXCHANGE_INFO))
    for _ in range(2):
        with pytest.raises(BrokerUnavailableError):
            await there.rules()
    assert await there.rules()


async def test_the_clock_is_measured_again_when_it_may_have_drifted(
    venue: ScriptedBinance, hub: Hub
) -> None:
    there = hub.venue(MarketKind.SPOT, venue.hosts)
    await asyncio.gather(*(there.know_time() for _ in range(20)))
    assert len(venue.asked("GET", TIME)) == 1
    await asyncio.sleep(TIME_FRESH_S + 1)
    await there.know_time()
    assert len(venue.asked("GET", TIME)) == 2


async def test_many_who_find_the_clock_wrong_measure_it_once(
    venue: ScriptedBinance, hub: Hub
) -> None:
    there = hub.venue(MarketKind.SPOT, venue.hosts)
    await there.know_time()
    await asyncio.sleep(1)
    await asyncio.gather(*(there.know_time(anew=True) for _ in range(20)))
    assert len(venue.asked("GET", TIME)) == 2
