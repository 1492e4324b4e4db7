from __future__ import annotations

from decimal import Decimal
from random import Random

from algorithms.decimals import total
from algorithms.rebalancing.outcome import achieved
from tests.algorithms.rebalancing.houses import asset, portfolio, random_house, targets

BUFFER = Decimal("98.5")
HALVES = targets({"stocks": "90", "cash": "10"}, {"stocks": {"A": "50", "B": "50"}})


def test_weights_within_one_lot_and_the_buffer_are_what_was_wanted() -> None:
    house = portfolio("1020000", asset("A", "100000", "45"), asset("B", "50000", "89"))
    found = achieved(house, HALVES, BUFFER)
    assert found.beyond == ()
    assert found.weights["A"] == Decimal("45.13540622")
    assert found.targets == {"A": 45, "B": 45, "cash": 10}
    assert total(found.weights.values()) == 100


def test_what_is_further_away_is_named_and_so_is_what_no_target_names() -> None:
    house = portfolio(
        "1000000", asset("A", "100000", "30"), asset("B", "50000", "89"), asset("Z", "1000", "900")
    )
    found = achieved(house, HALVES, BUFFER)
    assert found.beyond == ("A", "B", "Z")
    assert found.tracking_error > 10


def test_an_empty_book_has_no_weights() -> None:
    found = achieved(portfolio("0"), HALVES, BUFFER)
    assert found.equity == found.tracking_error == 0
    assert found.weights == {}


def test_weights_always_sum_to_a_hundred() -> None:
    random = Random(7)
    for _ in range(30):
        house, wanted = random_house(random)
        found = achieved(house, wanted, BUFFER)
        assert not found.weights or total(found.weights.values()) == 100
