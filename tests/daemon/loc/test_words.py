"""The sheet in words, as people of both languages read it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.loc.sheet import RowKind, sheet
from daemon.config.service import Locale
from daemon.loc.words import KINDS, apart_note, money, note
from tests.algorithms.loc.books import CENTS, buy, sell

if TYPE_CHECKING:
    from algorithms.loc.curve import LocOrder

EXAMPLE = [buy(28, "65.11"), sell(29, "63.73", "TP")]
CASE_4 = [buy(500, 100), sell(100, 95), sell(150, 97), sell(200, 98)]


def notes(orders: list[LocOrder], locale: Locale) -> list[str]:
    return [note(row, "USD", locale) for row in sheet(orders, CENTS).rows]


def test_the_published_notes() -> None:
    assert notes([*EXAMPLE], Locale.KOREAN) == [
        "종가 > $65.11 시 매수미체결 → 전량매도",
        "퉁치기 후 순매도 (종가 $63.73~$65.11)",
        "종가 < $63.73 시 매도미체결 → 전량매수",
    ]
    assert notes([*CASE_4], Locale.KOREAN)[1:3] == [
        "퉁치기 후 순매수 (종가 $98~$100)",
        "종가 $97~$98 구간 (매도 250주 체결)",
    ]


def test_the_same_in_english() -> None:
    assert notes([*EXAMPLE], Locale.ENGLISH) == [
        "close > $65.11: no buy fills → everything is sold",
        "net sell after netting (close $63.73~$65.11)",
        "close < $63.73: no sell fills → everything is bought",
    ]
    assert notes([*CASE_4], Locale.ENGLISH)[2] == "close $97~$98 (250 sold)"


@pytest.mark.parametrize(
    ("orders", "korean", "english"),
    [
        ([buy(5, 100)], ["종가 ≤ $100 시 매수"], ["bought (close ≤ $100)"]),
        ([buy(5, None)], ["모든 종가 시 매수"], ["bought (any close)"]),
        (
            [buy(5, 100), buy(2, 99)],
            ["종가 $99.01~$100 구간 (매수 5주 체결)", "종가 ≤ $99 시 전량매수"],
            ["close $99.01~$100 (5 bought)", "close ≤ $99: everything is bought"],
        ),
        (
            [buy(5, 100), sell(5, 100)],
            [
                "종가 > $100 시 매수미체결 → 전량매도",
                "퉁치기 후 전량 상쇄 (종가 $100)",
                "종가 < $100 시 매도미체결 → 전량매수",
            ],
            [
                "close > $100: no buy fills → everything is sold",
                "nothing left after netting (close $100)",
                "close < $100: no sell fills → everything is bought",
            ],
        ),
        (
            [buy(5, None), sell(2, 90)],
            ["퉁치기 후 순매수 (종가 ≥ $90)", "종가 < $90 시 매도미체결 → 전량매수"],
            [
                "net buy after netting (close ≥ $90)",
                "close < $90: no sell fills → everything is bought",
            ],
        ),
        (
            [buy(5, 100), sell(2, 90), sell(1, None)],
            [
                "종가 > $100 시 매수미체결 → 전량매도",
                "퉁치기 후 순매수 (종가 $90~$100)",
                "종가 < $90 구간 (매도 1주 체결)",
            ],
            [
                "close > $100: no buy fills → everything is sold",
                "net buy after netting (close $90~$100)",
                "close < $90 (1 sold)",
            ],
        ),
    ],
)
def test_open_ends_and_single_prices(
    orders: list[LocOrder], korean: list[str], english: list[str]
) -> None:
    assert notes(orders, Locale.KOREAN) == korean
    assert notes(orders, Locale.ENGLISH) == english


def test_what_stands_apart_says_why() -> None:
    assert (
        apart_note(sell(1, 105), "USD", Locale.KOREAN) == "퉁치기 대상 아님 (종가 ≥ $105 시 매도)"
    )
    assert apart_note(sell(1, 105), "KRW", Locale.ENGLISH) == (
        "not netted (sold at a close of ₩105 or above)"
    )
    assert apart_note(sell(1, None), "USD", Locale.KOREAN) == "퉁치기 대상 아님 (종가에 매도)"
    assert apart_note(sell(1, None), "USD", Locale.ENGLISH) == "not netted (sold at any close)"


def test_prices_carry_their_currency() -> None:
    assert money(Decimal("65.10"), "USD") == "$65.1"
    assert money(Decimal(12), "EUR") == "12 EUR"


def test_every_kind_has_a_name_in_every_language() -> None:
    assert all(set(names) == set(RowKind) for names in KINDS.values())
    assert set(KINDS) == set(Locale)
