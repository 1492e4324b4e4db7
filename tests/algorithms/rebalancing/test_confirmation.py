from __future__ import annotations

from decimal import Decimal

from algorithms.domain import Symbol
from algorithms.rebalancing.confirmation import differences, signed_trades
from algorithms.rebalancing.plan import Settings, make_plan
from tests.algorithms.rebalancing.houses import asset, portfolio, targets

FIVE = Decimal(5)


def units(**trades: str) -> dict[Symbol, Decimal]:
    return {Symbol(ticker): Decimal(count) for ticker, count in trades.items()}


def test_sells_are_below_zero() -> None:
    house = portfolio("0", asset("A", "1000", "100"), asset("B", "1000"))
    wanted = targets({"stocks": "100"}, {"stocks": {"B": "100"}})
    trades = signed_trades(make_plan(house, wanted, Settings()))
    assert trades["A"] == -100  # type: ignore[index]
    assert trades["B"] > 0  # type: ignore[index]


def test_a_trade_may_differ_by_the_tolerance_and_no_more() -> None:
    before = units(A="-100", B="40")
    assert list(differences(before, units(A="-105", B="38"), FIVE)) == []
    (found,) = differences(before, units(A="-106", B="40"), FIVE)
    assert found == ("A", "-100 was confirmed, now it is -106")


def test_what_is_new_or_gone_or_turned_round_differs() -> None:
    found = dict(differences(units(A="-100", B="40"), units(B="-40", C="1"), FIVE))
    assert found.keys() == {"A", "B", "C"}
    assert dict(differences(units(A="1"), units(A="1"), Decimal(0))) == {}
