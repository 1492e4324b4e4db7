"""The rebalancing preview answers from the body alone and names every fault in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daemon.api.decode import decode_json
from daemon.api.problems import BadInput
from daemon.api.rebalancing_preview import PlanAnswer, RebalancingPreview, preview_rebalancing
from tests.algorithms.rebalancing.houses import CASES, named


def ask(body: object) -> PlanAnswer:
    """The answer as the wire carries it."""
    answer = preview_rebalancing(decode_json(json.dumps(body).encode()))
    assert json.loads(json.dumps(answer)) == answer
    return answer


def refusal(body: object) -> list[str]:
    with pytest.raises(BadInput) as refused:
        ask(body)
    return [str(problem) for problem in refused.value.problems]


def body_of_drift(case: dict[str, Any]) -> dict[str, object]:
    current = {name: held for name, held in case["current"].items() if name != "cash"}
    holdings = {ticker: value for held in current.values() for ticker, value in held.items()}
    return {
        "cash": case["current"]["cash"],
        "holdings": holdings,
        "prices": dict.fromkeys(holdings, "1"),
        "instruments": {t: {"class": name, "tick": "1"} for name, h in current.items() for t in h},
        "mp": case["mp"],
        "sub_mp": case["sub_mp"],
        "thresholds": case["thresholds"],
    }


def body_of_targets(**more: object) -> dict[str, object]:
    case = named("target quantities and net trades")
    return {
        "equity": case["equity"],
        "cash": case["cash"],
        "holdings": case["held"],
        "prices": case["prices"],
        "instruments": {"C": {"class": "bonds", "type": "etf", "name": "Bonds"}},
        "mp": {"stocks": 60, "bonds": 35, "cash": 5},
        "sub_mp": {"stocks": {"A": 70, "B": 30}, "bonds": {"C": 100}},
        **more,
    }


@pytest.mark.parametrize("case", [c for c in CASES if "current" in c], ids=lambda c: c["name"])
def test_the_published_drifts_hold(case: dict[str, Any]) -> None:
    body = body_of_drift(case)
    answer = ask(body)
    assert answer["mp_drift"] == case["mp_drift"]
    for name, inside in case.get("sub_mp_drift", {}).items():
        assert answer["sub_mp_drift"][name] == inside
    assert answer["needed"] is case["needed"]


def test_the_published_targets_hold() -> None:
    case = named("target quantities and net trades")
    answer = ask(body_of_targets())
    assert {ticker: int(units) for ticker, units in answer["target"].items()} == case["target"]
    assert {t: int(units) for t, units in answer["net_trade"].items()} == case["net_trade"]
    assert answer["feasible"]
    assert answer["sell_orders"][0] == {
        "ticker": "A",
        "name": "A",
        "action": "sell",
        "quantity": "14",
        "limit_price": "74900",
        "price_logic": "current_price - 1 tick",
    }
    assert answer["buy_orders"][1] == {
        "ticker": "C",
        "name": "Bonds",
        "action": "buy",
        "quantity": "4",
        "limit_price": "101050",
        "price_logic": "current_price + 1 tick",
    }


@pytest.mark.parametrize("row", named("tick follows the instrument")["prices"])
def test_the_published_prices_hold(row: dict[str, Any]) -> None:
    ticker = row["ticker"]
    body = {
        "cash": 10_000_000,
        "prices": {ticker: row["price"]},
        "instruments": {ticker: {"type": row["type"]}},
        "mp": {"one": 100},
        "sub_mp": {"one": {ticker: 100}},
    }
    assert [order["limit_price"] for order in ask(body)["buy_orders"]] == [str(row["buy_limit"])]
    sold = {**body, "cash": 0, "holdings": {ticker: 3}, "mp": {"cash": 100}, "sub_mp": {}}
    assert [order["limit_price"] for order in ask(sold)["sell_orders"]] == [str(row["sell_limit"])]


def test_equal_plans_have_equal_ids_and_others_do_not() -> None:
    assert ask(body_of_targets())["plan_id"] == ask(body_of_targets())["plan_id"]
    fees = {"commission_percent": "1"}
    assert ask(body_of_targets())["plan_id"] != ask(body_of_targets(fees=fees))["plan_id"]


def test_what_is_kept_counts_neither_in_equity_nor_in_drift() -> None:
    answer = ask(body_of_targets(equity=None, keep=["Z"]))
    assert answer["equity"] == "9880000"
    assert "Z" not in answer["target"]
    assert "unclassified" not in answer["mp_drift"]


def test_a_plan_that_cannot_be_is_an_answer() -> None:
    answer = ask(body_of_targets(equity=None, prices={"A": 75050, "B": 31000}))
    assert answer["feasible"] is False
    assert answer["needed"] is None
    assert [(each["code"], each["ticker"]) for each in answer["problems"]] == [
        ("price_off_tick", "A"),
        ("no_price", "C"),
        ("no_price", "Z"),
    ]
    assert answer["sell_orders"] == answer["buy_orders"] == []


def test_coins_and_the_nearest_rounding() -> None:
    body = {
        "cash": "1000",
        "prices": {"BTC/USDT": "60000", "ETH": "3000"},
        "instruments": {"BTCUSDT": {"lot": "0.01"}, "eth": {"lot": "0.1", "min_notional": "5"}},
        "mp": {"coins": 100},
        "sub_mp": {"coins": {"btcusdt": 60, "ETH": 40}},
        "market": "24/7",
        "cash_buffer_percent": 100,
    }
    floor = ask(body)["target"]
    near = ask({**body, "rounding": "nearest_cash"})["target"]
    assert floor == {"BTCUSDT": "0.01", "ETH": "0.1"}
    assert near == floor  # a tenth more would cost 300, and 100 are left
    assert ask({**body, "cash": "1300"})["target"]["BTCUSDT"] == "0.01"


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ([], ["body: not an object"]),
        ({}, ["cash: missing", "prices: missing", "mp: missing"]),
        (
            {"cash": -1, "prices": {"A": 0}, "holdings": {"A": -3}, "mp": {"x": "y"}, "z": 1},
            [
                "cash: below zero",
                "holdings.A: below zero",
                "prices.A: not above zero",
                "mp.x: not a decimal number: 'y'",
                (
                    "z: unknown key: there are equity, cash, holdings, prices, instruments, mp, "
                    "sub_mp, thresholds, fees, market, rounding, cash_buffer_percent, "
                    "max_order_percent, keep"
                ),
            ],
        ),
        (
            {"cash": 1, "prices": {"btc/usdt": 1, "BTCUSDT": 2}, "mp": {"cash": 100}},
            ["prices.BTCUSDT: BTCUSDT is there twice"],
        ),
        (
            {"cash": 1, "prices": {}, "mp": {"stocks": 90}},
            [
                "mp: the weights sum to 90, not to 100",
                "mp.stocks: weight 90 but no Sub-MP of this class",
            ],
        ),
        (
            {"equity": 5, "cash": 1, "prices": {"A": 2}, "holdings": {"A": 3}, "mp": {"cash": 100}},
            ["equity: must equal cash and holdings: 7"],
        ),
        (
            {
                "cash": 1,
                "prices": {},
                "mp": {"cash": 100},
                "fees": {"commission_percent": 60, "sell_tax_percent": 50},
            },
            ["fees: commission and tax take more than the whole sale"],
        ),
    ],
)
def test_a_body_is_refused_at_the_places_of_its_faults(body: object, problems: list[str]) -> None:
    assert refusal(body) == problems


def test_the_body_has_a_schema_for_the_api_document() -> None:
    assert "sub_mp" in RebalancingPreview.model_json_schema()["properties"]
