"""What each code proves. The table is the reference's; here are its judgements by group."""

from __future__ import annotations

import pytest

from adapters.broker import RefusalCode
from adapters.kis.codes import CODES, Proof, Remedy, is_familiar, meaning_of


@pytest.mark.parametrize("code", ["EGW00301", "EGW00302", "EGW00300", "EGW00202", "EGW00215"])
def test_a_gateway_that_gave_up_proves_nothing(code: str) -> None:
    assert meaning_of(code, "").proof is Proof.NOTHING


@pytest.mark.parametrize("code", ["EGW00201", "EGW00121", "EGW00122", "EGW00123"])
def test_what_the_gateway_turned_away_nobody_judged(code: str) -> None:
    meaning = meaning_of(code, "")
    assert meaning.proof is Proof.TURNED_AWAY
    assert meaning.refusal.is_transient


@pytest.mark.parametrize("code", ["EGW99999", "OPSQ0011", "IGW00001", ""])
def test_an_unknown_code_of_a_server_proves_nothing(code: str) -> None:
    assert meaning_of(code, "").proof is Proof.NOTHING


def test_nothing_to_show_on_paper_is_familiar() -> None:
    assert is_familiar("70070000")


@pytest.mark.parametrize("code", ["APBK9999", "41230000"])
def test_an_unknown_code_of_the_order_engine_is_a_refusal(code: str) -> None:
    meaning = meaning_of(code, "")
    assert (meaning.proof, meaning.refusal) == (Proof.REFUSED, RefusalCode.REJECTED)
    assert not is_familiar(code)


@pytest.mark.parametrize(
    ("code", "message", "refusal"),
    [
        ("APBK0918", "장운영시간이 아닙니다", RefusalCode.MARKET_CLOSED),
        ("APBK0918", "주문가능금액이 부족합니다", RefusalCode.INSUFFICIENT_FUNDS),
        ("APBK0919", "장운영일자가 주문일과 상이합니다", RefusalCode.MARKET_CLOSED),
        ("APBK0919", "매도가능수량 부족", RefusalCode.INSUFFICIENT_HOLDINGS),
        ("APBK9999", "호가단위 오류", RefusalCode.BAD_PRICE),
        ("40570000", "예수금 부족", RefusalCode.INSUFFICIENT_FUNDS),
        ("40030000", "(tick-size error)", RefusalCode.BAD_PRICE),
    ],
)
def test_the_words_decide_where_a_code_means_several_things(
    code: str, message: str, refusal: RefusalCode
) -> None:
    assert meaning_of(code, message).refusal is refusal


def test_words_do_not_make_an_unknown_fate_a_refusal() -> None:
    assert meaning_of("EGW00302", "예수금 부족").proof is Proof.NOTHING


def test_a_cancel_that_comes_too_late_is_told_from_a_refusal() -> None:
    for code in ("APBK0344", "APBK0927", "40330000"):
        assert meaning_of(code, "정정/취소 가능수량 부족").proof is Proof.NOT_OPEN


def test_what_nobody_can_mend_by_asking_again_is_a_persons() -> None:
    for code in ("EGW02004", "EGW00105", "OPSQ2000", "EGW00304"):
        assert CODES[code].remedy is Remedy.PERSON
