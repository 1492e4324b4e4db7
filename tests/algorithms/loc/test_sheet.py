"""The sheet shows one row for each way the close can come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from algorithms.loc.sheet import RowKind, Sheet, sheet
from tests.algorithms.loc.books import (
    BANDS,
    CASES,
    CENTS,
    books,
    buy,
    closes,
    net_by_hand,
    orders_of,
    sell,
)

if TYPE_CHECKING:
    from algorithms.loc.curve import LocOrder


def rows(found: Sheet) -> list[list[object]]:
    return [
        [row.kind.value, None if row.price is None else str(row.price), int(row.quantity)]
        for row in found.rows
    ]


@pytest.mark.parametrize("case", [c for c in CASES if "rows" in c], ids=lambda c: c["name"])
def test_the_published_cases_hold(case: dict[str, Any]) -> None:
    assert rows(sheet(orders_of(case), CENTS)) == case["rows"]


def test_a_sell_above_the_buy_stands_apart() -> None:
    found = sheet([buy(500, 100), sell(300, 105)], CENTS)
    assert rows(found) == [["buy", "100", 500]]
    assert [order.id for order in found.apart] == ["sell 300@105"]


def test_sells_larger_than_the_buy_turn_from_sale_to_purchase() -> None:
    orders = [buy(200, 100), sell(100, 95), sell(150, 97), sell(200, 98)]
    assert rows(sheet(orders, CENTS)) == [
        ["sell_all", "100.01", 450],
        ["sell", "98", 250],
        ["net_sell", "97", 50],
        ["net_buy", "95", 100],
        ["buy_all", "94.99", 200],
    ]


def test_equal_prices_net_at_that_price() -> None:
    assert rows(sheet([buy(500, 100), sell(300, 100)], CENTS)) == [
        ["sell_all", "100.01", 300],
        ["buy", "100", 200],
        ["buy_all", "99.99", 500],
    ]


def test_labels_of_equal_prices_are_joined_and_others_are_not_shown() -> None:
    sells = [sell(5, 98, "TP"), sell(5, 98, "만료"), sell(5, 98, "TP"), sell(5, 97, "SL")]
    labels = {row.kind: row.label for row in sheet([buy(1, 100), *sells], CENTS).rows}
    assert labels[RowKind.SELL] == "TP+만료"
    assert sum(map(bool, labels.values())) == 1


def test_equal_sizes_leave_nothing() -> None:
    assert rows(sheet([buy(5, 100), sell(5, 98)], CENTS)) == [
        ["sell_all", "100.01", 5],
        ["netted", "100", 0],
        ["buy_all", "97.99", 5],
    ]


def test_with_several_buys_there_is_a_row_for_each_range() -> None:
    assert rows(sheet([buy(5, 100), buy(3, 98), sell(5, 99), sell(4, 97)], CENTS)) == [
        ["sell_all", "100.01", 9],
        ["net_sell", "99", 4],
        ["net_buy", "98.01", 1],
        ["net_buy", "97", 4],
        ["buy_all", "96.99", 8],
    ]


def test_market_on_close_takes_part() -> None:
    assert rows(sheet([buy(5, 100), sell(2, None)], CENTS)) == [
        ["sell_all", "100.01", 2],
        ["buy", "100", 3],
    ]
    assert rows(sheet([buy(5, None), sell(7, 90, "TP")], CENTS)) == [
        ["sell", "90", 2],
        ["buy_all", "89.99", 5],
    ]
    assert rows(sheet([buy(2, 100), buy(5, None), sell(1, None)], CENTS)) == [
        ["net_buy", "100.01", 4],
        ["net_buy", "100", 6],
    ]


def test_sells_alone_stand_apart_and_nothing_is_an_empty_sheet() -> None:
    found = sheet([sell(1, 5), sell(2, None)], CENTS)
    assert (found.rows, len(found.apart)) == ((), 2)
    assert sheet([], CENTS) == Sheet((), ())


@given(books())
def test_a_row_s_quantity_is_what_all_nettable_orders_come_to(orders: list[LocOrder]) -> None:
    found = sheet(orders, BANDS)
    nettable = [order for order in orders if order not in found.apart]
    for close in closes(BANDS, (order.price for order in orders)):
        there = [
            row
            for row in found.rows
            if (row.stretch.lowest is None or row.stretch.lowest <= close)
            and (row.stretch.highest is None or close <= row.stretch.highest)
        ]
        if not there:
            assert not any(order.fills_at(close) for order in nettable)
            continue
        (row,) = there
        assert row.quantity == abs(net_by_hand(nettable, close))
        assert row.kind is not RowKind.NETTED or row.quantity == 0
