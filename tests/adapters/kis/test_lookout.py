"""Orders whose answer was lost are found by what they look like, or shown to be absent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Absent,
    Accepted,
    Ambiguous,
    Found,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    Undecided,
)
from adapters.kis.broker import KisBroker
from adapters.kis.hosts import Profile
from adapters.kis.lookout import SHOWN_S
from adapters.kis.operations import Operation
from algorithms.domain import OrderType
from tests.adapters.kis.conftest import KEYS, NEVER_OPEN, settings
from tests.adapters.kis.lines import kr_line, resting, spelt, us_line
from tests.adapters.kis.test_broker import HANGS, SOXL, TODAY, lost, place
from tests.support.scripted_kis import Says, bad, good, sent

if TYPE_CHECKING:
    from adapters.broker import SentOrder
    from adapters.kis.hub import Hub
    from tests.support.scripted_kis import ScriptedKis


async def resolved(broker: KisBroker, hub: Hub, order: SentOrder) -> object:
    while isinstance(found := await broker.find(order), Undecided):
        await hub.clock.sleep(1)
    return found


@pytest.mark.parametrize(
    "says",
    [
        HANGS,
        Says({}, cut=True),
        bad("EGW00302", status=500),
        Says(raw=b"<html>", status=502),
        good(output={"ODNO": ""}),
    ],
)
async def test_an_order_whose_answer_was_lost_is_found_and_never_sent_again(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis, says: Says
) -> None:
    order = await lost(seoul, hub, kis, says)
    kis.says(Operation.KR_ORDERS, good(output1=[resting()]))
    found = await resolved(seoul, hub, order)
    assert isinstance(found, Found)
    assert spelt(found.order.id, found.order.client_id) == "218840 c1"
    assert len(kis.asked(Operation.KR_BUY)) == 1


async def test_a_lost_order_is_absent_only_when_no_list_can_be_late(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await lost(seoul, hub, kis, Says({}, cut=True))
    assert isinstance(await resolved(seoul, hub, order), Absent)
    assert hub.clock.now() - order.sent_at >= seoul.capabilities.settle_time


async def test_a_twin_that_was_there_before_is_not_it(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_ORDERS, good(output1=[resting("0000000007")]))
    order = await lost(seoul, hub, kis, Says({}, cut=True))
    assert isinstance(await resolved(seoul, hub, order), Absent)


async def test_two_that_could_be_it_are_a_persons_to_tell_apart(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await lost(seoul, hub, kis, HANGS)
    kis.says(Operation.KR_ORDERS, good(output1=[resting(), resting("0000218841")]))
    found = await seoul.find(order)
    assert isinstance(found, Ambiguous)
    assert {each.id for each in found.candidates} == {"218840", "218841"}


async def test_another_process_finds_what_this_one_lost(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    order = await lost(seoul, hub, kis, Says({}, cut=True))
    await seoul.close()
    access = hub.access(Profile.REAL, kis.hosts, KEYS)
    reborn = KisBroker(settings(kis, Profile.REAL), access, NEVER_OPEN)
    await reborn.open()
    kis.says(Operation.KR_ORDERS, good(output1=[kr_line()]))
    found = await reborn.find(order)
    assert isinstance(found, Found)
    assert [spelt(fill.quantity, fill.price) for fill in found.fills] == ["2 41245"]
    await reborn.close()


async def test_an_order_turned_away_for_haste_is_sent_again_once_when_no_list_can_hide_it(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUY, bad("EGW00201", status=500))
    outcome, _ = await place(seoul, hub)
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.RATE_LIMITED
    (turned_away,) = kis.asked(Operation.KR_BUY)
    _, first, *_, last = kis.asked(Operation.KR_ORDERS)
    assert first.at - turned_away.at >= 1
    assert last.at - turned_away.at >= SHOWN_S["XKRX", Profile.REAL]
    again, _ = await place(seoul, hub)
    assert isinstance(again, OutcomeUnknown)


async def test_an_order_of_which_nothing_can_be_noted_is_not_sent_by_what_was_noted_before(
    new_york: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    """Turned away for haste once; when it may go again, nobody tells the price it depends on."""
    request = replace(SOXL, order_type=OrderType.MARKET, limit_price=None)
    kis.says(Operation.US_BUY, bad("EGW00201", status=500))
    outcome, _ = await place(new_york, hub, request)
    assert isinstance(outcome, Refused)
    await hub.clock.sleep(60)
    kis.says(Operation.US_PRICE, bad("EGW00001", status=500))
    assert await new_york.fingerprint(request) is None
    kis.says(Operation.US_PRICE, good(output={"last": "27.45"}))
    again = await new_york.place(request)
    assert isinstance(again, Refused)
    assert again.code is RefusalCode.UNAVAILABLE
    assert len(kis.asked(Operation.US_BUY)) == 1


@pytest.mark.parametrize("hidden", [1, 4])
async def test_an_order_turned_away_that_is_there_all_the_same_is_ours(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis, hidden: int
) -> None:
    kis.says(Operation.KR_BUY, bad("EGW00201", status=500))
    kis.says(Operation.KR_ORDERS, *[good(output1=[])] * hidden, good(output1=[resting()]))
    outcome, _ = await place(seoul, hub)
    assert isinstance(outcome, Accepted)
    assert outcome.order.id == "218840"


async def test_an_order_turned_away_is_unknown_while_no_list_can_be_had(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUY, bad("EGW00201", status=500))
    kis.says(Operation.KR_ORDERS, good(output1=[]), bad("EGW00316", status=500))
    outcome, _ = await place(seoul, hub)
    assert isinstance(outcome, OutcomeUnknown)


async def test_an_order_kis_took_and_does_not_show_is_not_gone(
    seoul: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUY, sent("0000218840"))
    _, order = await place(seoul, hub)
    assert isinstance(await seoul.find(order), Undecided)
    await hub.clock.sleep(300)
    assert await seoul.find(order) == Ambiguous(())


async def test_a_market_order_in_new_york_is_found_by_the_limit_it_was_sent_with(
    new_york: KisBroker, hub: Hub, kis: ScriptedKis
) -> None:
    request = replace(SOXL, order_type=OrderType.MARKET, limit_price=None)
    kis.says(Operation.US_BUY, Says({}, cut=True))
    outcome, order = await place(new_york, hub, request)
    assert isinstance(outcome, OutcomeUnknown)
    assert kis.asked(Operation.US_BUY)[0].params["OVRS_ORD_UNPR"] == "28"
    line = us_line(ft_ord_unpr3="28.00000000", ord_dt="20261119", ord_tmd="101501")
    kis.says(Operation.US_ORDERS, good(output=[line]))
    found = await new_york.find(order)
    assert isinstance(found, Found)
    assert (found.order.order_type, found.order.limit_price) == (OrderType.MARKET, None)
    assert found.order.market_day == TODAY - timedelta(days=1)


async def test_on_paper_new_york_has_a_minute_to_show_an_order(
    new_york_on_paper: KisBroker,
) -> None:
    assert new_york_on_paper.capabilities.settle_time > timedelta(seconds=60)
    assert new_york_on_paper.capabilities.max_in_flight == 2
