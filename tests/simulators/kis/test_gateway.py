"""Tokens, headers, limits and the shapes of refusals, on both hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.simulators.kis.client import CONTEXT, PATHS, REAL_IDS

if TYPE_CHECKING:
    from tests.simulators.kis.client import Client, Reply

PRICE = PATHS["price"]
SAMSUNG = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}


async def with_headers(client: Client, **changed: str) -> Reply:
    """Ask for a price with other headers; an empty one is left out."""
    await client.clock.sleep(client.pause_s)
    headers = {**client.headers("FHKST01010100"), **changed}
    kept = {name: value for name, value in headers.items() if value}
    return await client.raw("GET", PRICE, headers=kept, params=SAMSUNG)


async def test_a_token_lives_a_day_and_says_so_in_korean_time(either: Client) -> None:
    await either.clock.sleep(61)
    issued = (await either.token()).body
    assert issued["token_type"] == "Bearer"
    assert isinstance(issued["expires_in"], int)
    assert issued["expires_in"] == 86_400 - 61
    assert issued["access_token_token_expired"] == "2026-11-21 10:15:00"
    assert len(issued["access_token"]) <= 350


async def test_a_second_token_within_the_minute_is_refused_in_the_oauth_shape(
    either: Client,
) -> None:
    refused = await either.token()
    assert refused.status == 403
    assert set(refused.body) == {"error_code", "error_description"}
    assert refused.body["error_code"] == "EGW00133"
    assert refused.body["error_description"].endswith("(1분당 1회)")


async def test_within_six_hours_the_same_token_comes_back_and_then_a_new_one(real: Client) -> None:
    first = real.authorization
    await real.clock.sleep(6 * 3600 - 1)
    assert f"Bearer {(await real.token()).body['access_token']}" == first
    await real.clock.sleep(61)
    assert f"Bearer {(await real.token()).body['access_token']}" != first
    assert (await with_headers(real)).ok, "the old one lives to its own end"


async def test_a_new_token_may_end_the_old_one(real: Client) -> None:
    real.simulator.switches.new_token_kills_old = True
    await real.clock.sleep(6 * 3600)
    await real.token()
    assert (await with_headers(real)).code == "EGW00121"


async def test_attempts_may_prolong_the_refusal(real: Client) -> None:
    real.simulator.switches.token_refusal_grows = True
    for _ in range(3):
        await real.clock.sleep(40)
        assert (await real.token()).code == "EGW00133"
    await real.clock.sleep(60)
    assert (await real.token()).status == 200


@pytest.mark.parametrize("status", [500, 401, 200])
async def test_a_day_later_the_token_has_expired(real: Client, status: int) -> None:
    real.simulator.switches.set("expired_token_status", status)
    await real.clock.sleep(timedelta(days=1).total_seconds())
    expired = await with_headers(real)
    assert (expired.status, expired.code) == (status, "EGW00123")
    await real.log_in()
    assert (await with_headers(real)).ok


async def test_a_revoked_token_is_invalid(real: Client) -> None:
    token = real.authorization.removeprefix("Bearer ")
    body = {"appkey": real.app_key, "appsecret": real.app_secret, "token": token}
    revoked = await real.raw("POST", "/oauth2/revokeP", body=body)
    assert revoked.body["code"] == 200
    assert (await with_headers(real)).code == "EGW00121"
    other = await real.raw("POST", "/oauth2/revokeP", body={**body, "token": "none"})
    assert other.code == "EGW00121"
    await real.clock.sleep(61)
    assert f"Bearer {(await real.token()).body['access_token']}" != real.authorization


async def test_a_revoked_token_may_come_back(real: Client) -> None:
    real.simulator.switches.revoked_token_comes_back = True
    real.simulator.host.tokens.revoke(
        {
            "appkey": real.app_key,
            "appsecret": real.app_secret,
            "token": real.authorization.removeprefix("Bearer "),
        }
    )
    await real.clock.sleep(61)
    assert f"Bearer {(await real.token()).body['access_token']}" == real.authorization


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"appkey": "wrong"}, "EGW00103"),
        ({"appkey": ""}, "EGW00102"),
        ({"appsecret": "wrong"}, "EGW00105"),
        ({"appsecret": ""}, "EGW00104"),
        ({"grant_type": ""}, "EGW00115"),
        ({"grant_type": "password"}, "EGW00116"),
    ],
)
async def test_a_bad_token_request_is_refused(
    real: Client, changed: dict[str, str], code: str
) -> None:
    refused = await real.token(**changed)
    assert (refused.status, refused.body["error_code"]) == (403, code)


async def test_what_is_no_json_is_refused(real: Client) -> None:
    async with real.session.post(f"{real.urls.rest}/oauth2/tokenP", data="grant=1") as answer:
        assert (await answer.json())["msg_cd"] == "EGW00132"
    async with real.session.post(f"{real.urls.rest}/oauth2/tokenP", data="[]") as answer:
        assert (await answer.json())["msg_cd"] == "EGW00132"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"authorization": ""}, 500, "EGW00122"),
        ({"authorization": "Basic x"}, 500, "EGW00205"),
        ({"authorization": "Bearer none"}, 500, "EGW00121"),
        ({"appkey": ""}, 403, "EGW00102"),
        ({"appsecret": ""}, 403, "EGW00104"),
        ({"appkey": "wrong"}, 403, "EGW00103"),
        ({"appsecret": "wrong"}, 500, "EGW00304"),
        ({"custtype": ""}, 500, "EGW00208"),
        ({"content-type": "text/plain"}, 500, "EGW00132"),
    ],
)
async def test_a_call_without_a_right_header_is_refused(
    either: Client, changed: dict[str, str], status: int, code: str
) -> None:
    refused = await with_headers(either, **changed)
    assert (refused.status, refused.code) == (status, code)
    assert refused.body == {"rt_cd": "1", "msg1": refused.body["msg1"], "msg_cd": code,
                            "message": code}  # fmt: skip


async def test_companies_cannot_use_the_paper_host(paper: Client, real: Client) -> None:
    assert (await with_headers(paper, custtype="B")).code == "EGW00210"
    assert (await with_headers(real, custtype="B")).ok


async def test_a_reply_repeats_the_id_and_pads_its_text(real: Client) -> None:
    reply = await with_headers(real)
    assert reply.headers["tr_id"] == "FHKST01010100"
    assert len(reply.headers["gt_uid"]) == 32
    assert "tr_cont" not in reply.headers
    assert len(reply.body["msg1"]) == 80
    assert reply.body["msg1"].strip() == "정상처리"


async def test_eighteen_calls_a_second_pass_at_the_real_host(real: Client) -> None:
    real.pause_s = 0
    await real.clock.sleep(5)
    replies = [await with_headers(real) for _ in range(20)]
    assert [each.ok for each in replies] == [True] * 18 + [False] * 2
    asked = [each.operation for each in real.simulator.host.log]
    assert asked == ["domestic.price"] * 20
    throttled = replies[-1]
    assert (throttled.status, throttled.code) == (500, "EGW00201")
    assert throttled.body["message"] == "EGW00201"
    await real.clock.sleep(1)
    assert (await with_headers(real)).ok


async def test_one_call_a_second_passes_at_the_paper_host(paper: Client) -> None:
    assert [(await with_headers(paper)).ok for _ in range(3)] == [True] * 3
    paper.pause_s = 0.6
    assert (await with_headers(paper)).code == "EGW00201"


@pytest.mark.parametrize(
    ("window", "passed"), [("sliding", [5, 1]), ("fixed", [5, 5]), ("bucket", [5, 2])]
)
async def test_the_window_of_the_limit_is_a_switch(
    real: Client, window: str, passed: list[int]
) -> None:
    real.simulator.switches.set("rate_window", window)
    real.simulator.switches.rate_limit = 5
    real.pause_s = 0
    await real.clock.sleep(10 - real.clock.now().microsecond / 1e6 + 0.8)
    first = [(await with_headers(real)).ok for _ in range(6)]
    await real.clock.sleep(0.5)
    second = [(await with_headers(real)).ok for _ in range(6)]
    if window == "sliding":
        await real.clock.sleep(0.5)
        second = [(await with_headers(real)).ok for _ in range(1)]
    assert [sum(first), sum(second)] == passed


async def test_orders_may_have_a_spacing_of_their_own(real: Client) -> None:
    real.simulator.switches.order_spacing_s = 1.5
    assert (await real.order()).ok
    assert (await real.order()).code == "EGW00201"
    assert (await with_headers(real)).ok
    await real.clock.sleep(1.5)
    assert (await real.order()).ok


async def test_a_compliant_client_may_be_throttled_now_and_then(real: Client) -> None:
    real.simulator.switches.stray_throttle_percent = 100
    assert (await with_headers(real)).code == "EGW00201"


async def test_the_ledger_has_a_limit_for_everybody_together(real: Client) -> None:
    real.simulator.switches.ledger_limit = 2
    real.pause_s = 0
    replies = [await real.balance() for _ in range(3)]
    assert [each.code for each in replies][2] == "EGW00215"
    assert replies[2].status == 500


async def test_each_host_knows_its_own_ids_only(real: Client, paper: Client) -> None:
    real.ids, paper.ids = paper.ids, REAL_IDS
    assert (await real.balance()).code == "EGW02004"
    crossed = await paper.balance()
    assert (crossed.status, crossed.code) == (500, "EGW02004")


async def test_a_key_of_the_other_host_is_recognised(real: Client, paper: Client) -> None:
    foreign = {"appkey": paper.app_key, "appsecret": paper.app_secret}
    assert (await with_headers(real, **foreign)).code == "EGW02004"
    assert (await real.token(**foreign)).code == "EGW02004"


@pytest.mark.parametrize("name", ["cancellable", "sellable"])
async def test_paper_says_what_it_does_not_offer(paper: Client, name: str) -> None:
    refused = await paper.get(name, {**paper.who(), "PDNO": "069500", **CONTEXT})
    assert (refused.status, refused.body["rt_cd"], refused.code) == (200, "1", "90000000")


async def test_paper_has_no_holiday_calendar(paper: Client) -> None:
    refused = await paper.get("holidays", {"BASS_DT": "20261120"})
    assert refused.code == "EGW02004"


async def test_an_id_on_another_path_and_a_path_of_nothing_are_unknown(real: Client) -> None:
    crossed = await real.raw("GET", PRICE, headers=real.headers("TTTC8434R"), params=SAMSUNG)
    assert (crossed.status, crossed.code) == (200, "OPSQ0002")
    nowhere = await real.raw("GET", "/uapi/nothing", headers=real.headers("TTTC8434R"))
    assert nowhere.code == "OPSQ0002"


async def test_another_account_is_refused_before_anything_else(either: Client) -> None:
    refused = await either.order(CANO="50999999")
    assert (refused.status, refused.body["rt_cd"], refused.code) == (200, "2", "OPSQ2000")


async def test_lower_case_keys_in_a_body_are_not_seen(real: Client) -> None:
    body = {name.lower(): value for name, value in real.who().items()}
    refused = await real.post("buy", body)
    assert (refused.body["rt_cd"], refused.code) == ("2", "OPSQ2001")
    assert "[CANO]" in refused.body["msg1"]


async def test_numbers_in_a_body_are_not_taken(real: Client) -> None:
    body: dict[str, object] = {**real.who(), "ORD_QTY": 3}
    headers = real.headers(REAL_IDS["buy"])
    refused = await real.raw("POST", PATHS["buy"], headers=headers, body=body)
    assert refused.code == "OPSQ2002"


async def test_a_parameter_left_out_is_named(real: Client) -> None:
    refused = await real.get("balance", real.who())
    assert refused.code == "OPSQ2001"
    assert "[AFHR_FLPR_YN]" in refused.body["msg1"]


async def test_a_hash_is_checked_where_it_is_given(real: Client) -> None:
    body = {**real.who(), "PDNO": "069500"}
    keys = {"appkey": real.app_key, "appsecret": real.app_secret}
    made = await real.raw("POST", "/uapi/hashkey", headers=keys, body=body)
    assert made.body["BODY"] == body
    assert len(made.body["HASH"]) == 64
    real.extra["hashkey"] = made.body["HASH"]
    assert (await real.post("buy", body)).code == "OPSQ2001", "the hash was right"
    assert (await real.post("buy", {**body, "PDNO": "005930"})).code == "EGW00131"


async def test_an_approval_key_is_a_uuid_once_a_second(real: Client) -> None:
    approved = await real.approval()
    assert len(approved.body["approval_key"]) == 36
    assert (await real.approval()).code == "EGW00201"
    await real.clock.sleep(1)
    assert (await real.approval(secretkey="wrong")).body["error_code"] == "EGW00105"
    await real.clock.sleep(1)
    assert (await real.approval(secretkey="", appsecret="x")).body["error_code"] == "EGW00104"


async def test_a_switch_is_checked_when_it_is_turned(real: Client) -> None:
    with pytest.raises(ValueError, match="no switch 'colour'"):
        real.simulator.switches.set("colour", 1)
    with pytest.raises(ValueError, match="rate_limit is int, not 'fast'"):
        real.simulator.switches.set("rate_limit", "fast")
    real.simulator.switches.set("cancel_delay_s", 1)
    assert real.simulator.switches.cancel_delay_s == 1.0
