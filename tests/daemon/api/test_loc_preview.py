"""The LOC preview answers from the body alone and names every fault in it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from daemon.api.decode import decode_json
from daemon.api.loc_preview import LocAnswer, LocPreview, preview_loc
from daemon.api.problems import BadInput
from tests.algorithms.loc.books import CASES


def ask(body: object) -> LocAnswer:
    """The answer as the wire carries it."""
    answer = preview_loc(decode_json(json.dumps(body).encode()))
    assert json.loads(json.dumps(answer)) == answer
    return answer


def refusal(body: object) -> list[str]:
    with pytest.raises(BadInput) as refused:
        ask(body)
    return [str(problem) for problem in refused.value.problems]


def order(name: str, side: str, price: object, quantity: object, **more: object) -> object:
    return {"id": name, "side": side, "price": price, "quantity": quantity, **more}


def body_of(case: dict[str, Any], **more: object) -> dict[str, object]:
    listed = [
        order(str(n), side, price, quantity, **dict(zip(["label"], label, strict=False)))
        for n, (side, price, quantity, *label) in enumerate(case["orders"])
    ]
    return {"orders": listed, "tick": "0.01", **more}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_cases_hold(case: dict[str, Any]) -> None:
    answer = ask(body_of(case))
    assert [
        [r["low"], r["low_included"], r["high"], r["high_included"], int(r["net"])]
        for r in answer["ranges"]
    ] == case["net"]
    rungs = [[rung["side"], rung["price"], int(rung["quantity"])] for rung in answer["ladder"]]
    assert rungs == sorted(case["ladder"], key=lambda rung: -Decimal(rung[1]))
    if "rows" in case:
        rows = [[row["kind"], row["price"], int(row["quantity"])] for row in answer["rows"]]
        assert rows == case["rows"]
    assert "settlement" not in answer


def test_the_answer_has_the_documented_shape() -> None:
    orders = [order("A", "buy", "100", "5"), order("B", "sell", "98.00", 3, label="TP")]
    answer = ask({"orders": [*orders, order("C", "sell", 105, 1)], "tick": "0.01", "close": "99"})
    assert answer["ranges"][0] == {
        "low": None,
        "low_included": False,
        "high": "98",
        "high_included": False,
        "bought": "5",
        "sold": "0",
        "net": "5",
    }
    assert answer["rows"][1] == {
        "kind": "buy",
        "price": "100",
        "quantity": "2",
        "label": "",
        "note": "퉁치기 후 순매수 (종가 $98~$100)",
        "note_en": "net buy after netting (close $98~$100)",
    }
    assert [(row["kind"], row["price"], row["quantity"]) for row in answer["apart"]] == [
        ("sell", "105", "1")
    ]
    assert answer["settlement"] == [
        {"id": "A", "side": "buy", "filled": "5", "netting": "3", "broker": "2"},
        {"id": "B", "side": "sell", "filled": "3", "netting": "3", "broker": "0"},
        {"id": "C", "side": "sell", "filled": "0", "netting": "0", "broker": "0"},
    ]


def test_the_auction_may_give_less() -> None:
    orders = [order("A", "buy", "100", 5), order("B", "buy", None, 4), order("C", "sell", 98, 3)]
    answer = ask({"orders": orders, "close": 100, "broker_filled": "2"})
    assert [(row["filled"], row["broker"]) for row in answer["settlement"]] == [
        ("1", "0"),
        ("4", "2"),
        ("3", "0"),
    ]


def test_no_orders_come_to_nothing() -> None:
    answer = ask({"orders": [], "close": 5})
    assert (answer["rows"], answer["ladder"], answer["settlement"]) == ([], [], [])
    assert [each["net"] for each in answer["ranges"]] == ["0"]


def test_ticks_are_the_market_s_unless_one_is_given() -> None:
    cheap = [order("A", "buy", "0.5001", 1), order("B", "sell", "0.5001", 2)]
    assert ask({"orders": cheap})["ladder"][0]["price"] == "0.5002"
    assert refusal({"orders": cheap, "tick": "0.01"}) == [
        "orders[0].price: not a multiple of the tick 0.01: the nearest prices are 0.5 and 0.51",
        "orders[1].price: not a multiple of the tick 0.01: the nearest prices are 0.5 and 0.51",
    ]
    korean = {"orders": [order("A", "buy", 50000, 1), order("B", "sell", 50000, 2)]}
    stock = ask({**korean, "market": "XKRX"})
    fund = ask({**korean, "market": "XKRX", "type": "etf"})
    assert [rung["price"] for rung in stock["ladder"]] == ["50100", "50000", "49950"]
    assert [rung["price"] for rung in fund["ladder"]] == ["50005", "50000", "49995"]
    assert stock["rows"][0]["note"] == "종가 > ₩50000 시 매수미체결 → 전량매도"


def test_absurd_prices_and_sizes_are_answered_exactly() -> None:
    huge = "999999999999999999"
    answer = ask({"orders": [order("A", "buy", huge, huge), order("B", "sell", "0.01", huge)]})
    assert [(rung["price"], rung["quantity"]) for rung in answer["ladder"]] == [
        ("999999999999999999.01", huge),
        ("0.0099", huge),
    ]


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ([], ["body: not an object"]),
        ({}, ["orders: missing"]),
        ({"orders": {}}, ["orders: not a list"]),
        ({"orders": [], "tick": 0}, ["tick: not above zero"]),
        ({"orders": [], "lot": "x"}, ["lot: not a decimal number: 'x'"]),
        ({"orders": [], "close": -1}, ["close: not above zero"]),
        ({"orders": [], "broker_filled": 1}, ["broker_filled: says nothing without close"]),
        (
            {"orders": [], "colour": 1},
            [
                (
                    "colour: unknown key: there are orders, tick, market, type, lot, close, "
                    "broker_filled"
                )
            ],
        ),
        ({"orders": [], "market": "XLON"}, ["market: must be one of XNYS, XKRX, 24/7"]),
        (
            {"orders": [], "close": "1.005"},
            ["close: not a multiple of the tick 0.01: the nearest prices are 1 and 1.01"],
        ),
        (
            {"orders": [], "close": 1, "broker_filled": 1},
            ["broker_filled: more than was asked for: the orders ask nothing at this close"],
        ),
    ],
)
def test_a_body_is_refused_at_the_place_of_its_fault(body: object, problems: list[str]) -> None:
    assert refusal(body) == problems


def test_every_fault_of_every_order_is_named_at_once() -> None:
    listed = [
        order("A", "buy", "0", 1),
        order("B", "sell", "-5", 0),
        order("", "hold", "NaN", []),
        {"id": "D", "side": "buy", "quantity": 1},
        order("E", "sell", 1, 1, label=7),
    ]
    assert refusal({"orders": listed}) == [
        "orders[0].price: not above zero",
        "orders[1].price: not above zero",
        "orders[1].quantity: not above zero",
        "orders[2].id: empty",
        "orders[2].side: must be one of buy, sell",
        "orders[2].price: not a decimal number: 'NaN'",
        "orders[2].quantity: neither a number nor a number in quotes",
        "orders[3].price: missing",
        "orders[4].label: not a text",
    ]
    listed = [order("A", "buy", "0.00005", 1), order("B", "sell", "10.001", "1.5")]
    assert refusal({"orders": listed}) == [
        "orders[0].price: not a multiple of the tick 0.0001: the nearest price is 0.0001",
        "orders[1].price: not a multiple of the tick 0.01: the nearest prices are 10 and 10.01",
        "orders[1].quantity: not a whole number of lots of 1",
    ]


def test_the_body_has_a_schema_for_the_api_document() -> None:
    assert "orders" in LocPreview.model_json_schema()["properties"]
