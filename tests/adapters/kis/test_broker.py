"""Placing, cancelling and finding at a broker without client order ids."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Accepted,
    BrokerMisconfiguredError,
    BrokerOrderState,
    BrokerUnavailableError,
    CancelAccepted,
    CancelRefused,
    FillEvent,
    Found,
    NotOpen,
    OrderRequest,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
)
from adapters.kis.broker import KisBroker
from adapters.kis.hosts import Profile
from adapters.kis.operations import Operation
from algorithms.domain import BrokerOrderId, ChildId, OrderType, Side, Symbol, TimeInForce
from tests.adapters.kis.conftest import KEYS, NEVER_OPEN, settings
from tests.adapters.kis.lines import kr_line, resting, spelt
from tests.support.scripted_kis import Says, bad, good, sent

if TYPE_CHECKING:
    from adapters.broker import PlaceOutcome
    from adapters.kis.hub import Hub
    from tests.support.scripted_kis import ScriptedKis

TODAY = date(2026, 11, 20)
BUY = OrderRequest(
    client_id=ChildId("c1"),
    symbol=Symbol("069500"),
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.DAY,
    quantity=Decimal(3),
    limit_price=Decimal(41250),
)
SOXL = replace(BUY, symbol=Symbol("SOXL"), quantity=Decimal(5), limit_price=Decimal("27.45"))
HANGS = Says({}, delay_s=3600)


async def place(
    broker: KisBroker, hub: Hub, request: OrderRequest = BUY
) -> tuple[PlaceOutcome, SentOrder]:
    """Place an order as the sender does: what is noted first, then the request."""
    print_ = await broker.fingerprint(request)
    sent_at = hub.clock.now()
    outcome = await broker.place(request)
    order = outcome.order if isinstance(outcome, Accepted) else None
    return outcome, SentOrder(
        request=request,
        sent_at=sent_at,
        fingerprint=print_,
        broker_order_id=order.id if order else None,
        market_day=order.market_day if order else None,
    )


async def lost(broker: KisBroker, hub: Hub, kis: ScriptedKis, says: Says) -> SentOrder:
    kis.says(Operation.KR_BUY, says)
    outcome, order = await place(broker, hub)
    assert isinstance(outcome, OutcomeUnknown)
    return order


async def test_an_order_that_is_taken_has_a_number_and_a_day(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUY, sent("0000218840"))
    outcome, _ = await place(seoul, hub)
    assert isinstance(outcome, Accepted)
    order = outcome.order
    assert spelt(order.id, order.client_id, order.market_day) == "218840 c1 2026-11-20"
    assert order.state is BrokerOrderState.OPEN


async def test_what_kis_refuses_was_not_placed(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUY, bad("APBK0952", "주문가능금액 초과", result="7"))
    outcome, _ = await place(seoul, hub)
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.INSUFFICIENT_FUNDS


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (replace(BUY, limit_price=Decimal(41251)), RefusalCode.BAD_PRICE),
        (replace(BUY, quantity=Decimal("1.5")), RefusalCode.BAD_QUANTITY),
        (replace(BUY, order_type=OrderType.LOC), RefusalCode.UNSUPPORTED),
    ],
)
async def test_what_cannot_be_is_not_sent(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis, request_: OrderRequest, code: RefusalCode
) -> None:
    outcome, _ = await place(seoul, hub, request_)
    assert isinstance(outcome, Refused)
    assert outcome.code is code
    assert kis.asked(Operation.KR_BUY) == []


async def test_a_symbol_kis_does_not_know_is_refused(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_PRICE, good(output={"stck_prpr": "0"}))
    outcome, _ = await place(seoul, hub, replace(BUY, symbol=Symbol("NOSUCH")))
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.UNKNOWN_SYMBOL


async def test_a_cancel_is_taken_and_its_end_is_found(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUY, sent("0000218840"))
    _, order = await place(seoul, hub)
    kis.says(Operation.KR_CHANGE, sent("0000219377"))
    assert await seoul.cancel((order,)) == (CancelAccepted(),)
    assert await seoul.cancel((order,)) == (CancelAccepted(),)
    (asked,) = kis.asked(Operation.KR_CHANGE)
    assert asked.params["KRX_FWDG_ORD_ORGNO"] == "91264"
    gone = kr_line(rmn_qty="0", cncl_cfrm_qty="1")
    kis.says(Operation.KR_ORDERS, good(output1=[gone]))
    found = await seoul.find(order)
    assert isinstance(found, Found)
    assert found.order.state is BrokerOrderState.CANCELLED
    assert found.order.filled == 2
    assert await seoul.cancel((order,)) == (NotOpen(),)


async def test_after_a_restart_a_cancel_learns_the_branch_first(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = SentOrder(
        request=BUY,
        sent_at=hub.clock.now(),
        fingerprint=None,
        broker_order_id=BrokerOrderId("218840"),
        market_day=TODAY,
    )
    kis.says(Operation.KR_ORDERS, good(output1=[resting()]))
    kis.says(Operation.KR_CHANGE, sent("0000219377"))
    assert await seoul.cancel((order,)) == (CancelAccepted(),)
    assert kis.asked(Operation.KR_CHANGE)[0].params["KRX_FWDG_ORD_ORGNO"] == "91264"


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (bad("APBK0344"), NotOpen),
        (bad("40330000"), NotOpen),
        (bad("EGW00302", status=500), OutcomeUnknown),
        (bad("EGW00201", status=500), CancelRefused),
        (Says({}, cut=True), OutcomeUnknown),
    ],
)
async def test_a_cancel_says_what_is_known(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis, says: Says, outcome: type[object]
) -> None:
    kis.says(Operation.KR_BUY, sent("0000218840"))
    _, order = await place(seoul, hub)
    kis.says(Operation.KR_CHANGE, says)
    (told,) = await seoul.cancel((order,))
    assert isinstance(told, outcome)


async def test_without_a_number_nothing_can_be_cancelled(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await lost(seoul, hub, kis, HANGS)
    assert await seoul.cancel((order,)) == (NotOpen(),)
    with pytest.raises(ValueError, match="at most 1"):
        await seoul.cancel((order, order))


async def test_an_order_of_ours_is_open_before_the_list_shows_it(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUY, sent("0000218840"))
    await place(seoul, hub)
    (order,) = await seoul.open_orders()
    assert order.id == "218840"
    await hub.clock.sleep(121)
    assert await seoul.open_orders() == ()


async def test_the_list_tells_who_follows(seoul: KisBroker, hub: Hub, kis: ScriptedKis) -> None:
    events = seoul.events()
    kis.says(Operation.KR_BUY, sent("0000218840"))
    kis.says(Operation.KR_ORDERS, good(output1=[]), good(output1=[kr_line()]))
    await place(seoul, hub)
    async with asyncio.timeout(5):
        event = await anext(events)
    assert isinstance(event, FillEvent)
    assert spelt(event.fill.client_id, event.fill.cumulative) == "c1 2"


async def test_executions_are_told_since_they_were_learnt_of(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_ORDERS, good(output1=[kr_line()]))
    start = hub.clock.now()
    (fill,) = await seoul.fills_since(start)
    assert spelt(fill.order_id, fill.cumulative, fill.cumulative_value) == "218840 2 82490"
    assert fill.trade_id is None
    assert await seoul.fills_since(fill.at + timedelta(microseconds=1)) == ()


async def test_an_account_kis_does_not_know_is_a_persons(hub: Hub, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BALANCE, bad("OPSQ2000", result="2"))
    access = hub.access(Profile.REAL, kis.hosts, KEYS)
    broker = KisBroker(settings(kis, Profile.REAL), access, NEVER_OPEN)
    with pytest.raises(BrokerMisconfiguredError, match="OPSQ2000"):
        await broker.open()


async def test_an_account_that_may_not_trade_only_looks(hub: Hub, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BALANCE, good(output1=[], output2=[{"prvs_rcdl_excc_amt": "5"}]))
    looker = replace(settings(kis, Profile.REAL), no_orders="real orders need a yes")
    broker = KisBroker(looker, hub.access(Profile.REAL, kis.hosts, KEYS), NEVER_OPEN)
    await broker.open()
    assert await broker.place(BUY) == Refused(RefusalCode.REJECTED, "real orders need a yes")
    assert (await broker.holdings()).cash == {"KRW": 5}
    kis.says(Operation.KR_BUYABLE, good(output={"nrcvb_buy_amt": "4"}))
    assert await broker.buying_power("KRW") == 4
    assert await broker.buying_power("USD") == 0
    await broker.close()


async def test_a_closed_broker_says_so(seoul: KisBroker, hub: Hub) -> None:
    _, order = await place(seoul, hub)
    await seoul.close()
    await seoul.close()
    assert isinstance(await seoul.place(BUY), Refused)
    assert isinstance((await seoul.cancel((order,)))[0], CancelRefused)
    assert isinstance(await seoul.find(order), Undecided)
    with pytest.raises(BrokerUnavailableError):
        await seoul.quote(BUY.symbol)
    assert [event async for event in seoul.events()] == []
