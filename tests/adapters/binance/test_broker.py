"""One account of Binance, against answers written down one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from adapters.binance.broker import SETTLE_S, BinanceBroker
from adapters.binance.hosts import MarketKind
from adapters.broker import (
    Absent,
    Accepted,
    BrokerMisconfiguredError,
    BrokerOrderState,
    BrokerUnavailableError,
    CancelConfirmed,
    CancelRefused,
    Found,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
)
from algorithms.domain import ChildId, OrderType
from tests.adapters.binance.conftest import settings
from tests.adapters.binance.rows import algo_row, order_row, placed_row, trade_row
from tests.adapters.binance.test_routes import BTC, LIMIT, STOP, sent
from tests.support.scripted_binance import SPOT_STATE, Says, ScriptedBinance
from tests.support.world import START

if TYPE_CHECKING:
    from adapters.binance.hub import Hub

ORDER = "/api/v3/order"
FUTURES_ORDER = "/fapi/v1/order"
ALGO_ORDER = "/fapi/v1/algoOrder"
NOT_FOUND = Says({"code": -2013, "msg": "Order does not exist."}, status=400)
UNKNOWN_ORDER = Says({"code": -2011, "msg": "Unknown order sent."}, status=400)


def now_sent(number: str | None = None, age: timedelta = timedelta()) -> SentOrder:
    return replace(sent(LIMIT, number), sent_at=START - age)


async def test_an_account_opens_with_few_questions(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    assert [seen.path for seen in venue.seen] == [
        "/api/v3/time",
        "/api/v3/exchangeInfo",
        "/api/v3/account",
    ]
    assert (await spot.holdings()).cash["USDT"] == 1100


async def test_fifty_accounts_share_time_rules_and_one_socket(
    venue: ScriptedBinance, hub: Hub
) -> None:
    venue.says("GET", "/api/v3/account", Says(SPOT_STATE))
    brokers = [BinanceBroker(settings(venue, MarketKind.SPOT), hub) for _ in range(50)]
    for broker in brokers:
        await broker.open()
    assert len(venue.asked("GET", "/api/v3/exchangeInfo")) == 1
    assert len(venue.asked("GET", "/api/v3/time")) == 1
    assert len(venue.sockets) == 1


async def test_an_account_in_hedge_mode_is_refused(venue: ScriptedBinance, hub: Hub) -> None:
    venue.says("GET", "/fapi/v1/accountConfig", Says({"dualSidePosition": True}))
    with pytest.raises(BrokerMisconfiguredError, match="one-way"):
        await BinanceBroker(settings(venue, MarketKind.FUTURES), hub).open()


async def test_keys_the_venue_does_not_take_need_a_person(venue: ScriptedBinance, hub: Hub) -> None:
    venue.says("GET", "/api/v3/account", Says({"code": -2015, "msg": "Invalid key"}, status=401))
    with pytest.raises(BrokerMisconfiguredError, match="-2015"):
        await BinanceBroker(settings(venue, MarketKind.SPOT), hub).open()


async def test_a_venue_that_is_down_is_tried_again(venue: ScriptedBinance, hub: Hub) -> None:
    venue.says("GET", "/api/v3/account", Says(raw=b"<html>", status=502), Says(SPOT_STATE))
    broker = BinanceBroker(settings(venue, MarketKind.SPOT), hub)
    with pytest.raises(BrokerUnavailableError):
        await broker.open()
    await broker.open()


async def test_an_account_kept_from_placing_sends_nothing(venue: ScriptedBinance, hub: Hub) -> None:
    own = replace(settings(venue, MarketKind.SPOT), no_orders="real orders need daemon.live = true")
    broker = BinanceBroker(own, hub)
    await broker.open()
    outcome = await broker.place(LIMIT)
    assert outcome == Refused(RefusalCode.REJECTED, "real orders need daemon.live = true")
    assert venue.asked("POST", ORDER) == []


async def test_a_request_is_signed_last_and_carries_its_time(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("POST", ORDER, Says(placed_row()))
    assert isinstance(await spot.place(LIMIT), Accepted)
    (seen,) = venue.asked("POST", ORDER)
    assert seen.query.rpartition("&")[2].startswith("signature=")
    assert seen.headers["X-MBX-APIKEY"] == "key"
    assert abs(int(seen.params["timestamp"]) - 1_800_000_000_000) < 1000  # the venue's time


async def test_an_answer_about_another_order_is_no_answer(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("POST", ORDER, Says(placed_row(clientOrderId="somebody-else")))
    assert isinstance(await spot.place(LIMIT), OutcomeUnknown)


@pytest.mark.parametrize("other", [{"origQty": "3"}, {"side": "SELL"}, {"symbol": "ETHUSDT"}])
async def test_an_answer_under_our_id_must_describe_what_was_asked(
    spot: BinanceBroker, venue: ScriptedBinance, other: dict[str, Any]
) -> None:
    venue.says("POST", ORDER, Says(placed_row(**other)))
    venue.says("GET", ORDER, Says(order_row(**other)))
    venue.says("DELETE", ORDER, Says(placed_row(status="CANCELED", **other)))
    assert isinstance(await spot.place(LIMIT), OutcomeUnknown)
    assert isinstance(await spot.find(now_sent("7")), Undecided)
    assert isinstance((await spot.cancel((now_sent("7"),)))[0], OutcomeUnknown)


async def test_a_number_that_may_be_a_stranger_s_is_not_used_while_our_id_is_known(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    """The answer to the placing had told another order's number."""
    venue.says("GET", ORDER, Says(order_row(7)))
    found = await spot.find(now_sent("8"))
    assert isinstance(found, Found)
    assert (found.order.id, found.order.client_id) == ("7", "a-1")
    venue.says("DELETE", ORDER, Says(placed_row(status="CANCELED")))
    await spot.cancel((now_sent("8"),))
    for method in ("GET", "DELETE"):
        (asked,) = venue.asked(method, ORDER)
        assert asked.params["origClientOrderId"] == "a-1"
        assert "orderId" not in asked.params


async def test_an_order_that_a_person_placed_is_found_by_its_number(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", ORDER, NOT_FOUND, Says(order_row(7, clientOrderId="web_1")))
    found = await spot.find(now_sent("7"))
    assert isinstance(found, Found)
    assert found.order.id == "7"


@pytest.mark.parametrize(
    "says",
    [
        Says(placed_row(), cut=True),
        Says(raw=b"<html>busy</html>"),
        Says(raw=b""),
        Says({"no": "order"}),
        Says({"code": -1007, "msg": "Timeout"}, status=408),
        Says(raw=b"", status=504),
        Says(placed_row(), delay_s=60),
    ],
)
async def test_what_does_not_show_the_order_proves_nothing(
    spot: BinanceBroker, venue: ScriptedBinance, says: Says
) -> None:
    venue.says("POST", ORDER, says)
    assert isinstance(await spot.place(LIMIT), OutcomeUnknown)
    assert len(venue.asked("POST", ORDER)) == 1


async def test_a_venue_that_cannot_be_reached_was_sent_nothing(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    await venue.__aexit__()
    outcome = await spot.place(LIMIT)
    if isinstance(outcome, OutcomeUnknown):  # the kept connection broke under the first request
        outcome = await spot.place(LIMIT)
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.UNAVAILABLE


async def test_a_wrong_clock_is_measured_anew_before_the_next_attempt(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    late = {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}
    venue.says("POST", ORDER, Says(late, status=400), Says(placed_row()))
    venue.says("GET", "/api/v3/time", Says({"serverTime": 1_900_000_000_000}))
    outcome = await spot.place(LIMIT)
    assert isinstance(outcome, Refused)
    assert outcome.code.is_transient
    assert isinstance(await spot.place(LIMIT), Accepted)
    assert int(venue.asked("POST", ORDER)[1].params["timestamp"]) >= 1_900_000_000_000


async def test_a_cancel_with_a_wrong_clock_is_sent_again_at_once(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    late = Says({"code": -1021, "msg": "Timestamp"}, status=400)
    venue.says("DELETE", ORDER, late, Says(placed_row(status="CANCELED")))
    (outcome,) = await spot.cancel((now_sent("7"),))
    assert isinstance(outcome, CancelConfirmed)


async def test_not_found_is_proof_only_when_nothing_can_be_under_way(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", ORDER, NOT_FOUND)
    young = now_sent(age=timedelta(seconds=SETTLE_S - 1))
    old = now_sent(age=timedelta(seconds=SETTLE_S + 1))
    assert isinstance(await spot.find(young), Undecided)
    assert isinstance(await spot.find(old), Absent)


async def test_an_order_that_left_late_settles_from_then_on(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    """It was stored long ago, and waited for its turn here."""
    venue.says("GET", ORDER, NOT_FOUND)
    venue.says("POST", ORDER, Says(raw=b"", status=502))
    await spot.place(LIMIT)
    assert isinstance(await spot.find(now_sent(age=timedelta(minutes=5))), Undecided)


async def test_a_known_order_that_is_not_shown_is_not_absent(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", ORDER, NOT_FOUND)
    assert isinstance(await spot.find(now_sent("7", timedelta(days=1))), Undecided)
    found = await spot.find(now_sent("7", timedelta(days=91)))
    assert isinstance(found, Found)
    assert found.order.state is BrokerOrderState.EXPIRED
    assert found.order.filled == 0
    venue.says("GET", ORDER, Says({"code": -2026, "msg": "Order was archived."}, status=400))
    assert isinstance(await spot.find(now_sent("7", timedelta(days=1))), Found)


async def test_a_found_order_comes_with_all_its_fills(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", ORDER, Says(order_row(status="PARTIALLY_FILLED", executedQty="1.0")))
    venue.says("GET", "/api/v3/myTrades", Says([trade_row(2), trade_row(1)]))
    found = await spot.find(now_sent("7"))
    assert isinstance(found, Found)
    assert [(fill.trade_id, fill.cumulative) for fill in found.fills] == [
        ("1", Decimal("0.5")),
        ("2", Decimal(1)),
    ]
    venue.says("GET", "/api/v3/myTrades", Says(raw=b"", status=502))
    assert isinstance(await spot.find(now_sent("7")), Undecided)


async def test_a_batch_cancel_is_answered_order_by_order(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    ids = [replace(LIMIT, client_id=ChildId(f"a-{number}")) for number in range(3)]
    cancelled = placed_row(status="CANCELED", clientOrderId="a-0")
    refused = {"code": -2011, "msg": "Unknown order sent."}
    odd = {"code": -9999, "msg": "?"}
    venue.says("DELETE", "/fapi/v1/batchOrders", Says([cancelled, refused, odd]))
    outcomes = await futures.cancel(tuple(sent(each) for each in ids))
    assert isinstance(outcomes[0], CancelConfirmed)
    assert outcomes[1] == NotOpen()
    assert isinstance(outcomes[2], OutcomeUnknown)
    (seen,) = venue.asked("DELETE", "/fapi/v1/batchOrders")
    assert seen.params["origClientOrderIdList"] == '["a-0","a-1","a-2"]'


async def test_a_batch_answered_short_tells_nothing(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("DELETE", "/fapi/v1/batchOrders", Says([placed_row(status="CANCELED")]))
    outcomes = await futures.cancel((sent(LIMIT), sent(LIMIT)))
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 2


async def test_a_conditional_order_goes_to_its_own_service(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("POST", ALGO_ORDER, Says(algo_row(clientAlgoId="a-2", side="BUY", quantity="2.000")))
    outcome = await futures.place(STOP)
    assert isinstance(outcome, Accepted)
    assert outcome.order.id == "algo-9"


async def test_a_symbol_s_leverage_is_raised_once_to_what_its_books_count_on(
    venue: ScriptedBinance, hub: Hub
) -> None:
    daring = replace(settings(venue, MarketKind.FUTURES), leverage=25)
    broker = BinanceBroker(daring, hub)
    await broker.open()
    venue.says("POST", "/fapi/v1/leverage", Says({"symbol": "BTCUSDT", "leverage": 25}))
    venue.says("POST", FUTURES_ORDER, Says(order_row(7)))
    for _ in range(2):
        await broker.place(LIMIT)
    (asked,) = venue.asked("POST", "/fapi/v1/leverage")
    assert (asked.params["symbol"], asked.params["leverage"]) == ("BTCUSDT", "25")
    assert len(venue.asked("GET", "/fapi/v1/symbolConfig")) == 1
    await broker.close()


async def test_a_higher_leverage_stays_as_a_person_set_it(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("POST", FUTURES_ORDER, Says(order_row(7)))
    await futures.place(LIMIT)
    assert venue.asked("POST", "/fapi/v1/leverage") == []


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (Says({"code": -4028, "msg": "Leverage 25 is not valid"}, 400), RefusalCode.REJECTED),
        (Says("", 502), RefusalCode.UNAVAILABLE),
        (Says({"code": -1003, "msg": "Too many"}, 429), RefusalCode.RATE_LIMITED),
    ],
)
async def test_without_the_leverage_nothing_is_sent(
    futures: BinanceBroker, venue: ScriptedBinance, says: Says, code: RefusalCode
) -> None:
    venue.says("GET", "/fapi/v1/symbolConfig", says)
    refused = await futures.place(LIMIT)
    assert isinstance(refused, Refused)
    assert refused.code is code
    assert "leverage 1 of BTCUSDT" in refused.message
    assert venue.asked("POST", FUTURES_ORDER) == []


async def test_an_order_that_only_reduces_says_so(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("POST", FUTURES_ORDER, Says(order_row(7)))
    venue.says("POST", ALGO_ORDER, Says(algo_row(clientAlgoId="a-2", side="BUY", quantity="2.000")))
    for request in (LIMIT, STOP):
        await futures.place(replace(request, reduce_only=True))
        await futures.place(request)
    for path in (FUTURES_ORDER, ALGO_ORDER):
        told = [seen.params.get("reduceOnly") for seen in venue.asked("POST", path)]
        assert told == ["true", None]


async def test_a_conditional_order_that_went_off_is_cancelled_where_it_rests(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("DELETE", ALGO_ORDER, UNKNOWN_ORDER)
    went_off = algo_row(clientAlgoId="a-2", algoStatus="TRIGGERED", actualOrderId="77")
    venue.says("GET", ALGO_ORDER, Says(went_off))
    venue.says("GET", FUTURES_ORDER, Says(order_row(77)))
    venue.says("DELETE", FUTURES_ORDER, Says(order_row(77, status="CANCELED")))
    (outcome,) = await futures.cancel((sent(STOP, "algo-9"),))
    assert isinstance(outcome, CancelConfirmed)
    assert outcome.order.id == "algo-9"
    assert outcome.order.order_type is OrderType.STOP_MARKET


async def test_a_conditional_order_the_service_misses_is_found_in_its_lists(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", ALGO_ORDER, NOT_FOUND)
    venue.says("GET", "/fapi/v1/openAlgoOrders", Says([algo_row(clientAlgoId="a-2")]))
    found = await futures.find(sent(STOP))
    assert isinstance(found, Found)
    assert found.order.id == "algo-9"


async def test_after_a_refusal_by_a_filter_the_rules_are_read_anew(
    spot: BinanceBroker, venue: ScriptedBinance, hub: Hub
) -> None:
    await hub.clock.sleep(61)
    refused = {"code": -1013, "msg": "Filter failure: LOT_SIZE"}
    venue.says("POST", ORDER, Says(refused, status=400))
    outcome = await spot.place(LIMIT)
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.BAD_QUANTITY
    await hub.clock.sleep(1)
    assert len(venue.asked("GET", "/api/v3/exchangeInfo")) == 2


async def test_an_ended_account_says_so(spot: BinanceBroker) -> None:
    await spot.close()
    await spot.close()
    assert isinstance(await spot.place(LIMIT), Refused)
    assert isinstance((await spot.cancel((sent(LIMIT),)))[0], CancelRefused)
    assert isinstance(await spot.find(sent(LIMIT)), Undecided)
    with pytest.raises(BrokerUnavailableError):
        await spot.quote(BTC)
