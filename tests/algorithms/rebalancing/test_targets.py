"""Targets are refused with every fault and its place."""

from __future__ import annotations

from decimal import Decimal

import pytest

from algorithms.rebalancing.targets import target_faults
from tests.algorithms.rebalancing.houses import targets

GOOD = (
    {"stocks": "60", "bonds": "35", "cash": "5"},
    {"stocks": {"A": "100"}, "bonds": {"B": "100"}},
)


def test_weights_are_shares_of_equity_and_exact() -> None:
    wanted = targets(
        {"stocks": "60", "bonds": "35", "cash": "5"},
        {"stocks": {"A": "70", "B": "30"}, "bonds": {"C": "100"}},
    )
    assert wanted.weights() == {"A": Decimal(42), "B": Decimal(18), "C": Decimal(35)}
    assert wanted.cash == 5
    assert wanted.class_of() == {"A": "stocks", "B": "stocks", "C": "bonds"}
    assert not list(target_faults(wanted))


@pytest.mark.parametrize("sums_to", ["99.99", "100", "100.01"])
def test_a_sum_may_be_a_hundredth_off(sums_to: str) -> None:
    mp = {"stocks": str(Decimal(sums_to) - 5), "cash": "5"}
    assert not list(target_faults(targets(mp, {"stocks": {"A": "100"}})))


def test_a_class_without_weight_needs_no_tickers_and_cash_never_does() -> None:
    assert not list(target_faults(targets({"stocks": "0", "cash": "100"}, {})))


@pytest.mark.parametrize(
    ("mp", "sub_mp", "faults"),
    [
        ({}, {}, [("mp", "the weights sum to 0, not to 100")]),
        (
            {"stocks": "99.98"},
            {"stocks": {"A": "100.02"}},
            [
                ("mp", "the weights sum to 99.98, not to 100"),
                ("sub_mp.stocks", "the weights sum to 100.02, not to 100"),
            ],
        ),
        ({"stocks": "100"}, {}, [("mp.stocks", "weight 100 but no Sub-MP of this class")]),
        (
            {"stocks": "110", "cash": "-10"},
            {"stocks": {"A": "-1", "B": "101"}},
            [("mp.cash", "below zero"), ("sub_mp.stocks.A", "below zero")],
        ),
        (
            {"stocks": "50", "bonds": "50"},
            {"stocks": {"A": "100"}, "bonds": {"A": "100"}},
            [("sub_mp.bonds.A", "already in the class stocks")],
        ),
        (
            {"cash": "100"},
            {"cash": {"A": "100"}, "bonds": {"B": "100"}},
            [
                ("sub_mp.cash", "cash has no tickers: give them another class"),
                ("sub_mp.bonds", "no such class in mp"),
            ],
        ),
        (
            {"stocks": "80", "Cash": "20"},
            {"stocks": {"A": "100"}},
            [("mp.Cash", "write cash in small letters, or name the class otherwise")],
        ),
        (
            {"stocks": "50", "Stocks": "50"},
            {"stocks": {"A": "100"}, "Stocks": {"B": "100"}},
            [("mp.Stocks", "only capitals tell it from the class stocks")],
        ),
        (
            {" stocks": "100"},
            {"stocks": {"A": "100"}},
            [
                ("mp. stocks", "the name of a class neither begins nor ends with a blank"),
                ("sub_mp.stocks", "no such class in mp"),
            ],
        ),
    ],
)
def test_every_fault_is_named(
    mp: dict[str, str], sub_mp: dict[str, dict[str, str]], faults: list[tuple[str, str]]
) -> None:
    found = [(".".join(each.path), each.message) for each in target_faults(targets(mp, sub_mp))]
    assert found == faults
