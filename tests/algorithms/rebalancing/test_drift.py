"""Drift is target less current, compared unrounded."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from algorithms.decimals import total
from algorithms.rebalancing.drift import Drift, Thresholds, drifts
from algorithms.rebalancing.targets import CASH
from tests.algorithms.rebalancing.houses import (
    CASES,
    asset,
    portfolio,
    random_house,
    targets,
)


@pytest.mark.parametrize("case", [c for c in CASES if "current" in c], ids=lambda c: c["name"])
def test_the_published_cases_hold(case: dict[str, Any]) -> None:
    current = dict(case["current"])
    cash = str(current.pop("cash"))
    assets = [
        asset(ticker, "1", value, asset_class=name)
        for name, tickers in current.items()
        for ticker, value in tickers.items()
    ]
    book = portfolio(cash, *assets)
    found = drifts(book, targets(case["mp"], case["sub_mp"]))
    assert {n: d.percent for n, d in found.mp.items()} == {
        name: Decimal(str(value)) for name, value in case["mp_drift"].items()
    }
    for name, tickers in case.get("sub_mp_drift", {}).items():
        shown = {ticker: drift.percent for ticker, drift in found.sub_mp[name].items()}
        assert shown == {ticker: Decimal(value) for ticker, value in tickers.items()}
    thresholds = Thresholds(*(Decimal(str(case["thresholds"][key])) for key in ("mp", "sub_mp")))
    assert bool(list(found.reasons(thresholds))) is case["needed"]


def test_a_threshold_is_compared_with_the_unrounded_drift() -> None:
    third = Drift(Decimal(0), Decimal(1), Decimal(3))
    assert third.percent == Decimal("-33.33333333")
    assert third.reaches(Decimal("33.33333333"))
    assert third.reaches(Decimal("33.333333333333"))
    assert not third.reaches(Decimal("33.333333334"))


def test_an_empty_class_has_weights_of_zero() -> None:
    found = drifts(portfolio("100"), targets({"stocks": "100"}, {"stocks": {"A": "100"}}))
    assert [drift.percent for drift in found.sub_mp["stocks"].values()] == [100]
    assert {name: drift.percent for name, drift in found.mp.items()} == {
        "stocks": 100,
        CASH: -100,
    }


def test_what_no_target_names_drifts_in_its_own_class() -> None:
    book = portfolio("0", asset("A", "10", "9"), asset("Z", "10", "1", asset_class="coins"))
    found = drifts(book, targets({"stocks": "100"}, {"stocks": {"A": "100"}}))
    assert found.mp["coins"].percent == -10
    assert [drift.percent for drift in found.sub_mp["coins"].values()] == [-100]


def test_a_class_that_is_to_be_empty_wants_no_tickers() -> None:
    wanted = targets({"stocks": "0", CASH: "100"}, {"stocks": {"A": "100"}})
    assert "stocks" not in drifts(portfolio("100"), wanted).sub_mp
    held = drifts(portfolio("0", asset("A", "10", "9")), wanted)
    assert [drift.percent for drift in held.sub_mp["stocks"].values()] == [-100]


def test_drifts_of_a_level_sum_to_nothing() -> None:
    random = Random(5)
    for _ in range(300):
        book, wanted = random_house(random)
        if not book.equity:
            continue
        found = drifts(book, wanted)
        tiny = Decimal("0.000001")
        assert abs(total(drift.percent for drift in found.mp.values())) < tiny
        for name, inside in found.sub_mp.items():
            if any(drift.value for drift in inside.values()) and wanted.mp.get(name):
                assert abs(total(drift.percent for drift in inside.values())) < tiny
