from __future__ import annotations

from daemon.rules.portfolio import PortfolioRule
from daemon.rules.rule import RuleOptions
from tests.daemon.rules.days import book_day, symbol_day


async def test_it_wants_nothing_of_its_own() -> None:
    assert await PortfolioRule(RuleOptions()).decide(book_day(symbol_day())) == ()
