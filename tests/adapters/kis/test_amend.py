"""Another limit for an open order: what is left of it goes on under another number."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Absent,
    Accepted,
    BrokerOrderState,
    Found,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
)
from adapters.kis.operations import Operation
from algorithms.domain import ChildId, OrderType, Side
from tests.adapters.kis.lines import kr_line, resting
from tests.adapters.kis.test_broker import BUY, HANGS, place
from tests.support.scripted_kis import Says, bad, good, sent

if TYPE_CHECKING:
    from adapters.broker import PlaceOutcome
    from adapters.kis.broker import KisBroker
    from adapters.kis.hub import Hub
    from tests.support.scripted_kis import ScriptedKis

DEARER = replace(BUY, client_id=ChildId("c2"), limit_price=Decimal(41300))
AMENDED = resting("0000219400", orgn_odno="0000218840", ord_unpr="41300")
CONSUMED = resting(rmn_qty="0")


async def bought(broker: KisBroker, hub: Hub, kis: ScriptedKis) -> SentOrder:
    kis.says(Operation.KR_BUY, sent("0000218840"))
    outcome, order = await place(broker, hub)
    assert isinstance(outcome, Accepted)
    kis.says(Operation.KR_ORDERS, good(output1=[resting()]))
    return order


async def amend(broker: KisBroker, hub: Hub, order: SentOrder) -> tuple[PlaceOutcome, SentOrder]:
    """Amend as a sender would: what is noted first, then the request."""
    print_, at = await broker.amendment(order, DEARER), hub.clock.now()
    outcome = await broker.amend(order, DEARER)
    new = SentOrder(
        request=DEARER, sent_at=at, fingerprint=print_, broker_order_id=None, market_day=None
    )
    return outcome, new


async def test_the_rest_has_a_new_number_and_the_old_order_ends_as_cancelled(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await bought(seoul, hub, kis)
    kis.says(Operation.KR_CHANGE, sent("0000219400"))
    outcome, _ = await amend(seoul, hub, order)
    assert isinstance(outcome, Accepted)
    assert (outcome.order.id, outcome.order.client_id) == ("219400", "c2")
    asked = kis.asked(Operation.KR_CHANGE)[0].params
    assert (asked["RVSE_CNCL_DVSN_CD"], asked["ORD_UNPR"]) == ("01", "41300")
    assert asked["ORGN_ODNO"] == "0000218840"
    kis.says(Operation.KR_ORDERS, good(output1=[AMENDED, CONSUMED]))
    old = await seoul.find(order)
    assert isinstance(old, Found)
    assert old.order.state is BrokerOrderState.CANCELLED


@pytest.mark.parametrize("says", [HANGS, Says({"rt_cd": "0", "msg_cd": "IGW00009"})])
@pytest.mark.parametrize("left", ["3", "2"])
async def test_an_amendment_whose_answer_was_lost_is_found_by_its_origin(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis, says: Says, left: str
) -> None:
    order = await bought(seoul, hub, kis)
    kis.says(Operation.KR_CHANGE, says)
    outcome, new = await amend(seoul, hub, order)
    assert isinstance(outcome, OutcomeUnknown)
    amended = {**AMENDED, "ord_qty": left, "rmn_qty": left}
    other = resting("0000219500", ord_unpr="41300")
    kis.says(Operation.KR_ORDERS, good(output1=[other, amended, CONSUMED]))
    found = await seoul.find(new)
    assert isinstance(found, Found)
    assert (found.order.id, found.order.client_id) == ("219400", "c2")
    assert len(kis.asked(Operation.KR_CHANGE)) == 1


async def test_one_that_never_arrived_leaves_the_old_order_as_it_was(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await bought(seoul, hub, kis)
    kis.says(Operation.KR_CHANGE, HANGS)
    _, new = await amend(seoul, hub, order)
    while isinstance(found := await seoul.find(new), Undecided):
        await hub.clock.sleep(5)
    assert isinstance(found, Absent)
    assert isinstance(old := await seoul.find(order), Found)
    assert old.order.state is BrokerOrderState.OPEN


async def test_an_order_of_another_shape_takes_nobodys_place(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await bought(seoul, hub, kis)
    for wrong, code in (
        (replace(DEARER, quantity=Decimal(2)), RefusalCode.BAD_QUANTITY),
        (replace(DEARER, limit_price=Decimal(41301)), RefusalCode.BAD_PRICE),
        (
            replace(DEARER, order_type=OrderType.MARKET, limit_price=None),
            RefusalCode.UNSUPPORTED,
        ),
    ):
        request = replace(wrong, client_id=ChildId(f"c-{code}"))
        outcome = await seoul.amend(order, request)
        assert isinstance(outcome, Refused)
        assert outcome.code is code
    assert kis.asked(Operation.KR_CHANGE) == []


async def test_what_has_ended_is_not_amended(seoul: KisBroker, hub: Hub, kis: ScriptedKis) -> None:
    order = await bought(seoul, hub, kis)
    done = kr_line(rmn_qty="0", tot_ccld_qty="3", tot_ccld_amt="123735")
    kis.says(Operation.KR_ORDERS, good(output1=[done]))
    await seoul.find(order)
    assert isinstance(await seoul.amend(order, DEARER), Refused)
    unnumbered = replace(order, broker_order_id=None)
    assert isinstance(await seoul.amend(unnumbered, DEARER), Refused)
    assert kis.asked(Operation.KR_CHANGE) == []


async def test_a_sale_refused_for_want_of_shares_tells_how_many_there_are(
    seoul: KisBroker, seoul_on_paper: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    sale = replace(BUY, side=Side.SELL)
    kis.says(Operation.KR_SELL, bad("APBK0400", "주문가능수량을 초과"))
    kis.says(Operation.KR_SELLABLE, good(output={"pdno": "069500", "ord_psbl_qty": "2"}))
    outcome, _ = await place(seoul, hub, sale)
    assert isinstance(outcome, Refused)
    assert outcome.message.endswith("; 2 069500 can be sold")
    kis.says(Operation.KR_SELL, bad("40240000", "잔고내역이 없습니다"))
    outcome, _ = await place(seoul_on_paper, hub, replace(sale, client_id=ChildId("c3")))
    assert isinstance(outcome, Refused)
    assert outcome.message.endswith("; 3 069500 can be sold")


async def test_a_refusal_that_cannot_be_explained_stays_one(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_SELL, bad("APBK0400", "주문가능수량을 초과"))
    kis.says(Operation.KR_SELLABLE, HANGS)
    outcome, _ = await place(seoul, hub, replace(BUY, side=Side.SELL))
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.INSUFFICIENT_HOLDINGS
    assert "can be sold" not in outcome.message
