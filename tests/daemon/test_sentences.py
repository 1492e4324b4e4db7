"""What is said in English somewhere is said again in every language, with the same values."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.service import Locale
from daemon.i18n import SENTENCES, catalogue, words_in
from daemon.sentences import Sentences
from tests.support.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

TRANSLATED = [locale for locale in Locale if locale is not Locale.ENGLISH]
KOREAN = words_in(Locale.KOREAN)
VALUE = re.compile(r"\{\d+\}")
HANGUL = re.compile("[가-힣]")


@cache
def wanted() -> Mapping[str, str]:
    """Every form, and the file that says it."""
    return sentences()


def entries(locale: Locale) -> list[tuple[str, str]]:
    found = polib.pofile(catalogue(locale, SENTENCES).read_text(encoding="utf-8"))
    return [(entry.msgid, entry.msgstr) for entry in found]


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_sentence_of_the_code_is_translated_and_no_other(locale: Locale) -> None:
    there = entries(locale)
    counts = Counter(form for form, _ in there)
    assert [form for form, count in counts.items() if count > 1] == []
    missing = {form: place for form, place in wanted().items() if not dict(there).get(form)}
    assert missing == {}, f"add them to {catalogue(locale, SENTENCES)}"
    assert counts.keys() - wanted().keys() == set(), "nobody says these"


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_sentence_is_recognised_and_keeps_its_values(locale: Locale) -> None:
    words = words_in(locale)
    for form, said in entries(locale):
        numbers = iter(range(1000, 2000))
        made = VALUE.sub(lambda _: str(next(numbers)), form)  # noqa: B023 - used at once
        told = words.heading(made)
        assert told != made or said == form, form
        assert Counter(re.findall(r"1\d{3}", told)) == Counter(re.findall(r"1\d{3}", made)), form


def test_the_net_finds_what_people_read() -> None:
    forms = wanted()
    assert forms["off_lot: {0} is not a multiple of the lot {1}"] == "daemon/execution/sizing.py"
    assert forms["must be above zero"].startswith("daemon/api/")
    assert forms["no daemon answers at {0}: {1}"] == "daemon/cli/caller.py"


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("off_lot: 1.5 is not a multiple of the lot 1", "1.5 은 거래단위 1 의 배수가 아닙니다"),
        (
            "rejected: Account has insufficient balance",
            "증권사가 다른 이유로 거절했습니다: Account has insufficient balance",
        ),
        (
            "orders[2].qty: is missing: give qty (units) or qty_per (percent)",
            "orders[2].qty: 없습니다: qty(수량)나 qty_per(퍼센트)를 주세요",
        ),
        (
            "twap.seconds: must be from 1 to 60 (shorten it, or spread the times)",
            "twap.seconds: 1 부터 60 까지 이어야 합니다 (줄이거나, 시각을 벌리세요)",
        ),
        ("order 01X has ended: filled, complete", "주문 01X: 이미 끝났습니다: 체결됨, 완료"),
        ("not connected: no answer within 5 s", "연결되지 않음: 5초 안에 응답이 없습니다"),
        (
            "nettingd order: whether it was taken is not known: to be sure, repeat it with --id a1",
            "nettingd order: 접수되었는지 알 수 없습니다: 확실히 하려면 --id a1 로 다시 하세요",
        ),
        (
            "insufficient_cash: needs 100 USD, 5 free in dip",
            "현금이 모자랍니다: 100 USD 필요, dip 에 5 있음",
        ),
        (
            "books.dip: cannot go: 3 orders have not ended (give one of the two)",
            "books.dip: 없앨 수 없습니다: 끝나지 않은 주문 3건 (둘 중 하나를 주세요)",
        ),
        (
            "BUY for 9, conditions to buy are met: price 9, average 10, 2 of 2 conditions",
            "매수 9, 매수 조건이 맞음: 가격 9, 평균 10, 조건 2개 중 2개",
        ),
        (
            "sell 5 at 100.8 (TP, bought at 96 on 2026-11-18); previous close 98",
            "100.8 에 5 매도 (TP, 2026-11-18 에 96 로 매수); 전일 종가 98",
        ),
        ("complete", "완료"),
        ("momentum", "momentum"),
        ("order", "order"),  # the name of a book, as far as anybody knows
        ("Filter failure: LOT_SIZE", "Filter failure: LOT_SIZE"),
    ],
)
def test_a_sentence_is_said_again_as_far_as_it_is_known(english: str, korean: str) -> None:
    assert KOREAN.again(english) == korean
    assert words_in(Locale.ENGLISH).again(english) == english


def test_the_closest_form_counts() -> None:
    said = Sentences({"no {0}": "{0} 없음", "no price of {0}": "{0} 가격 없음"}, {})
    assert said.again("no price of TQQQ") == "TQQQ 가격 없음"
    assert said.again("no orders today") == "orders today 없음"


@given(st.text(max_size=200))
def test_whatever_a_broker_says_can_be_told(text: str) -> None:
    assert isinstance(KOREAN.again(text), str)
    assert KOREAN.again(text).count("\n") == text.count("\n")
