"""``nettingd rebalance`` is the rebalancing preview on a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from daemon.api.decode import decode_json
from daemon.api.rebalancing_preview import preview_rebalancing
from daemon.cli.main import main
from daemon.cli.rebalance import rebalance
from tests.algorithms.rebalancing.houses import CASES, named
from tests.daemon.api.test_rebalancing_preview import body_of_drift, body_of_targets

if TYPE_CHECKING:
    from pathlib import Path


def text(**more: object) -> str:
    code, out, err = rebalance(json.dumps(body_of_targets(**more)).encode(), as_json=False)
    assert (code, err) == (0, "")
    return out


def test_people_get_drifts_targets_and_orders() -> None:
    out = text()
    assert "A in stocks is -10.89368259 percent from its weight\n" in out
    assert (
        "order  ticker  quantity   limit  price\n"
        "-----  ------  --------  ------  ----------------------\n"
        "sell   A             14   74900  current_price - 1 tick\n"
        "sell   Z             12    9990  current_price - 1 tick\n"
        "buy    B             18   31050  current_price + 1 tick\n"
        "buy    C              4  101050  current_price + 1 tick\n"
    ) in out


def test_people_are_told_when_nothing_is_to_be_done_or_can_be() -> None:
    assert "no run is needed" in text(
        thresholds={"mp": 100, "sub_mp": 100}, keep=["Z"], equity=None
    )
    out = text(prices={"A": 75050}, equity=None)
    assert "not feasible, nothing would be ordered:\nA: 75050 is not on the tick 100" in out


def test_what_is_left_out_or_large_is_shown() -> None:
    out = text(max_order_percent=1, fees={"commission_percent": 5})
    assert "to be confirmed, being large: A, Z, B, C\n" in out
    dust = body_of_targets(equity=None)
    holdings = {"A": 70, "B": 40, "C": 30, "Z": "12.5"}
    _, out, _ = rebalance(json.dumps({**dust, "holdings": holdings}).encode(), as_json=False)
    assert "sell      Z            0.5  below_one_lot\n" in out


@pytest.mark.parametrize("case", [c for c in CASES if "current" in c], ids=lambda c: c["name"])
def test_the_published_cases_hold(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "body.json"
    file.write_text(json.dumps(body_of_drift(case)))
    assert main(["rebalance", "--json", "--input", str(file)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["mp_drift"] == case["mp_drift"]
    assert answer["needed"] is case["needed"]


def test_programs_get_the_answer_of_the_http_call() -> None:
    body = json.dumps(body_of_targets()).encode()
    code, out, _ = rebalance(body, as_json=True)
    assert code == 0
    assert json.loads(out) == preview_rebalancing(decode_json(body))
    target = named("target quantities and net trades")["target"]
    assert {ticker: int(units) for ticker, units in json.loads(out)["target"].items()} == target


def test_bad_input_is_told_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert rebalance(b"{}", as_json=True) == (
        2,
        "",
        "cash: missing\nprices: missing\nmp: missing\n",
    )
    assert main(["rebalance", "--input", "/nowhere/x.json"]) == 2
    assert capsys.readouterr().err.startswith("nettingd rebalance: /nowhere/x.json: ")
