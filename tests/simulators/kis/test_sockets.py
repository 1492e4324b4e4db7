"""Registrations, execution notices, heartbeats, and how connections fail."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from aiohttp import WSMsgType

from tests.simulators.kis import Fault, Profile
from tests.simulators.kis.cipher import Secret
from tests.simulators.kis.client import FRIDAY_NIGHT, American, client_of, trading
from tests.simulators.kis.hours import Country
from tests.simulators.kis.listener import PATIENCE_S, decrypt, listening
from tests.simulators.kis.listings import Listing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.simulators.kis.client import Client
from tests.simulators.kis.listener import Listener

KEY, IV = "q7w2e9r4t1y8u3i6o5p0a2s7d4f9g1h6", "z8x3c5v1b7n2m4k9"
ACCEPTED = (
    "htsuser1^5012345601^0000004711^^02^0^00^0^069500^0000000003^000041250^101502^0^1^1^00950"
    "^000000003^홍길동^1Y^10^^KODEX 200^"
)
ACCEPTED_ENCRYPTED = (
    "4rhKxgcUwL7b0wz8kh21x8fOs6toVp/DNJNTfNz9brTY3hjjg1LsqzU4TWfHp1tsoVI7ZcwoVFrhFpi+ID4Rytvy"
    "vzXe20USqU5qHwLPCpr3aNQIrhcWeSDbYpiyfOgn3zibRCRfMfDp4xDXKZP3PubKf5F7P8pbCumq7TW/7Zk="
)
FILLED = (
    "htsuser1^5012345601^0000004711^^02^0^00^0^069500^0000000002^000041245^101503^0^2^2^00950"
    "^000000003^홍길동^1Y^10^^KODEX 200^000041250"
)
FILLED_ENCRYPTED = (
    "4rhKxgcUwL7b0wz8kh21x8fOs6toVp/DNJNTfNz9brTY3hjjg1LsqzU4TWfHp1ts1WrblRsX5kruFeKHwWa8Azw90"
    "Pa1guq0bRL3WZ2n3xCvNfSBZWfeCrK24tEnYcHVqPwHOmTNmBY8422Mw7dwBizVrn8vxfG0NYZ15u+jUKxbuECv2i"
    "0Q81EBEKxzMzem"
)
AMERICAN_FILLED = (
    "htsuser1^5012345601^0000031207^^02^0^2^SOXL^0000000005^000274500^223107^0^2^2^00950"
    "^000000005^홍길동^DIREXION 3X^8^10^^^^^000000274500"
)
AMERICAN_ENCRYPTED = (
    "4rhKxgcUwL7b0wz8kh21xwNtkU4pfvdUj29tyiCvvJhKbi6mPDKQmfDULvcB/R+QakPM+hWZD0qmQSJdPW0VYgB15"
    "GjvnyPp85qMIR91f0GjLDTMBvFPKgomezetnRUfCU9Ex68sQm/TuR5a9gxX6IoI5AZ65K3vg6tmhgdcjvIbVHxzQI"
    "5w2WrhO8AtyjjG"
)


@pytest.fixture
async def ear(paper: Client) -> AsyncIterator[Listener]:
    """A paper account that hears of its Korean orders."""
    async with listening(paper) as listener:
        await listener.ask("H0STCNI9", "htsuser1")
        yield listener


@pytest.mark.parametrize(
    ("plain", "encrypted"),
    [
        (ACCEPTED, ACCEPTED_ENCRYPTED),
        (FILLED, FILLED_ENCRYPTED),
        (AMERICAN_FILLED, AMERICAN_ENCRYPTED),
    ],
)
def test_the_cipher_is_that_of_the_published_vectors(plain: str, encrypted: str) -> None:
    assert Secret(KEY, IV).encrypt(plain) == encrypted
    assert decrypt(encrypted, KEY, IV) == plain


@pytest.mark.parametrize("path", ["/", "/tryitout", "/tryitout/H0STCNI9"])
async def test_an_acknowledgement_brings_a_key_for_its_tr(paper: Client, path: str) -> None:
    async with listening(paper, path) as listener:
        ack = await listener.ask("H0STCNI9", "htsuser1")
        assert ack["header"] == {"tr_id": "H0STCNI9", "tr_key": "htsuser1", "encrypt": "Y"}
        assert ack["body"]["msg1"] == "SUBSCRIBE SUCCESS"
        first = listener.keys["H0STCNI9"]
        assert [len(text) for text in first] == [32, 16]
        quotes = await listener.ask("H0STCNT0", "069500")
        assert quotes["header"]["encrypt"] == "N"
        assert listener.keys["H0STCNT0"] != first


async def test_an_order_is_told_and_then_its_fill(ear: Listener) -> None:
    number = await ear.client.bought()
    told = await ear.record()
    vector = ACCEPTED.split("^")
    vector[2], vector[11] = number, told[11]
    assert told == vector
    ear.client.simulator.set_price("069500", Decimal(41_250))
    told = await ear.record()
    vector = FILLED.split("^")
    vector[2], vector[11] = number, told[11]
    vector[9], vector[10] = "0000000003", "000041250"
    assert told == vector


async def test_an_american_fill_has_four_implied_decimals() -> None:
    async with trading(Profile.PAPER, at=FRIDAY_NIGHT) as client, listening(client) as ear:
        await ear.ask("H0GSCNI9", "htsuser1")
        number = await American(client).placed()
        told = await ear.record()
        assert (len(told), told[9], told[13], told[15]) == (25, "000274000", "1", "")
        client.simulator.set_price("SOXL", Decimal("27.40"))
        told = await ear.record()
        vector = AMERICAN_FILLED.split("^")
        vector[2], vector[10] = number, told[10]
        vector[9], vector[24] = "000274000", "000000274000"
        assert told == vector
        switches = client.simulator.switches
        switches.set("us_notice_fields", "24")
        switches.set("notice_numbers", "stripped")
        switches.us_notice_time = False
        number = await American(client).placed()
        told = await ear.record()
        assert (len(told), told[2], told[10]) == (24, str(int(number)), "")


@pytest.mark.parametrize(
    ("fields", "tail"),
    [
        ("23", ["1Y", "10", "", "KODEX 200", ""]),
        ("26", ["", "1", "Y", "", "10", "", "KODEX 200", ""]),
        ("22", ["1Y", "10", "", "KODEX 200"]),
    ],
)
async def test_a_domestic_notice_has_three_layouts(
    ear: Listener, fields: str, tail: list[str]
) -> None:
    ear.client.simulator.switches.set("notice_fields", fields)
    await ear.client.bought()
    told = await ear.record()
    assert len(told) == int(fields)
    assert told[18:] == tail
    assert told[17] == "홍길동"


async def test_a_notice_may_have_one_field_more(ear: Listener) -> None:
    ear.client.simulator.switches.extra_fields = True
    await ear.client.bought()
    assert len(await ear.record()) == 24


async def test_a_cancellation_names_its_original(ear: Listener) -> None:
    number = await ear.client.bought()
    await ear.record()
    child = (await ear.client.cancel(number)).body["output"]["ODNO"]
    asked, done = await ear.record(), await ear.record()
    for told, accepted in ((asked, "1"), (done, "2")):
        assert told[2:6] == [child, number, "02", "2"]
        assert told[12:15] == ["0", "1", accepted]


@pytest.mark.parametrize("code", ["1", "3"])
async def test_how_a_confirmation_is_spelled_is_a_switch(ear: Listener, code: str) -> None:
    ear.client.simulator.switches.set("confirmed_as", code)
    ear.client.simulator.switches.confirmed_twice = True
    number = await ear.client.bought()
    assert [(await ear.record())[12:15] for _ in range(2)] == [["0", "1", "1"], ["0", "1", "2"]]
    await ear.client.amend(number, "41300")
    told = [await ear.record() for _ in range(3)]
    assert [each[5] for each in told] == ["1", "1", "1"]
    assert told[2][12:15] == ["0", "1", code]


async def test_what_lapses_and_what_is_rejected_is_told(ear: Listener) -> None:
    ear.client.simulator.switches.paper_takes_ioc = True
    number = await ear.client.bought(ORD_DVSN="11")
    told = [await ear.record() for _ in range(2)]
    assert [each[12:15] for each in told] == [["0", "1", "1"], ["0", "1", "3"]]
    assert (told[1][2], told[1][7], told[1][9]) == (number, "1", "0000000003")
    ear.client.simulator.faults.script("domestic.buy", Fault.REJECT_LATE, delay_s=2)
    await ear.client.bought()
    told = [await ear.record() for _ in range(2)]
    assert [each[12:15] for each in told] == [["0", "1", "1"], ["1", "1", "1"]]


async def test_a_stop_says_its_condition(real: Client) -> None:
    async with listening(real) as ear:
        await ear.ask("H0STCNI0", "htsuser1")
        await real.bought(ORD_DVSN="22", ORD_UNPR="42000", CNDT_PRIC="41700")
        assert (await ear.record())[18] == "0000417001Y"


async def test_notices_of_one_moment_may_share_a_frame(ear: Listener) -> None:
    ear.client.simulator.switches.joined_notices = True
    await ear.client.bought(ORD_UNPR="41500")
    both = await ear.records()
    assert [each[13] for each in both] == ["1", "2"]


async def test_notices_may_be_repeated_or_come_in_any_order(ear: Listener) -> None:
    ear.client.simulator.switches.repeated_notices = True
    ear.client.simulator.switches.shuffled_notices = True
    await ear.client.bought(ORD_UNPR="41500")
    assert sorted([(await ear.record())[13] for _ in range(4)]) == ["1", "1", "2", "2"]


async def test_whether_a_frame_is_encrypted_is_in_its_first_character(ear: Listener) -> None:
    ear.client.simulator.switches.encrypted = False
    await ear.client.bought()
    text = await ear.hear_text()
    assert text.startswith("0|H0STCNI9|001|htsuser1^")


async def test_the_acknowledgement_may_be_wrong_about_encryption(paper: Client) -> None:
    paper.simulator.switches.set("acknowledged_as", "N")
    async with listening(paper) as ear:
        ack = await ear.ask("H0STCNI9", "htsuser1")
        assert ack["header"]["encrypt"] == "N"
        await paper.bought()
        assert (await ear.hear_text()).startswith("1|")


async def test_all_accounts_of_a_customer_are_told_of_and_no_others(ear: Listener) -> None:
    alice = ear.client
    for name in ("bob", "carol"):
        other = client_of(alice.simulator, alice.urls, alice.session, alice.clock, name)
        await (await other.log_in()).bought()
    assert (await ear.record())[1] == "5012345701"
    assert await ear.silence()


async def test_an_account_without_a_key_here_may_be_told_of(ear: Listener) -> None:
    number = await ear.client.bought()
    await ear.record()
    ear.client.simulator.sockets.tell_of_stranger(Country.KOREA)
    told = await ear.record()
    assert (told[1], told[2]) == ("5099999901", number), "the same number, another account"


async def test_a_fill_can_be_told_before_the_order_is_answered(ear: Listener) -> None:
    ear.client.simulator.faults.script("domestic.buy", Fault.NOTICE_FIRST, delay_s=2)
    before = ear.client.clock.monotonic()
    await ear.client.bought(ORD_UNPR="41500")
    assert ear.client.clock.monotonic() - before >= 2
    told = [await ear.record() for _ in range(2)]
    assert [each[13] for each in told] == ["1", "2"]


async def test_nothing_is_told_again_after_a_gap(paper: Client) -> None:
    async with listening(paper) as ear:
        await ear.ask("H0STCNI9", "htsuser1")
        paper.simulator.sockets.drop_all()
        assert (await ear.socket.receive()).type in {WSMsgType.CLOSED, WSMsgType.ERROR}
    await paper.bought(ORD_UNPR="41500")
    async with listening(paper) as ear:
        await ear.ask("H0STCNI9", "htsuser1")
        assert await ear.silence()


async def test_a_stalled_socket_says_nothing_not_even_heartbeats(ear: Listener) -> None:
    ear.client.simulator.switches.stalled = True
    await ear.client.bought()
    await ear.client.clock.sleep(60)
    ear.client.simulator.switches.stalled = False
    assert await ear.silence()
    assert ear.pings == 0


@pytest.mark.parametrize("answers", ["text", "pong"])
async def test_both_ways_to_answer_a_heartbeat_keep_a_session(ear: Listener, answers: str) -> None:
    ear.answers = answers
    for _ in range(40):
        assert await ear.silence()
    assert ear.pings >= 40 * PATIENCE_S // 10 - 1
    assert not ear.socket.closed


async def test_who_does_not_answer_heartbeats_is_cut_off(ear: Listener) -> None:
    ear.answers = "never"
    began = ear.client.clock.monotonic()
    while (await ear.socket.receive()).type is WSMsgType.TEXT:
        ear.pings += 1
    assert ear.pings == 3
    assert 39 <= ear.client.clock.monotonic() - began <= 41


@pytest.mark.parametrize(
    ("tr_id", "tr_key", "header", "code"),
    [
        ("H0STCNI0", "htsuser1", {}, "OPSP8991"),
        ("H0STCNT0", "999999", {}, "OPSP8993"),
        ("H0STCNI9", "htsuser1", {"tr_type": "3"}, "OPSP8997"),
        ("H0STCNI9", "htsuser1", {"custtype": ""}, "OPSP8998"),
        ("H0STCNI9", "htsuser1", {"approval_key": "none"}, "OPSP0011"),
        ("H0STCNI9", "htsuser1", {"tr_type": "2"}, "OPSP0003"),
        ("HDFSCNT0", "DAMSSOXL", {}, "OPSP8991"),
    ],
)
async def test_a_bad_registration_is_refused(
    paper: Client, tr_id: str, tr_key: str, header: dict[str, str], code: str
) -> None:
    async with listening(paper) as ear:
        refused = await ear.ask(tr_id, tr_key, **header)
        assert (refused["body"]["msg_cd"], refused["body"]["rt_cd"]) == (code, "1")
        assert "output" not in refused["body"]


async def test_registering_twice_and_leaving_are_answered(ear: Listener) -> None:
    assert await ear.code("H0STCNI9", "htsuser1") == "OPSP0002"
    assert await ear.code("H0STCNI9", "htsuser1", tr_type="2") == "OPSP0001"
    await ear.client.bought()
    assert await ear.silence()


async def test_an_internal_error_leaves_a_client_unregistered(paper: Client) -> None:
    paper.simulator.switches.registering_fails = True
    async with listening(paper) as ear:
        assert await ear.code("H0STCNI9", "htsuser1") == "OPSP0007"
        paper.simulator.switches.registering_fails = False
        assert await ear.code("H0STCNI9", "htsuser1") == "OPSP0000"


@pytest.mark.parametrize("text", ["{", "[]", '{"header":{}}', '{"header":{},"body":{"input":1}}'])
async def test_what_is_no_message_is_answered(paper: Client, text: str) -> None:
    async with listening(paper) as ear:
        await ear.socket.send_str(text)
        assert "OPSP9991" in await ear.hear_text()


async def test_somebody_elses_hts_id_ends_the_connection_abruptly(paper: Client) -> None:
    async with listening(paper) as ear:
        with pytest.raises(TypeError):
            await ear.ask("H0STCNI9", "htsuser2")
        assert ear.socket.close_code is None or ear.socket.close_code == 1006


async def test_a_key_has_one_session_and_the_second_is_refused_when_it_registers(
    ear: Listener,
) -> None:
    paper = ear.client
    async with listening(paper) as second:
        refused = await second.ask("H0STCNI9", "htsuser1")
        assert refused["header"]["tr_id"] == "(null)"
        assert (refused["body"]["rt_cd"], refused["body"]["msg_cd"]) == ("9", "OPSP8996")
        await ear.socket.close()
        assert await second.code("H0STCNI9", "htsuser1") == "OPSP0000"


async def test_a_session_that_broke_off_may_hold_its_key_for_a_while(paper: Client) -> None:
    paper.simulator.switches.session_linger_s = 30
    async with listening(paper) as ear:
        await ear.ask("H0STCNI9", "htsuser1")
        paper.simulator.sockets.drop_all()
        await ear.socket.receive()
    async with listening(paper) as ear:
        assert await ear.code("H0STCNI9", "htsuser1") == "OPSP8996"
    await paper.clock.sleep(30)
    async with listening(paper) as ear:
        assert await ear.code("H0STCNI9", "htsuser1") == "OPSP0000"


async def test_a_session_has_room_for_41_registrations() -> None:
    many = [
        Listing(symbol=f"{number:06d}", name="회사", price=Decimal(1_000)) for number in range(42)
    ]
    async with trading(Profile.REAL, listings=many) as real, listening(real) as ear:
        codes = [await ear.code("H0STCNT0", each.symbol) for each in many]
        assert codes == ["OPSP0000"] * 41 + ["OPSP0008"]


async def test_an_approval_key_is_over_after_a_day_but_its_session_lives(ear: Listener) -> None:
    ear.client.simulator.switches.ping_s = 3600.0
    ear.client.simulator.switches.pong_timeout_s = 1e9
    await ear.client.clock.sleep(86_400)
    assert await ear.code("H0STCNT0", "069500") == "OPSP0011"
    await ear.client.log_in()
    await ear.client.clock.sleep(2 * 86_400)
    await ear.client.log_in()
    await ear.client.bought()
    assert (await ear.record())[8] == "069500"


async def test_trades_are_told_by_index(real: Client) -> None:
    async with listening(real) as ear:
        await ear.ask("H0STCNT0", "069500")
        await ear.ask("HDFSCNT0", "DAMSSOXL")
        real.simulator.set_price("069500", Decimal(41_300))
        told = await ear.record()
        assert (len(told), told[0], told[2], told[4], told[11]) == (
            47,
            "069500",
            "41300",
            "-100",
            "41300",
        )
        assert told[46] == "2", "the regular market"
        real.simulator.set_price("SOXL", Decimal("27.40"))
        told = await ear.record()
        assert (len(told), told[0], told[11], told[13]) == (26, "DAMSSOXL", "27.4000", "0.0500")
