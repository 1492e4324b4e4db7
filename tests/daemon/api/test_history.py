from __future__ import annotations

from typing import Any

import pytest

from daemon.api.history import complete

FILL = {
    "symbol": "TQQQ",
    "asset": "TQQQ",
    "side": "sell",
    "quantity": "3",
    "price": "110",
    "profit": "30",
    "total": None,
}
ENTRY = {**FILL, "side": None, "price": None, "profit": "0"}


def completed(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - columns of history
    item: dict[str, Any] = {**FILL, **changes}
    complete(item)
    assert "side" not in item
    assert "quantity" not in item
    return item


def test_a_sale_tells_what_its_shares_had_cost_and_the_rate() -> None:
    item = completed()
    assert (item["shares"], item["total"]) == ("-3", "330")
    assert (item["buy_price"], item["sell_price"], item["rate"]) == ("100", "110", "10")


@pytest.mark.parametrize(("profit", "rate"), [("-30", "-8.33"), ("330", None)])
def test_rates_are_rounded_to_two_places_and_need_a_cost(profit: str, rate: str | None) -> None:
    assert completed(profit=profit)["rate"] == rate


def test_a_purchase_has_neither_profit_nor_rate() -> None:
    item = completed(side="buy", profit=None)
    assert (item["shares"], item["buy_price"], item["sell_price"]) == ("3", "110", None)
    assert (item["profit"], item["rate"]) == (None, None)


def test_units_that_move_are_shares_and_cash_is_a_total() -> None:
    units = completed(**{**ENTRY, "price": "90", "quantity": "-2"})
    assert (units["shares"], units["buy_price"], units["total"]) == ("-2", "90", None)
    cash = completed(**{**ENTRY, "symbol": None, "asset": "USD", "quantity": "-50"})
    assert (cash["shares"], cash["total"]) == (None, "-50")
