"""One request at a time, against an address that misbehaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.binance.answers import Reply
from adapters.binance.hosts import MarketKind
from adapters.binance.signing import read_keys
from adapters.binance.wire import SILENCE_S, Call, Security
from adapters.http import ANSWER_S, CONNECT_S, Lost, NotSent
from adapters.limits import Urgency
from tests.support.scripted_binance import Says, ScriptedBinance

if TYPE_CHECKING:
    from adapters.binance.hub import Hub, Venue

ASK = Call(method="GET", path="/api/v3/thing", security=Security.NONE, params=(("a", "b c"),))
ORDER = Call(method="POST", path="/api/v3/order", orders=1, urgency=Urgency.PLACE)
CANCEL = Call(method="DELETE", path="/api/v3/order", urgency=Urgency.CANCEL)


@pytest.fixture
async def there(venue: ScriptedBinance, hub: Hub) -> Venue:
    there = hub.venue(MarketKind.SPOT, venue.hosts)
    await there.rules()
    return there


async def test_a_public_question_is_not_signed(there: Venue, venue: ScriptedBinance) -> None:
    venue.says("GET", "/api/v3/thing", Says({"x": 1}))
    assert (await there.wire().send(ASK)) == Reply(200, {"x": 1})
    assert venue.seen[-1].query == "a=b%20c"


async def test_silence_is_a_lost_answer_within_its_time(
    there: Venue, venue: ScriptedBinance, hub: Hub
) -> None:
    venue.says("GET", "/api/v3/thing", Says({}, delay_s=3600))
    before = hub.clock.monotonic()
    assert isinstance(await there.wire().send(ASK), Lost)
    assert hub.clock.monotonic() - before <= CONNECT_S + ANSWER_S + 0.1


async def test_a_broken_request_is_not_sent_again_by_itself(
    there: Venue, venue: ScriptedBinance
) -> None:
    venue.says("DELETE", "/api/v3/order", Says({}, cut=True))
    assert isinstance(await there.wire(read_keys("k", "s")).send(CANCEL), Lost)
    assert len(venue.asked("DELETE", "/api/v3/order")) == 1


async def test_after_429_nothing_leaves_before_the_time_told(
    there: Venue, venue: ScriptedBinance, hub: Hub
) -> None:
    limited = Says({"code": -1003, "msg": "x"}, status=429, headers={"Retry-After": "3"})
    venue.says("GET", "/api/v3/thing", limited, Says({"x": 1}))
    wire = there.wire()
    await wire.send(ASK)
    told_at = hub.clock.monotonic()
    assert isinstance(await wire.send(ASK), Reply)
    assert hub.clock.monotonic() - told_at >= 3


async def test_a_refusal_without_a_time_is_obeyed_too(there: Venue, venue: ScriptedBinance) -> None:
    venue.says("GET", "/api/v3/thing", Says({"code": -1003, "msg": "x"}, status=429))
    wire = there.wire()
    await wire.send(ASK)
    seen = await wire.send(ASK)
    assert isinstance(seen, NotSent)
    assert seen.retry_after_s == pytest.approx(SILENCE_S, abs=0.1)
    assert len(venue.asked("GET", "/api/v3/thing")) == 1


async def test_a_ban_lasts_until_the_time_it_names(there: Venue, venue: ScriptedBinance) -> None:
    await there.know_time()
    banned = {"code": -1003, "msg": "banned until 1800000300000."}
    venue.says("GET", "/api/v3/thing", Says(banned, status=418))
    wire = there.wire()
    await wire.send(ASK)
    seen = await wire.send(ASK)
    assert isinstance(seen, NotSent)
    assert seen.retry_after_s == pytest.approx(300, abs=1)


async def test_too_many_orders_stops_orders_and_not_cancels(
    there: Venue, venue: ScriptedBinance
) -> None:
    venue.says("POST", "/api/v3/order", Says({"code": -1015, "msg": "x"}, status=400))
    venue.says("DELETE", "/api/v3/order", Says({"x": 1}))
    wire = there.wire(read_keys("k", "s"))
    await wire.send(ORDER)
    assert isinstance(await wire.send(CANCEL), Reply)
    assert len(venue.asked("POST", "/api/v3/order")) == 1
    seen = await wire.send(ORDER)
    assert isinstance(seen, NotSent | Reply)


async def test_what_the_headers_count_counts_here(there: Venue, venue: ScriptedBinance) -> None:
    used = {"X-MBX-USED-WEIGHT-1M": "5999"}
    venue.says("GET", "/api/v3/thing", Says({"x": 1}, headers=used))
    await there.wire().send(ASK)
    assert there.weight[0].used == 5999
    assert there.gate.waiting == 0
