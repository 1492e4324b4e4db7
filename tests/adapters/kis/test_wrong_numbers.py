"""Orders whose number KIS tells wrong: found by what they look like, or a person's to find."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import (
    Accepted,
    Ambiguous,
    CancelAccepted,
    Found,
    NotOpen,
    OutcomeUnknown,
    Undecided,
)
from adapters.kis.broker import KisBroker
from adapters.kis.hosts import Profile
from adapters.kis.operations import Operation
from algorithms.domain import ChildId
from tests.adapters.kis.conftest import KEYS, NEVER_OPEN, settings
from tests.adapters.kis.lines import resting, spelt
from tests.adapters.kis.test_broker import BUY, place
from tests.adapters.kis.test_lookout import resolved
from tests.support.scripted_kis import good, sent

if TYPE_CHECKING:
    from adapters.broker import SentOrder
    from adapters.kis.hub import Hub
    from tests.support.scripted_kis import ScriptedKis

TRUE, TOLD = "0000218840", "0000218977"


async def misnamed(broker: KisBroker, hub: Hub, kis: ScriptedKis) -> SentOrder:
    """Place an order that goes by another number than the one that is told."""
    kis.says(Operation.KR_BUY, sent(TOLD))
    outcome, order = await place(broker, hub)
    assert isinstance(outcome, Accepted)
    kis.says(Operation.KR_ORDERS, good(output1=[resting(TRUE)]))
    kis.says(Operation.KR_CANCELLABLE, good(output=[{**resting(TRUE), "psbl_qty": "3"}]))
    kis.says(Operation.KR_CHANGE, sent("0000219377"))
    return order


async def test_it_is_found_by_what_it_looks_like_when_no_list_can_be_late(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await misnamed(seoul, hub, kis)
    assert isinstance(await seoul.find(order), Undecided)
    found = await resolved(seoul, hub, order)
    assert isinstance(found, Found)
    assert spelt(found.order.id, found.order.client_id) == "218840 c1"
    assert hub.clock.now() - order.sent_at >= seoul.capabilities.settle_time
    assert [each.id for each in await seoul.open_orders()] == ["218840"]


async def test_its_cancel_names_it_rightly_also_after_a_restart(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await misnamed(seoul, hub, kis)
    await seoul.close()
    await hub.clock.sleep(60)
    reborn = KisBroker(
        settings(kis, Profile.REAL), hub.access(Profile.REAL, kis.hosts, KEYS), NEVER_OPEN
    )
    await reborn.open()
    assert await reborn.cancel((order,)) == (CancelAccepted(),)
    assert [asked.params["ORGN_ODNO"] for asked in kis.asked(Operation.KR_CHANGE)] == [TRUE]
    await reborn.close()


async def test_it_does_not_stand_beside_itself_as_an_order_of_nobodys(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    await misnamed(seoul, hub, kis)
    assert [spelt(each.id, each.client_id) for each in await seoul.open_orders()] == ["218840 None"]


async def test_two_like_it_are_a_persons_and_so_is_none(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await misnamed(seoul, hub, kis)
    kis.says(Operation.KR_ORDERS, good(output1=[resting(TRUE), resting("0000218841")]))
    found = await resolved(seoul, hub, order)
    assert isinstance(found, Ambiguous)
    assert {each.id for each in found.candidates} == {"218840", "218841"}
    kis.says(Operation.KR_ORDERS, good(output1=[]))
    assert await seoul.find(order) == Ambiguous(())


async def test_a_number_that_another_order_has_is_not_believed(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    """Whichever of the two was told wrong, each is found as what it is."""
    first = await misnamed(seoul, hub, kis)
    kis.says(Operation.KR_BUY, sent(TOLD))
    more = replace(BUY, client_id=ChildId("c2"), quantity=Decimal(7))
    outcome, second = await place(seoul, hub, more)
    assert isinstance(outcome, OutcomeUnknown)
    seven = resting(TOLD, ord_qty="7", rmn_qty="7")
    kis.says(Operation.KR_ORDERS, good(output1=[resting(TRUE), seven]))
    found = [await resolved(seoul, hub, order) for order in (first, second)]
    assert [each.order.id for each in found if isinstance(each, Found)] == ["218840", "218977"]


async def test_no_cancel_goes_to_the_order_that_really_has_the_number(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await misnamed(seoul, hub, kis)
    theirs = resting(TOLD, pdno="122630", ord_qty="9", rmn_qty="9")
    kis.says(Operation.KR_ORDERS, good(output1=[theirs]))
    await hub.clock.sleep(60)
    assert await seoul.cancel((order,)) == (NotOpen(),)
    assert kis.asked(Operation.KR_CHANGE) == []
