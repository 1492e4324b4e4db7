"""The lists are looked at for as long as an order lives, and not longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Accepted,
    BrokerOrderState,
    BrokerUnavailableError,
    FillEvent,
    Found,
    OrderEvent,
    OutcomeUnknown,
    StreamLost,
    StreamRestored,
)
from adapters.kis.broker import KisBroker
from adapters.kis.charges import Charges
from adapters.kis.hosts import Profile
from adapters.kis.operations import Operation
from algorithms.domain import Symbol
from algorithms.instruments import default_instrument
from algorithms.rates import Rate
from tests.adapters.kis import lines
from tests.adapters.kis.conftest import KEYS, NEVER_OPEN, settings
from tests.adapters.kis.lines import kr_line, resting, spelt
from tests.adapters.kis.test_broker import BUY, place
from tests.adapters.kis.test_notices import FILLED
from tests.support.scripted_kis import Says, bad, good, sent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.kis.hub import Hub
    from tests.support.scripted_kis import ScriptedKis


async def bought(broker: KisBroker, hub: Hub, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BUY, sent("0000218840"))
    outcome, _ = await place(broker, hub, BUY)
    assert isinstance(outcome, Accepted)


async def test_while_an_order_lives_the_list_is_asked_again_and_again(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_ORDERS, good(output1=[]), good(output1=[resting()]))
    await bought(seoul, hub, kis)
    before = len(kis.asked(Operation.KR_ORDERS))
    await hub.clock.sleep(23)
    assert len(kis.asked(Operation.KR_ORDERS)) - before == 10


async def test_without_an_order_nothing_is_asked(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    await bought(seoul, hub, kis)
    done = kr_line(rmn_qty="0", tot_ccld_qty="3", tot_ccld_amt="123735")
    kis.says(Operation.KR_ORDERS, good(output1=[done]))
    await hub.clock.sleep(10)
    before = len(kis.seen)
    await hub.clock.sleep(3600)
    assert len(kis.seen) == before


async def test_a_list_that_fails_is_asked_again_and_told_of_once(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis, caplog: pytest.LogCaptureFixture
) -> None:
    await bought(seoul, hub, kis)
    kis.says(Operation.KR_ORDERS, bad("EGW00001", status=500))
    await hub.clock.sleep(20)
    assert len([each for each in caplog.records if "EGW00001" in each.getMessage()]) == 1
    kis.says(Operation.KR_ORDERS, good(output1=[resting(rmn_qty="0", rjct_qty="3")]))
    events = seoul.events()
    event = await anext(events)
    assert isinstance(event, OrderEvent)
    assert event.order.state is BrokerOrderState.REJECTED


async def test_a_cancel_ends_its_order_and_is_none_itself(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    await bought(seoul, hub, kis)
    child = kr_line("0000219377", orgn_odno="0000218840", sll_buy_dvsn_cd_name="매수취소*")
    kis.says(Operation.KR_ORDERS, good(output1=[child, kr_line(rmn_qty="0")]))
    events = seoul.events()
    while True:
        event = await anext(events)
        if isinstance(event, OrderEvent) and event.order.state.is_final:
            break
    assert event.order.state is BrokerOrderState.CANCELLED
    assert await seoul.open_orders() == ()


async def test_what_an_amendment_left_is_an_order_of_its_own(
    seoul: KisBroker, kis: ScriptedKis
) -> None:
    amended = {
        "odno": "0000219377",
        "orgn_odno": "0000218840",
        "rvse_cncl_dvsn_name": "매수정정",
        "ord_gno_brno": "91264",
        "pdno": "069500",
        "ord_qty": "3",
        "ord_unpr": "41300",
        "ord_tmd": "101600",
        "tot_ccld_qty": "0",
        "tot_ccld_amt": "0",
        "psbl_qty": "3",
        "sll_buy_dvsn_cd": "02",
        "ord_dvsn_cd": "00",
        "excg_id_dvsn_cd": "KRX",
    }
    kis.says(Operation.KR_CANCELLABLE, good(output=[amended]))
    (order,) = await seoul.open_orders()
    assert order.id == "219377"
    assert order.limit_price == 41300


@pytest.fixture
async def listening(hub: Hub, kis: ScriptedKis) -> AsyncIterator[KisBroker]:
    kis.says(Operation.KR_BALANCE, good(**lines.KR_BALANCE))
    kis.says(Operation.KR_PRICE, good(**lines.KR_PRICE))
    kis.says(Operation.KR_ORDERS, good(output1=[]))
    mine = replace(settings(kis, Profile.REAL), hts_id="htsuser1")
    broker = KisBroker(mine, hub.access(Profile.REAL, kis.hosts, KEYS), NEVER_OPEN)
    await broker.open()
    await kis.connected(1)
    await hub.clock.sleep(1)
    yield broker
    await broker.close()


def notice(number: str, **places: str) -> str:
    """A fill of 2 at 41,245 of our account; ``f9="1"`` puts another value in the tenth field."""
    fields = FILLED[0].split("^")
    fields[2] = number.zfill(10)
    for name, value in places.items():
        fields[int(name[1:])] = value
    return f"0|H0STCNI0|001|{'^'.join(fields)}"


async def test_a_notice_tells_of_a_fill_before_any_list(
    listening: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    await bought(listening, hub, kis)
    events = listening.events()
    await kis.tell(notice("218840"))
    event = await anext(events)
    assert isinstance(event, FillEvent)
    assert spelt(event.fill.client_id, event.fill.quantity, event.fill.price) == "c1 2 41245"
    assert await listening.fills_since(event.fill.at) == (event.fill,)


async def test_a_notice_that_comes_before_the_receipt_is_not_lost(
    listening: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    events = listening.events()
    await kis.tell(notice("218840"))
    await hub.clock.sleep(0.1)
    await bought(listening, hub, kis)
    event = await anext(events)
    assert isinstance(event, FillEvent)
    assert event.fill.client_id == "c1"


async def test_a_notice_of_another_account_is_not_ours(
    listening: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    await bought(listening, hub, kis)
    await kis.tell(notice("218840", f1="5099999901"))
    await hub.clock.sleep(1)
    assert await listening.fills_since(hub.clock.now() - timedelta(hours=1)) == ()


async def test_a_lost_order_is_found_by_its_notice_where_no_list_shows_it(
    listening: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUY, Says({}, cut=True))
    outcome, order = await place(listening, hub, BUY)
    assert isinstance(outcome, OutcomeUnknown)
    await kis.tell(notice("218840", f9="0000000003", f10="000041250", f13="1"))
    await hub.clock.sleep(0.1)
    found = await listening.find(order)
    assert isinstance(found, Found)
    assert found.order.id == "218840"


async def test_a_refusal_by_the_exchange_has_the_list_looked_at(
    listening: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_ORDERS, good(output1=[]), good(output1=[resting()]))
    await bought(listening, hub, kis)
    await hub.clock.sleep(1)
    kis.says(Operation.KR_ORDERS, good(output1=[resting(rmn_qty="0", rjct_qty="3")]))
    events = listening.events()
    began = hub.clock.now()
    await kis.tell(notice("218840", f12="1", f13="1"))
    event = await anext(events)
    assert isinstance(event, OrderEvent)
    assert event.order.state is BrokerOrderState.REJECTED
    assert hub.clock.now() - began < timedelta(seconds=1)


async def test_while_notices_flow_the_list_is_asked_seldom(
    listening: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_ORDERS, good(output1=[]), good(output1=[resting()]))
    await bought(listening, hub, kis)
    before = len(kis.asked(Operation.KR_ORDERS))
    await hub.clock.sleep(31)
    assert len(kis.asked(Operation.KR_ORDERS)) - before <= 4


async def test_what_a_gap_hid_is_told_by_asking(
    listening: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    await bought(listening, hub, kis)
    await hub.clock.sleep(1)
    events = listening.events()
    await kis.sockets[-1].close()
    assert isinstance(await anext(events), StreamLost)
    kis.says(Operation.KR_ORDERS, good(output1=[kr_line()]))
    await kis.connected(2)
    assert isinstance(await anext(events), StreamRestored)
    (fill,) = await listening.fills_since(hub.clock.now() - timedelta(minutes=1))
    assert fill.cumulative == 2


async def test_kis_tells_its_time_by_heartbeat_only(
    listening: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    with pytest.raises(BrokerUnavailableError):
        await listening.server_time()
    await kis.tell('{"header":{"tr_id":"PINGPONG","datetime":"20261120101510"}}')
    await hub.clock.sleep(0.1)
    assert (await listening.server_time()).minute == 15


@pytest.mark.parametrize(("market", "fee"), [("XKRX", "82"), ("XNYS", "0.28")])
async def test_sales_of_funds_are_taxed_in_the_us_only(
    hub: Hub, kis: ScriptedKis, market: str, fee: str
) -> None:
    own, day = settings(kis, Profile.REAL, market), hub.clock.now()
    symbol = Symbol("069500" if market == "XKRX" else "SOXL")
    told = default_instrument(symbol, market, own.currency, type="etf")
    charges = Charges((Rate(None, Decimal("0.1"), Decimal("0.1")),), own.currency)
    kis.says(Operation.KR_BALANCE, good(**lines.KR_BALANCE))
    kis.says(Operation.US_BALANCE, good(**lines.US_BALANCE))
    kis.says(Operation.US_MARGIN, good(**lines.US_MARGIN))
    kis.says(Operation.KR_ORDERS, good(output1=[kr_line(sll_buy_dvsn_cd="01")]))
    kis.says(Operation.US_ORDERS, good(output=[lines.us_line(sll_buy_dvsn_cd="01")]))
    broker = KisBroker(
        replace(own, charges=charges, instruments={symbol: told}),
        hub.access(Profile.REAL, kis.hosts, KEYS),
        NEVER_OPEN,
    )
    await broker.open()
    fills = await broker.fills_since(day)
    assert sum(fill.fee for fill in fills) == Decimal(fee)
    await broker.close()
