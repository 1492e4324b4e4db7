"""Who may call, how often, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp
import pytest

from adapters.clock import LoopClock
from tests.simulators.binance import Fault
from tests.simulators.binance.trader import NOON, sign

if TYPE_CHECKING:
    from tests.simulators.binance.trader import Trader

PLACE = "POST /api/v3/order"
ACCOUNT = "GET /api/v3/account"


@pytest.mark.parametrize("kind", [0, 1])
async def test_either_kind_of_key_signs(trader: Trader, kind: int) -> None:
    trader.key = trader.simulator.keys("bob")[kind]
    status, account = await trader.ask(ACCOUNT)
    assert (status, account["accountType"]) == (200, "SPOT")


async def test_parameters_may_travel_in_query_and_body(trader: Trader) -> None:
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT"
    body = urlencode(trader.stamped({"quantity": "0.1", "price": "40000", "timeInForce": "GTC"}))
    signature = sign(trader.key, query + body)
    status, order = await trader.raw(
        "POST", f"/api/v3/order?{query}", f"{body}&signature={signature}"
    )
    assert (status, order["status"]) == (200, "NEW")


async def test_a_call_without_a_good_key_and_signature_is_refused(trader: Trader) -> None:
    stamped = trader.stamped({})
    assert (await trader.send(ACCOUNT, stamped, "00"))[1]["code"] == -1022
    assert (await trader.raw("GET", "/api/v3/account?timestamp=1"))[1]["code"] == -1102
    assert (await trader.raw("GET", "/api/v3/account?signature=1"))[1]["code"] == -1102
    trader.simulator.exchange.keys.revoke(trader.key.api_key)
    status, refused = await trader.ask(ACCOUNT)
    assert (status, refused["code"]) == (401, -2015)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"offset": 1000}, -1021),
        ({"offset": -5001}, -1021),
        ({"offset": -6000, "recvWindow": "60001"}, -1131),
        ({"offset": 0, "recvWindow": "soon"}, -1102),
    ],
)
async def test_a_call_outside_its_window_is_refused(
    trader: Trader, params: dict[str, str | int], code: int
) -> None:
    stamp = trader.simulator.exchange.now_ms() + int(params["offset"])
    sent = {"timestamp": stamp} | {k: v for k, v in params.items() if k != "offset"}
    assert (await trader.send(ACCOUNT, sent))[1]["code"] == code


async def test_an_unknown_path_is_told(trader: Trader) -> None:
    status, refused = await trader.raw("GET", "/api/v3/nothing")
    assert (status, refused["code"]) == (404, -5000)


async def test_weight_is_counted_by_address_and_falls_to_zero_with_the_minute(
    trader: Trader,
) -> None:
    limits = trader.simulator.exchange.spot_limits
    limits.weight = 40
    await trader.ask(ACCOUNT)
    trader.key = trader.simulator.keys("bob")[0]
    await trader.ask(ACCOUNT)
    assert trader.headers["X-MBX-USED-WEIGHT-1M"] == "40"
    for _ in range(10):
        status, refused = await trader.ask(ACCOUNT)
        assert (status, refused["code"]) == (429, -1003)
    assert int(trader.headers["Retry-After"]) == 60
    await trader.ask(ACCOUNT)
    status, banned = await trader.ask(ACCOUNT)
    assert (status, "banned until" in banned["msg"]) == (418, True)
    await LoopClock(NOON).sleep(121)
    assert (await trader.ask(ACCOUNT))[0] == 200


async def test_orders_are_counted_by_account(trader: Trader) -> None:
    trader.simulator.exchange.spot_limits.orders[10_000] = 1
    await trader.buy()
    assert trader.headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert (await trader.buy())["code"] == -1015
    _, used = await trader.ask("GET /api/v3/rateLimit/order")
    assert [each["count"] for each in used] == [1, 1]
    trader.key = trader.simulator.keys("bob")[0]
    assert (await trader.buy())["status"] == "NEW"


BROKEN = {
    Fault.DROP_BEFORE: aiohttp.ServerDisconnectedError,
    Fault.DROP_AFTER: aiohttp.ServerDisconnectedError,
    Fault.TRUNCATE_AFTER: aiohttp.ClientPayloadError,
    Fault.LATE: aiohttp.ServerDisconnectedError,
}
REPLIED = {
    Fault.UNKNOWN_503_AFTER: (503, -1000),
    Fault.UNKNOWN_503_BEFORE: (503, -1000),
    Fault.UNAVAILABLE_503_BEFORE: (503, -1000),
    Fault.INTERNAL_503_BEFORE: (503, -1001),
    Fault.OVERLOAD_503_BEFORE: (503, -1008),
    Fault.SHUTDOWN_503_BEFORE: (503, -1016),
    Fault.SHUTDOWN_400_BEFORE: (400, -1016),
    Fault.TIMEOUT_408_AFTER: (408, -1007),
    Fault.TIMEOUT_408_BEFORE: (408, -1007),
    Fault.RATE_LIMIT_429_BEFORE: (429, -1003),
    Fault.BAN_418_BEFORE: (418, -1003),
}
PAGES = {
    Fault.GARBAGE_200_AFTER: (200, "<html>"),
    Fault.EMPTY_200_AFTER: (200, ""),
    Fault.BAD_GATEWAY_502_AFTER: (502, "<html>"),
    Fault.GATEWAY_TIMEOUT_504_AFTER: (504, "<html>"),
    Fault.FIREWALL_403_BEFORE: (403, "<html>"),
}
SILENT = (Fault.SILENT_BEFORE, Fault.SILENT_AFTER)


def test_every_fault_has_its_story() -> None:
    assert set(Fault) == {
        *BROKEN,
        *REPLIED,
        *PAGES,
        *SILENT,
        Fault.DELAY,
        Fault.MUTATED_AFTER,
    }


async def test_a_mutated_reply_differs_in_one_thing_and_the_order_is_there(
    trader: Trader,
) -> None:
    whole = await trader.buy()
    for _ in range(20):
        trader.simulator.faults.script(PLACE, Fault.MUTATED_AFTER)
        spoiled = await trader.buy()
        kept = [name for name in whole if name in spoiled]
        types = {name for name in kept if type(spoiled[name]) is not type(whole[name])}
        assert len(kept) >= len(whole) - 1
        assert len(types) <= 1
    assert len(trader.simulator.exchange.spot.orders) == 21


@pytest.mark.parametrize("fault", SILENT)
async def test_a_silent_exchange_keeps_the_client_waiting(trader: Trader, fault: Fault) -> None:
    trader.simulator.faults.script(PLACE, fault)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(60):
            await trader.buy()
    assert len(trader.simulator.exchange.spot.orders) == fault.is_after


async def test_a_refusal_for_the_rate_asks_for_the_wait_that_was_set(trader: Trader) -> None:
    trader.simulator.faults.retry_after_s = 7
    trader.simulator.faults.script(PLACE, Fault.RATE_LIMIT_429_BEFORE)
    await trader.buy()
    assert trader.headers["Retry-After"] == "7"


@pytest.mark.parametrize("fault", [*BROKEN, *REPLIED, *PAGES])
async def test_a_fault_spoils_one_answer_and_says_whether_the_order_is_there(
    trader: Trader, fault: Fault
) -> None:
    trader.simulator.faults.script(PLACE, fault)
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}
    if fault in BROKEN:
        with pytest.raises(BROKEN[fault]):
            await trader.ask(PLACE, **order)
    else:
        status, body = await trader.ask(PLACE, **order)
        if fault in REPLIED:
            assert (status, body["code"]) == REPLIED[fault]
        else:
            assert status == PAGES[fault][0]
            assert body.startswith(PAGES[fault][1])
    await LoopClock(NOON).sleep(0)
    was_done = fault.is_after or fault is Fault.LATE
    assert len(trader.simulator.exchange.spot.orders) == was_done
    await LoopClock(NOON).sleep(121)
    assert (await trader.ask(PLACE, **order))[1]["status"] == "FILLED"


async def test_a_late_order_comes_in_while_its_window_is_open_and_not_after(
    trader: Trader,
) -> None:
    for delay, there in ((4.9, 1), (5.1, 1)):
        trader.simulator.faults.script(PLACE, Fault.LATE, delay_s=delay)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await trader.buy()
        await LoopClock(NOON).sleep(timedelta(seconds=6).total_seconds())
        assert len(trader.simulator.exchange.spot.orders) == there


async def test_a_delay_holds_the_call_up(trader: Trader) -> None:
    trader.simulator.faults.script("* /api/v3/time", Fault.DELAY, delay_s=3)
    before = trader.simulator.exchange.now_ms()
    _, told = await trader.raw("GET", "/api/v3/time")
    assert told["serverTime"] - before >= 3000


async def test_cleared_faults_are_none(trader: Trader) -> None:
    trader.simulator.faults.script("*", Fault.DROP_BEFORE, times=3)
    trader.simulator.faults.clear()
    assert (await trader.raw("GET", "/api/v3/ping")) == (200, {})
