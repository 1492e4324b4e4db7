"""A preview answers hypothetical orders from the body alone and names every fault in it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import to_text
from daemon.api.decode import decode_json
from daemon.api.netting_preview import ORDERS_MAX, NettingPreview, PreviewAnswer, preview
from daemon.api.problems import BadInput
from tests.algorithms.triple_loop import triple_loop

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "netting.json").read_text())["cases"]


def ask(body: object) -> PreviewAnswer:
    """The answer as the wire carries it: decoded from JSON text, and JSON again."""
    answer = preview(decode_json(json.dumps(body).encode()))
    assert json.loads(json.dumps(answer)) == answer
    return answer


def refusal(body: object) -> list[str]:
    with pytest.raises(BadInput) as refused:
        preview(decode_json(json.dumps(body).encode()))
    return [str(problem) for problem in refused.value.problems]


def order(name: str, kind: str, value: object, symbol: str = "TQQQ", **more: object) -> object:
    return {"id": name, "symbol": symbol, "kind": kind, "value": value, **more}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_cases_hold(case: dict[str, object]) -> None:
    listed = case["orders"]
    assert isinstance(listed, list)
    orders = [{"id": o["book"], **{k: v for k, v in o.items() if k != "book"}} for o in listed]
    answer = ask({"price": case["price"], "orders": orders})
    assert [[p["buy"], p["sell"], int(p["shares"])] for p in answer["pairs"]] == case["pairs"]
    assert len(answer["remaining"]) == len(orders)
    after = case.get("after", {})
    assert isinstance(after, dict)
    for name, expected in after.items():
        (left,) = [row for row in answer["remaining"] if row["id"] == name]
        seen = {**left, "remain_value": left["value"]}
        stated = {key: value for key, value in expected.items() if key != "position_change"}
        assert {key: seen[key] for key in stated} == stated


def test_the_answer_has_the_documented_shape() -> None:
    body = {
        "price": "100",
        "orders": [
            {"id": "A", "account": "x", "symbol": "TQQQ", "kind": "BUY", "value": "3050"},
            {"id": "B", "account": "x", "symbol": "TQQQ", "kind": "SELL", "value": "50"},
        ],
        "lot": "1",
        "commission_percent": "0.25",
    }
    group = {"symbol": "TQQQ", "account": "x"}
    assert ask(body) == {
        "pairs": [{"buy": "A", "sell": "B", **group, "shares": "30", "price": "100"}],
        "remaining": [
            {
                "id": "A",
                **group,
                "value": "0",
                "status": "done",
                "reason": "residual_below_one_lot",
                "cash_returned": "50",
            },
            {
                "id": "B",
                **group,
                "value": "20",
                "status": "open",
                "reason": None,
                "cash_returned": "0",
            },
        ],
        "saved": {"commission": "15", "value": "3000", "broker_orders": 1},
    }


def test_no_orders_have_nothing_to_net() -> None:
    answer = ask({"price": "1", "orders": []})
    assert answer["pairs"] == []
    assert answer["remaining"] == []
    assert answer["saved"] == {"commission": "0", "value": "0", "broker_orders": 0}


def test_numbers_and_texts_are_the_same_numbers() -> None:
    texts = [order("A", "BUY", "329.7"), order("B", "SELL", "3")]
    numbers = [order("A", "BUY", 329.7), order("B", "SELL", 3)]
    assert ask({"price": 109.9, "orders": numbers}) == ask({"price": "109.9", "orders": texts})
    assert ask({"price": 109.9, "orders": numbers})["pairs"][0]["shares"] == "3"


def test_every_symbol_may_have_its_own_price() -> None:
    orders = [
        order("A", "BUY", "100", "TQQQ"),
        order("A", "BUY", "100", "btc/usdt"),
        order("B", "SELL", "1", "BTCUSDT"),
        order("C", "SELL", "9", "tqqq"),
    ]
    answer = ask({"price": {"TQQQ": "20", "BTC/USDT": 50, "UNUSED": 7}, "orders": orders})
    assert [(p["buy"], p["sell"], p["symbol"], p["shares"]) for p in answer["pairs"]] == [
        ("A", "C", "TQQQ", "5"),
        ("A", "B", "BTCUSDT", "1"),
    ]
    assert [(r["id"], r["symbol"], r["value"]) for r in answer["remaining"]] == [
        ("A", "TQQQ", "0"),
        ("A", "BTCUSDT", "50"),
        ("B", "BTCUSDT", "0"),
        ("C", "TQQQ", "4"),
    ]


def test_orders_of_one_id_are_one_book_and_never_net() -> None:
    assert not ask({"price": 1, "orders": [order("A", "BUY", 5), order("A", "SELL", 5)]})["pairs"]


def test_orders_of_one_id_stand_apart_in_the_answer() -> None:
    orders = [order("A", "SELL", 5), order("B", "BUY", 7), order("A", "SELL", 4)]
    answer = ask({"price": 1, "orders": orders})
    assert [p["shares"] for p in answer["pairs"]] == ["5", "2"]
    assert [r["value"] for r in answer["remaining"]] == ["0", "0", "2"]


def test_accounts_never_net_with_each_other() -> None:
    orders = [order("A", "BUY", 5, account="x"), order("B", "SELL", 5)]
    answer = ask({"price": 1, "orders": orders})
    assert not answer["pairs"]
    assert [r["account"] for r in answer["remaining"]] == ["x", "default"]


@pytest.mark.parametrize("kind", ["SELL", "SELL_3_4", "SELL_1_4", "SELL_PART"])
def test_every_kind_of_sell_counts_units(kind: str) -> None:
    answer = ask({"price": 10, "orders": [order("A", "BUY_FORCE", 100), order("B", kind, 7)]})
    assert [p["shares"] for p in answer["pairs"]] == ["7"]


def test_coins_net_in_their_lot() -> None:
    orders = [order("A", "BUY", "100"), order("B", "SELL", "0.5")]
    answer = ask({"price": "60000", "lot": "0.00000001", "orders": orders})
    assert [p["shares"] for p in answer["pairs"]] == ["0.00166666"]


def test_the_largest_and_smallest_numbers_are_answered_exactly() -> None:
    tiny, huge = "0.000000000000000001", "999999999999999999.999999999999999999"
    body = {"price": tiny, "lot": tiny, "orders": [order("A", "BUY", huge), order("B", "SELL", 1)]}
    answer = ask(body)
    assert answer["saved"]["value"] == tiny
    assert answer["remaining"][0]["value"] == "999999999999999999.999999999999999998"


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ([], ["body: not an object"]),
        (None, ["body: not an object"]),
        ({}, ["price: missing", "orders: missing"]),
        ({"price": 1, "orders": {}}, ["orders: not a list"]),
        ({"price": 1, "orders": [7]}, ["orders[0]: not an object"]),
        ({"price": 0, "orders": []}, ["price: not above zero"]),
        ({"price": None, "orders": []}, ["price: neither a number nor a number in quotes"]),
        ({"price": True, "orders": []}, ["price: neither a number nor a number in quotes"]),
        ({"price": "1,5", "orders": []}, ["price: not a decimal number: '1,5'"]),
        ({"price": {"A": -1, "B": "x"}, "orders": []}, None),
        ({"price": {"a b": 1}, "orders": []}, ["price[\"a b\"]: not a symbol: 'a b'"]),
        ({"price": {"A": 1, "a": 2}, "orders": []}, ["price: two prices for one symbol"]),
        ({"price": 1, "orders": [], "lot": 0}, ["lot: not above zero"]),
        (
            {"price": 1, "orders": [], "color": 0},
            ["color: unknown key: there are price, orders, lot, commission_percent"],
        ),
        (
            {"price": 1, "orders": [], "commission_percent": "-0.1"},
            ["commission_percent: not between 0 and 100"],
        ),
        (
            {"price": 1, "orders": [], "commission_percent": 101},
            ["commission_percent: not between 0 and 100"],
        ),
        (
            {"price": "1e18", "orders": []},
            ["price: more than 18 digits before the point: 1e18"],
        ),
    ],
)
def test_a_body_is_refused_at_the_place_of_its_fault(
    body: object, problems: list[str] | None
) -> None:
    both = ["price.A: not above zero", "price.B: not a decimal number: 'x'"]
    assert refusal(body) == (both if problems is None else problems)


def test_every_fault_of_every_order_is_named_at_once() -> None:
    body = {
        "price": {"TQQQ": "0"},
        "orders": [
            order("A", "BUY", "-1"),
            order("", "HOLD", "NaN"),
            order("C", "SELL", "Infinity", symbol="SOXL"),
            {"id": 5, "symbol": 5, "value": True},
            order("D", "SELL", 1, symbol="SOXL", price=3, account=""),
        ],
        "lot": "abc",
    }
    kinds = "BUY, BUY_FORCE, SELL, SELL_3_4, SELL_1_4, SELL_PART"
    assert refusal(body) == [
        "price.TQQQ: not above zero",
        "orders[0].value: not above zero",
        "orders[1].id: empty",
        f"orders[1].kind: must be one of {kinds}",
        "orders[1].value: not a decimal number: 'NaN'",
        "orders[2].value: not a decimal number: 'Infinity'",
        "orders[3].id: not a text",
        "orders[3].symbol: not a symbol: it is no text",
        "orders[3].kind: missing",
        "orders[3].value: neither a number nor a number in quotes",
        "orders[4].account: empty",
        "orders[4].price: unknown key: there are id, account, symbol, kind, value",
        "lot: not a decimal number: 'abc'",
        "orders[2].symbol: no price for SOXL",
    ]


def test_a_symbol_without_price_is_named_once() -> None:
    orders = [order("A", "BUY", 1), order("B", "SELL", 1, "SOXL"), order("C", "BUY", 1, "SOXL")]
    assert refusal({"price": {"tqqq": 1}, "orders": orders}) == [
        "orders[1].symbol: no price for SOXL"
    ]


def test_more_orders_than_one_answer_may_take_are_refused() -> None:
    body = {"price": 1, "orders": [order("A", "BUY", 1)] * (ORDERS_MAX + 1)}
    (problem,) = refusal(body)
    assert problem.startswith("orders: ")
    assert str(ORDERS_MAX) in problem


def test_the_body_has_a_schema_for_the_api_document() -> None:
    properties = NettingPreview.model_json_schema()["properties"]
    assert set(properties) == {"price", "orders", "lot", "commission_percent"}


@st.composite
def markets(draw: st.DrawFn) -> list[tuple[str, str, str, int]]:
    """Orders (account, symbol, kind, lots at a price of 100) with ties, in a few groups."""
    row = st.tuples(
        st.sampled_from(["x", "y"]),
        st.sampled_from(["TQQQ", "SOXL"]),
        st.sampled_from(["BUY", "SELL", "BUY_FORCE", "SELL_PART"]),
        st.integers(1, draw(st.sampled_from([2, 3, 50]))),
    )
    return draw(st.lists(row, max_size=12))


@given(markets())
def test_pairs_are_those_of_the_triple_loop(rows: list[tuple[str, str, str, int]]) -> None:
    orders = [
        order(str(n), kind, str(lots * 100 if "BUY" in kind else lots), symbol, account=account)
        for n, (account, symbol, kind, lots) in enumerate(rows)
    ]
    answer = ask({"price": "100", "orders": orders, "commission_percent": "0.1"})
    expected = []
    for group in dict.fromkeys((account, symbol) for account, symbol, _, _ in rows):
        members = [(n, row) for n, row in enumerate(rows) if row[:2] == group]
        buys = [(n, row[3]) for n, row in members if "BUY" in row[2]]
        sells = [(n, row[3]) for n, row in members if "SELL" in row[2]]
        pairs = triple_loop([lots for _, lots in buys], [lots for _, lots in sells])
        expected += [(str(buys[b][0]), str(sells[s][0]), str(lots)) for b, s, lots in pairs]
    assert [(p["buy"], p["sell"], p["shares"]) for p in answer["pairs"]] == expected
    crossed = sum(int(shares) * 100 for _, _, shares in expected)
    assert answer["saved"]["value"] == str(crossed)
    assert answer["saved"]["commission"] == to_text(Decimal(crossed) * Decimal("0.002"))
    done = [row for row in answer["remaining"] if row["status"] == "done"]
    assert answer["saved"]["broker_orders"] == len(done)
    assert all(row["value"] == "0" for row in done)
