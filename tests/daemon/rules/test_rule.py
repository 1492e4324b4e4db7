from __future__ import annotations

from decimal import Decimal

import pytest

from algorithms.domain import Kind
from daemon.rules.rule import RuleClass, RuleOptions, Wish
from tests.daemon.rules.days import book_day


class Own(RuleOptions):
    units: int


class Mine(RuleClass[Own]):
    pass


class Plain(RuleClass[RuleOptions]):
    pass


def test_the_options_named_in_the_brackets_are_the_rules_model() -> None:
    assert Mine.options_model is Own
    assert Plain.options_model is RuleOptions
    assert Mine(Own(units=3)).options.units == 3


async def test_a_rule_without_its_method_says_so() -> None:
    with pytest.raises(NotImplementedError):
        await Plain(RuleOptions()).decide(book_day())


@pytest.mark.parametrize(
    ("kind", "cash", "quantity"),
    [
        (Kind.BUY, None, None),
        (Kind.BUY, "1", "1"),
        (Kind.BUY, "0", None),
        (Kind.SELL, None, "-1"),
        (Kind.SELL, "5", None),
        (Kind.BUY, "NaN", None),
    ],
)
def test_an_order_that_cannot_be_wanted(kind: Kind, cash: str | None, quantity: str | None) -> None:
    with pytest.raises(ValueError, match=r"order|buys"):
        Wish(
            kind=kind,
            cash=None if cash is None else Decimal(cash),
            quantity=None if quantity is None else Decimal(quantity),
        )
