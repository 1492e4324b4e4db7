"""The rule ``webhook``: orders come from outside, none from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.rules.rule import RuleClass, RuleOptions

if TYPE_CHECKING:
    from daemon.rules.rule import BookDay, Decision


class WebhookRule(RuleClass[RuleOptions]):
    """Wants nothing of its own."""

    async def decide(self, day: BookDay) -> tuple[Decision, ...]:
        del day
        return ()
