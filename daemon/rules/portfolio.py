"""The rule ``portfolio``: the book is rebalanced to a model portfolio, one of each account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.rules.rule import RuleClass, RuleOptions

if TYPE_CHECKING:
    from daemon.rules.rule import BookDay, Decision


class PortfolioRule(RuleClass[RuleOptions]):
    """Wants nothing on its own days: ``daemon.rebalancing`` makes its orders."""

    async def decide(self, day: BookDay) -> tuple[Decision, ...]:
        del day
        return ()
