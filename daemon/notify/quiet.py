"""Quiet hours: when nothing but alarms is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from daemon.config.notify import QuietHours


def is_quiet(now: datetime, hours: QuietHours | None, zone: ZoneInfo) -> bool:
    """Whether ``now`` is in these hours, as a clock on the wall shows: begin included, end not."""
    if hours is None:
        return False
    at = now.astimezone(zone).time()
    if hours.begin > hours.end:  # past midnight
        return at >= hours.begin or at < hours.end
    return hours.begin <= at < hours.end
