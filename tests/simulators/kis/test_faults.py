"""What can happen to a call, and what the broker's books say afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.simulators.kis import Fault, Met

if TYPE_CHECKING:
    from tests.simulators.kis.client import Client


async def placed(client: Client) -> int:
    """Count the orders at the broker."""
    client.simulator.account("alice")
    return len(client.simulator.host.engine.orders[client.number])


def meet(client: Client, fault: Fault, delay_s: float = 0.0, code: str = "") -> None:
    client.simulator.faults.script("domestic.buy", fault, delay_s=delay_s, code=code)


@pytest.mark.parametrize(("fault", "there"), [(Fault.DROP_BEFORE, 0), (Fault.DROP_AFTER, 1)])
async def test_a_connection_breaks_before_or_after_the_order(
    either: Client, fault: Fault, there: int
) -> None:
    meet(either, fault)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await either.order()
    assert await placed(either) == there
    assert (await either.order()).ok, "one call only"


@pytest.mark.parametrize(("fault", "there"), [(Fault.SILENCE_BEFORE, 0), (Fault.SILENCE_AFTER, 1)])
async def test_no_answer_comes_at_all(real: Client, fault: Fault, there: int) -> None:
    meet(real, fault)
    real.session._timeout = aiohttp.ClientTimeout(total=30)  # noqa: SLF001 - of this story alone
    with pytest.raises(TimeoutError):
        await real.order()
    assert await placed(real) == there


async def test_an_order_is_taken_after_its_caller_has_gone(real: Client) -> None:
    meet(real, Fault.LATE, delay_s=7)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await real.order()
    await real.clock.sleep(6)
    assert await placed(real) == 0
    await real.clock.sleep(1.1)
    assert await placed(real) == 1


@pytest.mark.parametrize(
    ("fault", "code", "there"),
    [
        (Fault.GATEWAY_BEFORE, "EGW00201", 0),
        (Fault.GATEWAY_BEFORE, "EGW00202", 0),
        (Fault.GATEWAY_BEFORE, "EGW00215", 0),
        (Fault.GATEWAY_BEFORE, "EGW00123", 0),
        (Fault.GATEWAY_AFTER, "EGW00302", 1),
        (Fault.GATEWAY_AFTER, "EGW00301", 1),
        (Fault.GATEWAY_AFTER, "EGW00300", 1),
        (Fault.GATEWAY_AFTER, "EGW00215", 1),
    ],
)
async def test_the_gateway_fails_before_or_after_the_order(
    either: Client, fault: Fault, code: str, there: int
) -> None:
    meet(either, fault, code=code)
    failed = await either.order()
    assert (failed.status, failed.code, failed.body["message"]) == (500, code, code)
    assert await placed(either) == there


@pytest.mark.parametrize(
    ("fault", "code"), [(Fault.GATEWAY_BEFORE, "EGW00201"), (Fault.GATEWAY_AFTER, "EGW00302")]
)
async def test_a_gateway_fault_has_its_usual_code(real: Client, fault: Fault, code: str) -> None:
    meet(real, fault)
    assert (await real.order()).code == code


@pytest.mark.parametrize(
    ("fault", "there"), [(Fault.NO_NUMBER_BEFORE, 0), (Fault.NO_NUMBER_AFTER, 1)]
)
async def test_a_success_without_a_number_proves_nothing(
    either: Client, fault: Fault, there: int
) -> None:
    meet(either, fault)
    reply = await either.order()
    assert reply.ok
    assert reply.code == "IGW00009"
    assert "output" not in reply.body
    assert await placed(either) == there


@pytest.mark.parametrize(
    ("fault", "status", "there"),
    [
        (Fault.HTML_BEFORE, 502, 0),
        (Fault.HTML_AFTER, 502, 1),
        (Fault.EMPTY_BEFORE, 200, 0),
        (Fault.EMPTY_AFTER, 200, 1),
    ],
)
async def test_an_answer_may_be_no_json(
    real: Client, fault: Fault, status: int, there: int
) -> None:
    meet(real, fault)
    reply = await real.order()
    assert reply.status == status
    assert isinstance(reply.body, bytes)
    assert await placed(real) == there


async def test_half_an_answer_may_come(real: Client) -> None:
    meet(real, Fault.TRUNCATE_AFTER)
    with pytest.raises(aiohttp.ClientPayloadError):
        await real.order()
    assert await placed(real) == 1


@pytest.mark.parametrize(("fault", "meanwhile"), [(Fault.DELAY, 1), (Fault.SLOW, 0)])
async def test_an_answer_may_take_its_time(real: Client, fault: Fault, meanwhile: int) -> None:
    meet(real, fault, delay_s=8)
    began, seen = real.clock.monotonic(), []
    real.simulator.host.agenda.at(
        real.clock.now().replace(second=5),
        lambda: seen.append(len(real.simulator.host.engine.orders[real.number])),
    )
    assert (await real.order()).ok
    assert real.clock.monotonic() - began >= 8
    assert seen == [meanwhile]


async def test_the_exchange_may_reject_what_the_broker_took(either: Client) -> None:
    meet(either, Fault.REJECT_LATE)
    number = await either.bought(ORD_UNPR="41500")
    row = await either.row(number)
    assert (row["tot_ccld_qty"], row["rmn_qty"] == row["rjct_qty"]) == ("0", False)
    await either.clock.sleep(1)
    row = await either.row(number)
    assert (row["rjct_qty"], row["rmn_qty"], row["tot_ccld_qty"]) == ("3", "0", "0")
    assert not (await either.cancel(number)).ok


async def test_a_list_may_be_empty_or_ask_to_begin_again(real: Client) -> None:
    await real.bought()
    real.simulator.faults.script("domestic.daily", Fault.NOTHING)
    real.simulator.faults.script("domestic.daily", Fault.DATA_CHANGED)
    nothing = await real.daily()
    assert (nothing.ok, nothing.body["output1"]) == (True, [])
    assert (await real.daily()).code == "SYDB0050"
    assert len((await real.daily()).body["output1"]) == 1


async def test_the_holiday_list_was_empty_once(real: Client) -> None:
    real.simulator.faults.script("domestic.holidays", Fault.NOTHING)
    asked = {"BASS_DT": "20261120", "CTX_AREA_NK": "", "CTX_AREA_FK": ""}
    assert (await real.get("holidays", asked)).body["output"] == []


async def test_a_price_may_be_blank(real: Client) -> None:
    real.simulator.faults.script("us.price", Fault.NOTHING)
    asked = {"AUTH": "", "EXCD": "AMS", "SYMB": "SOXL"}
    blank = await real.get("us_price", asked)
    assert blank.ok
    assert set(blank.body["output"].values()) == {""}


async def test_tokens_and_approval_keys_fail_too(real: Client) -> None:
    real.simulator.faults.script("token", Fault.HTML_BEFORE)
    real.simulator.faults.script("approval", Fault.GATEWAY_BEFORE, code="EGW00002")
    assert (await real.token()).status == 502
    assert (await real.approval()).code == "EGW00002"


async def test_faults_come_by_chance_and_by_the_seed(real: Client) -> None:
    faults = real.simulator.faults
    faults.odds("domestic.*", 50, Met(Fault.GATEWAY_BEFORE), Met(Fault.HTML_BEFORE))
    codes = [(await real.order()).status for _ in range(40)]
    assert {200, 500, 502} == set(codes)
    assert len(faults.met) == 40 - codes.count(200)
    faults.clear()
    assert (await real.order()).ok


async def test_a_fault_that_is_not_for_this_call_waits(real: Client) -> None:
    real.simulator.faults.script("us.*", Fault.DROP_BEFORE)
    real.simulator.faults.script("domestic.sell", Fault.DROP_BEFORE)
    assert (await real.order()).ok
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await real.order("sell")


async def test_the_host_may_be_down_and_slow(paper: Client) -> None:
    switches = paper.simulator.switches
    switches.down = True
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await paper.balance()
    with pytest.raises(aiohttp.ClientError):
        await paper.session.ws_connect(f"{paper.urls.ws}/tryitout")
    switches.down, switches.latency_s = False, 7.0
    began = paper.clock.monotonic()
    assert (await paper.balance()).ok
    assert paper.clock.monotonic() - began >= 7


async def test_a_paper_account_can_begin_anew(paper: Client) -> None:
    number = await paper.bought(ORD_UNPR="41500")
    paper.simulator.reset("alice")
    assert (await paper.daily()).body["output1"] == []
    totals = (await paper.balance()).body["output2"][0]
    assert totals["prvs_rcdl_excc_amt"] == "100000000"
    assert (await paper.cancel(number)).code == "40330000"
