"""The lists are looked at for as long as an order lives, and not longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.broker import Accepted, BrokerOrderState, OrderEvent
from adapters.kis.operations import Operation
from tests.adapters.kis.lines import kr_line, resting
from tests.adapters.kis.test_broker import BUY, place
from tests.support.scripted_kis import bad, good, sent

if TYPE_CHECKING:
    import pytest

    from adapters.kis.broker import KisBroker
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
