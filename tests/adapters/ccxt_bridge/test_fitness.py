from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from adapters.ccxt_bridge.fitness import COSTS_ONLY, NO_STOPS, UNBOUNDED, limits, obstacles

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fake_ccxt import Exchange


def spoiled(small: type[Exchange], spoil: Callable[[Any], None]) -> None:
    """Let every object of the exchange lack something."""
    begin = small.__init__

    def lacking(self: Exchange, config: dict[str, Any]) -> None:
        begin(self, config)
        spoil(self)

    small.__init__ = lacking  # type: ignore[method-assign]


def test_an_exchange_that_can_do_everything_has_no_obstacle(small: type[Exchange]) -> None:
    del small
    assert obstacles("smallx", is_test=True) == ()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda each: each.has.update(fetchMyTrades="emulated"), "cannot do fetchMyTrades"),
        (lambda each: each.has.update(spot=False), "has no spot market"),
        (lambda each: each.has.update(fetchOrders=False), "could not be found again"),
        (lambda each: setattr(each, "precisionMode", 3), "significant digits"),
        (lambda each: each.urls.pop("test"), "no test environment"),
    ],
)
def test_what_is_lacking_is_told_before_anything_is_sent(
    small: type[Exchange], spoil: Callable[[Any], None], said: str
) -> None:
    spoiled(small, spoil)
    (told,) = obstacles("smallx", is_test=True)
    assert said in told
    assert small.books["requests"] == []


def test_a_library_or_exchange_that_is_not_there_is_an_obstacle(small: type[Exchange]) -> None:
    del small
    assert obstacles("nowhere", is_test=False) == ("ccxt knows no exchange 'nowhere'",)


def test_limits_are_told_with_their_reasons(small: type[Exchange]) -> None:
    assert limits("smallx") == (NO_STOPS, UNBOUNDED)
    spoiled(small, lambda each: each.options.update(createMarketBuyOrderRequiresPrice=True))
    assert limits("smallx") == (NO_STOPS, f"market buys: {COSTS_ONLY}", UNBOUNDED)
