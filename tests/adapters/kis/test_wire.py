"""One request at a time, against an address that misbehaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.http import ANSWER_S, CONNECT_S, Hosts, Lost, NotSent
from adapters.kis.answers import Reply
from adapters.kis.hosts import Profile
from adapters.kis.operations import Operation
from adapters.kis.pace import Rank
from adapters.kis.tokens import AGAIN_S
from adapters.kis.wire import Call
from tests.adapters.kis.conftest import KEYS
from tests.support.scripted_kis import TOKEN, TOKEN_BODY, Says, bad, good, sent

if TYPE_CHECKING:
    from adapters.kis.hub import Access, Hub
    from tests.support.scripted_kis import ScriptedKis

ASK = Call(operation=Operation.KR_BALANCE, params=(("CANO", "50123456"), ("OFL_YN", "")))
ORDER = Call(
    operation=Operation.US_SELL, params=(("CANO", "50123456"), ("PDNO", "SOXL")), rank=Rank.ORDER
)


async def test_a_question_carries_every_header_and_blank_field(
    real: Access, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BALANCE, good(output1=[]))
    assert isinstance(await real.send(ASK), Reply)
    (seen,) = kis.asked(Operation.KR_BALANCE)
    assert seen.params == {"CANO": "50123456", "OFL_YN": ""}
    assert seen.tr_id == "TTTC8434R"
    wanted = {
        "authorization": f"Bearer {TOKEN}",
        "appkey": "app-key",
        "appsecret": "app-secret",
        "custtype": "P",
        "tr_cont": "",
        "content-type": "application/json; charset=utf-8",
    }
    assert {name: seen.headers[name] for name in wanted} == wanted


async def test_a_further_page_is_asked_for_by_header(real: Access, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BALANCE, Says({"rt_cd": "0"}, tr_cont="M"))
    seen = await real.send(Call(operation=ASK.operation, params=ASK.params, continued=True))
    assert isinstance(seen, Reply)
    assert seen.has_more
    assert kis.seen[-1].headers["tr_cont"] == "N"


async def test_the_paper_environment_has_ids_of_its_own(paper: Access, kis: ScriptedKis) -> None:
    kis.says(Operation.US_SELL, sent("0000037508"))
    await paper.send(ORDER)
    assert kis.seen[-1].tr_id == "VTTT1001U"
    seen = await paper.send(Call(operation=Operation.KR_HOLIDAYS, params=()))
    assert isinstance(seen, NotSent)
    assert seen.person


async def test_an_expired_token_is_replaced_and_the_order_sent_once_more(
    real: Access, kis: ScriptedKis, hub: Hub
) -> None:
    kis.says(Operation.US_SELL, bad("EGW00123", status=500), sent("0000037508"))
    kis.says(Operation.KR_BALANCE, good(output1=[]))
    await real.send(ASK)
    await hub.clock.sleep(AGAIN_S)
    kis.says("/oauth2/tokenP", Says({**TOKEN_BODY, "access_token": "another"}))
    seen = await real.send(ORDER)
    assert isinstance(seen, Reply)
    assert seen.is_good
    tokens = [one.headers["authorization"] for one in kis.asked(Operation.US_SELL)]
    assert tokens == [f"Bearer {TOKEN}", "Bearer another"]


async def test_a_token_refused_again_ends_the_attempt(real: Access, kis: ScriptedKis) -> None:
    kis.says(Operation.US_SELL, bad("EGW00121", status=500))
    seen = await real.send(ORDER)
    assert isinstance(seen, NotSent)
    assert len(kis.asked(Operation.US_SELL)) == 1
    assert len(kis.asked("/oauth2/tokenP")) == 1


async def test_silence_is_a_lost_answer_within_its_time(
    real: Access, kis: ScriptedKis, hub: Hub
) -> None:
    kis.says(Operation.US_SELL, Says({}, delay_s=3600))
    before = hub.clock.monotonic()
    assert isinstance(await real.send(ORDER), Lost)
    assert hub.clock.monotonic() - before <= CONNECT_S + ANSWER_S + 0.2


@pytest.mark.parametrize("call", [ASK, ORDER])
async def test_a_broken_request_is_not_sent_again_by_itself(
    real: Access, kis: ScriptedKis, call: Call
) -> None:
    kis.says(call.operation, Says({}, cut=True))
    assert isinstance(await real.send(call), Lost)
    assert len(kis.asked(call.operation)) == 1


async def test_a_host_that_is_not_there_has_seen_nothing(hub: Hub, kis: ScriptedKis) -> None:
    nowhere = hub.access(Profile.REAL, Hosts("http://127.0.0.1:9", ""), KEYS)
    assert isinstance(await nowhere.send(ORDER), NotSent)
    assert kis.seen == []


async def test_after_too_many_requests_all_are_silent_for_a_second(
    real: Access, kis: ScriptedKis
) -> None:
    throttled = Says(
        {"rt_cd": "1", "msg1": "초당 거래건수 초과", "msg_cd": "EGW00201", "message": "EGW00201"},
        500,
    )
    kis.says(Operation.KR_BALANCE, throttled, good(output1=[]))
    await real.send(ASK)
    await real.send(ASK)
    first, second = kis.asked(Operation.KR_BALANCE)
    assert second.at - first.at >= 1.09


async def test_a_code_nobody_knows_is_reported_once(
    real: Access, kis: ScriptedKis, caplog: pytest.LogCaptureFixture
) -> None:
    kis.says(Operation.KR_BALANCE, bad("APBK7777", "새 코드"))
    for _ in range(3):
        await real.send(ASK)
    assert [each.getMessage() for each in caplog.records if "APBK7777" in each.getMessage()] == [
        "KIS: an unfamiliar code, APBK7777 (새 코드)"
    ]
