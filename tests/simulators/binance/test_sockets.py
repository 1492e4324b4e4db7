"""The spot WebSocket API and what it tells of an account."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.simulators.binance import Fault
from tests.simulators.binance.socket_api import signed_text
from tests.simulators.binance.trader import sign

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse

    from tests.simulators.binance.trader import Trader


class Talk:
    def __init__(self, trader: Trader, socket: ClientWebSocketResponse) -> None:
        self.trader = trader
        self.socket = socket

    async def say(self, method: str, **params: object) -> Any:  # noqa: ANN401
        """Send a request signed with the trader's key, and return the next message."""
        signed = {
            **self.trader.stamped(params),
            "apiKey": self.trader.key.api_key,
        }
        texts = {name: str(value) for name, value in signed.items()}
        signature = sign(self.trader.key, signed_text(texts).decode())
        await self.socket.send_json(
            {"id": "one", "method": method, "params": {**signed, "signature": signature}}
        )
        return await self.hear()

    async def hear(self) -> Any:  # noqa: ANN401
        async with asyncio.timeout(5):
            return await self.socket.receive_json()


SUBSCRIBE = "userDataStream.subscribe.signature"
ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.1",
    "price": "40000",
}


@pytest.fixture
async def talk(trader: Trader) -> Any:  # noqa: ANN401
    async with trader.session.ws_connect(trader.urls.ws_api) as socket:
        yield Talk(trader, socket)


async def test_one_connection_carries_several_accounts(talk: Talk) -> None:
    assert (await talk.say(SUBSCRIBE))["result"] == {"subscriptionId": 0}
    assert (await talk.say(SUBSCRIBE))["error"]["code"] == -2035
    talk.trader.key = talk.trader.simulator.keys("bob")[1]
    assert (await talk.say(SUBSCRIBE))["result"] == {"subscriptionId": 1}
    await talk.trader.buy(newClientOrderId="of-bob")
    told = await talk.hear()
    assert (told["subscriptionId"], told["event"]["c"]) == (1, "of-bob")
    assert (await talk.say("userDataStream.unsubscribe", subscriptionId=1))["status"] == 200
    again = await talk.say("userDataStream.unsubscribe", subscriptionId=1)
    assert again["error"]["code"] == -2036


async def test_a_fill_is_told_with_its_fee_and_the_balances_after_it(talk: Talk) -> None:
    await talk.say(SUBSCRIBE)
    await talk.trader.buy(price="50001", strategyId=7, strategyType=1_000_000)
    new, trade, position = [(await talk.hear())["event"] for _ in range(3)]
    assert (new["x"], new["X"], new["t"], new["j"]) == ("NEW", "NEW", -1, 7)
    assert (trade["x"], trade["X"], trade["n"], trade["N"]) == (
        "TRADE",
        "FILLED",
        "0.00010000",
        "BTC",
    )
    assert position["e"] == "outboundAccountPosition"
    assert {"a": "BTC", "f": "10.09990000", "l": "0.00000000"} in position["B"]


async def test_a_cancel_and_a_prevented_trade_are_told_apart(talk: Talk) -> None:
    await talk.say(SUBSCRIBE)
    await talk.trader.buy(price="50000", newClientOrderId="mine")
    await talk.trader.buy(side="SELL", price="50000")
    events = [(await talk.hear())["event"] for _ in range(3)]
    assert [(each["x"], each["X"]) for each in events] == [
        ("NEW", "NEW"),
        ("NEW", "NEW"),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
    ]
    await talk.trader.ask("DELETE /api/v3/openOrders", symbol="BTCUSDT")
    cancelled = (await talk.hear())["event"]
    assert (cancelled["x"], cancelled["C"] != "") == ("CANCELED", True)


async def test_orders_go_over_the_socket_too(talk: Talk) -> None:
    placed = await talk.say("order.place", **ORDER)
    assert (placed["id"], placed["status"], placed["result"]["status"]) == ("one", 200, "NEW")
    where = {"symbol": "BTCUSDT", "orderId": placed["result"]["orderId"]}
    assert (await talk.say("order.status", **where))["result"]["status"] == "NEW"
    assert (await talk.say("order.cancel", **where))["result"]["status"] == "CANCELED"
    assert (await talk.say("order.cancel", **where))["error"]["code"] == -2011


async def test_only_an_ed25519_key_logs_on(talk: Talk) -> None:
    assert (await talk.say("session.logon"))["error"]["code"] == -4056
    assert (await talk.say("userDataStream.subscribe"))["error"]["code"] == -1194
    talk.trader.key = talk.trader.simulator.keys("alice")[1]
    assert (await talk.say("session.logon"))["status"] == 200
    assert (await talk.say("userDataStream.subscribe"))["result"] == {"subscriptionId": 0}


async def test_nonsense_is_answered(talk: Talk) -> None:
    assert (await talk.say("make.rich"))["error"]["code"] == -1136
    await talk.socket.send_str("{")
    assert (await talk.hear())["error"]["code"] == -1135
    await talk.socket.send_str("[]")
    assert (await talk.hear())["error"]["code"] == -1102


async def test_a_stream_can_stall_repeat_itself_and_end(talk: Talk) -> None:
    simulator = talk.trader.simulator
    await talk.say(SUBSCRIBE)
    simulator.faults.stalled = True
    await talk.trader.buy()
    simulator.faults.stalled, simulator.faults.duplicates = False, True
    simulator.set_price("BTCUSDT", Decimal(40_000))
    first, second = await talk.hear(), await talk.hear()
    assert first == second
    assert first["event"]["x"] == "TRADE"
    await talk.hear()
    await talk.hear()
    simulator.sockets.announce_shutdown()
    assert (await talk.hear())["event"]["e"] == "serverShutdown"
    simulator.sockets.terminate_subscriptions()
    assert (await talk.hear())["event"]["e"] == "eventStreamTerminated"
    simulator.sockets.drop_all()
    assert (await talk.socket.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


@pytest.mark.parametrize("order", ["before", "after", "random"])
async def test_events_come_before_or_after_the_reply(talk: Talk, order: str) -> None:
    talk.trader.simulator.faults.event_order = order
    await talk.say(SUBSCRIBE)
    placed = await talk.trader.buy()
    assert (await talk.hear())["event"]["i"] == placed["orderId"]


@pytest.mark.parametrize(("fault", "done"), [(Fault.DROP_BEFORE, 0), (Fault.DROP_AFTER, 1)])
async def test_a_connection_breaks_around_a_request(talk: Talk, fault: Fault, done: int) -> None:
    talk.trader.simulator.faults.script("WS order.place", fault)
    with pytest.raises(TypeError):
        await talk.say("order.place", **ORDER)
    assert len(talk.trader.simulator.exchange.spot.orders) == done


async def test_an_answer_over_the_socket_may_be_unknown(talk: Talk) -> None:
    talk.trader.simulator.faults.script("WS order.place", Fault.TIMEOUT_408_AFTER)
    reply = await talk.say("order.place", **ORDER)
    assert (reply["status"], reply["error"]["code"]) == (408, -1007)
    assert len(talk.trader.simulator.exchange.spot.orders) == 1


async def test_the_futures_api_places_amends_asks_and_cancels(trader: Trader) -> None:
    async with trader.session.ws_connect(trader.urls.futures_ws_api) as socket:
        talk = Talk(trader, socket)
        placed = (await talk.say("order.place", **ORDER))["result"]
        terms = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
        changed = {**terms, "side": "BUY", "quantity": "0.2", "price": "41000"}
        assert (await talk.say("order.modify", **changed))["result"]["origQty"] == "0.20000000"
        assert (await talk.say("order.status", **terms))["result"]["price"] == "41000.00000000"
        assert (await talk.say("order.cancel", **terms))["result"]["status"] == "CANCELED"
        assert (await talk.say("v2/account.position"))["result"] == []
        assert (await talk.say("userDataStream.start"))["result"]["listenKey"]
        assert (await talk.say(SUBSCRIBE))["error"]["code"] == -1136
        assert (await talk.say("session.dance"))["error"]["code"] == -1136


async def test_a_session_signs_once(trader: Trader) -> None:
    trader.key = trader.simulator.keys("alice")[1]
    async with trader.session.ws_connect(trader.urls.ws_api) as socket:
        talk = Talk(trader, socket)
        assert (await talk.say("session.status"))["result"]["apiKey"] is None
        await talk.say("session.logon")
        await socket.send_json({"id": "x", "method": "order.place", "params": ORDER})
        assert (await talk.hear())["result"]["status"] == "NEW"
        assert (await talk.say("session.status"))["result"]["apiKey"] == trader.key.api_key
        await talk.say("session.logout")
        await socket.send_json({"id": "x", "method": "order.place", "params": ORDER})
        assert (await talk.hear())["error"]["code"] == -2014


@pytest.mark.parametrize("fault", list(Fault))
async def test_every_fault_befalls_a_request_over_a_socket(talk: Talk, fault: Fault) -> None:
    """Some say something wrong, some nothing, and some break the connection."""
    trader = talk.trader
    trader.simulator.faults.script("WS order.place", fault, delay_s=1)
    try:
        told = await talk.say("order.place", **ORDER)
    except (TypeError, ValueError):
        told = None  # closed, or no JSON
    except TimeoutError:
        assert fault in {Fault.SILENT_BEFORE, Fault.SILENT_AFTER}
        told = None
    if told is not None:
        assert told["id"] == "one" or fault is Fault.MUTATED_AFTER
        refused = "error" in told
        assert refused != (fault in {Fault.DELAY, Fault.MUTATED_AFTER})
    await trader.simulator.clock.sleep(2)
    carried_out = fault.is_after or fault in {Fault.DELAY, Fault.LATE}
    assert len(trader.simulator.exchange.spot.orders) == carried_out


async def test_a_refusal_for_the_rate_names_the_end_of_the_wait(talk: Talk) -> None:
    talk.trader.simulator.exchange.spot_limits.orders[10_000] = 0
    told = await talk.say("order.place", **ORDER)
    assert (told["status"], told["error"]["code"]) == (429, -1015)
    assert told["error"]["data"]["retryAfter"] % 10_000 == 0
