"""Notices as they come over the wire: enciphered, joined, in layouts of several lengths."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.fields import MalformedError
from adapters.kis.notices import Frame, Secret, read_frame, read_notices
from algorithms.domain import Side
from tests.adapters.kis.lines import spelt
from tests.support.scripted_kis import IV, KEY

SECRET = Secret(KEY, IV)
ACCEPTED = (
    (
        "htsuser1^5012345601^0000004711^^02^0^00^0^069500^0000000003^000041250^101502^0^1^1^00950"
        "^000000003^홍길동^1Y^10^^KODEX 200^"
    ),
    (
        "4rhKxgcUwL7b0wz8kh21x8fOs6toVp/DNJNTfNz9brTY3hjjg1LsqzU4TWfHp1tsoVI7ZcwoVFrhFpi+ID4RytvyvzXe"
        "20USqU5qHwLPCpr3aNQIrhcWeSDbYpiyfOgn3zibRCRfMfDp4xDXKZP3PubKf5F7P8pbCumq7TW/7Zk="
    ),
)
FILLED = (
    (
        "htsuser1^5012345601^0000004711^^02^0^00^0^069500^0000000002^000041245^101503^0^2^2^00950"
        "^000000003^홍길동^1Y^10^^KODEX 200^000041250"
    ),
    (
        "4rhKxgcUwL7b0wz8kh21x8fOs6toVp/DNJNTfNz9brTY3hjjg1LsqzU4TWfHp1ts1WrblRsX5kruFeKHwWa8Azw90Pa1"
        "guq0bRL3WZ2n3xCvNfSBZWfeCrK24tEnYcHVqPwHOmTNmBY8422Mw7dwBizVrn8vxfG0NYZ15u+jUKxbuECv2i0Q81EB"
        "EKxzMzem"
    ),
)
AMERICAN = (
    (
        "htsuser1^5012345601^0000031207^^02^0^2^SOXL^0000000005^000274500^223107^0^2^2^00950"
        "^000000005^홍길동^DIREXION 3X^8^10^^^^^000000274500"
    ),
    (
        "4rhKxgcUwL7b0wz8kh21xwNtkU4pfvdUj29tyiCvvJhKbi6mPDKQmfDULvcB/R+QakPM+hWZD0qmQSJdPW0VYgB15Gjv"
        "nyPp85qMIR91f0GjLDTMBvFPKgomezetnRUfCU9Ex68sQm/TuR5a9gxX6IoI5AZ65K3vg6tmhgdcjvIbVHxzQI5w2Wrh"
        "O8AtyjjG"
    ),
)
KOREA = Frame("H0STCNI9", is_secret=True, count=1, payload="")
AMERICA = Frame("H0GSCNI9", is_secret=True, count=1, payload="")


@pytest.mark.parametrize(("plain", "secret"), [ACCEPTED, FILLED, AMERICAN])
def test_a_payload_is_deciphered_with_the_key_of_its_topic(plain: str, secret: str) -> None:
    assert SECRET.decipher(secret) == plain


@pytest.mark.parametrize("payload", ["", "!!!", "AAAA", AMERICAN[1][:-8]])
def test_a_payload_that_cannot_be_deciphered_is_malformed(payload: str) -> None:
    with pytest.raises(MalformedError):
        SECRET.decipher(payload)
    with pytest.raises(MalformedError):
        Secret("short", IV).decipher(FILLED[1])


def test_a_frame_is_split_at_its_first_three_bars() -> None:
    assert read_frame("1|H0STCNI9|002|ab|c") == Frame("H0STCNI9", True, 2, "ab|c")  # noqa: FBT003 - as it is
    for text in ("", "1|H0STCNI9|x|y", "hello"):
        with pytest.raises(MalformedError):
            read_frame(text)


def test_a_korean_order_and_its_fill_are_told_apart() -> None:
    (accepted,) = read_notices(KOREA, ACCEPTED[0])
    (filled,) = read_notices(KOREA, FILLED[0])
    assert spelt(accepted.number, accepted.quantity, accepted.price) == "4711 3 41250"
    assert spelt(filled.number, filled.quantity, filled.price) == "4711 2 41245"
    assert (accepted.is_execution, filled.is_execution) == (False, True)
    assert (filled.account, filled.symbol, filled.side) == ("5012345601", "069500", Side.BUY)
    assert (accepted.what, accepted.division, accepted.origin) == ("0", "00", "")


@pytest.mark.parametrize("length", [18, 22, 23, 26])
def test_every_layout_has_what_counts_in_the_same_place(length: int) -> None:
    fields = (FILLED[0].split("^")[:18] + ["x"] * 8)[:length]
    (notice,) = read_notices(KOREA, "^".join(fields))
    assert spelt(notice.quantity, notice.price, notice.is_execution) == "2 41245 True"


@pytest.mark.parametrize("length", [24, 25])
def test_an_american_price_has_four_digits_behind_an_unwritten_point(length: int) -> None:
    (notice,) = read_notices(AMERICA, "^".join(AMERICAN[0].split("^")[:length]))
    assert spelt(notice.symbol, notice.quantity, notice.price) == "SOXL 5 27.45"
    assert notice.division == ""
    written = AMERICAN[0].replace("^000274500^", "^27.4500^")
    (notice,) = read_notices(AMERICA, written)
    assert notice.price == Decimal("27.45")


def test_several_records_share_a_frame() -> None:
    joined = f"{ACCEPTED[0]}^{FILLED[0]}"
    first, second = read_notices(replace(KOREA, count=2), joined)
    assert (first.text, second.text) == (ACCEPTED[0], FILLED[0])
    with pytest.raises(MalformedError):
        read_notices(replace(KOREA, count=3), joined)


def test_a_refusal_says_so() -> None:
    fields = ACCEPTED[0].split("^")
    fields[12] = "1"
    (notice,) = read_notices(KOREA, "^".join(fields))
    assert notice.is_refused


def test_a_notice_may_say_that_what_was_not_filled_at_once_is_gone() -> None:
    fields = ACCEPTED[0].split("^")
    fields[14] = "3"
    (notice,) = read_notices(KOREA, "^".join(fields))
    assert notice.has_lapsed


def test_a_direction_that_nobody_has_described_is_none() -> None:
    fields = FILLED[0].split("^")
    fields[4] = "09"
    (notice,) = read_notices(KOREA, "^".join(fields))
    assert notice.side is None
    assert spelt(notice.number, notice.quantity, notice.price) == "4711 2 41245"


def test_a_record_that_makes_no_sense_is_malformed() -> None:
    fields = FILLED[0].split("^")
    fields[9] = "many"
    with pytest.raises(MalformedError):
        read_notices(KOREA, "^".join(fields))
