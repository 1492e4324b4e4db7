"""Who is told what happened, beside the log."""

# ruff: noqa: TC001 - pydantic reads annotations when the class is made

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated

from pydantic import Field

from daemon.config.kinds import ChatId, HttpUrl, Kind, Seconds, UserId, one_of
from daemon.config.problems import fault
from daemon.config.secret import Secret
from daemon.config.section import Section
from daemon.notices import Level

_HOURS = re.compile(r"([0-9]{2}:[0-9]{2}) ?- ?([0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A part of each day, in ``daemon.timezone``. It may run past midnight."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


def read_quiet(value: object) -> QuietHours:
    """Raises a fault when ``value`` is no part of a day such as ``22:00-07:00``."""
    if isinstance(value, QuietHours):
        return value
    match = _HOURS.fullmatch(value) if isinstance(value, str) else None
    try:
        hours = QuietHours(*map(time.fromisoformat, match.groups())) if match else None
    except ValueError:
        hours = None
    if hours is None or hours.begin == hours.end:
        raise fault("must be a part of the day, from its begin to its end", 'like "22:00-07:00"')
    return hours


class NotifierConfig(Section):
    """What every notifier has in common."""

    level: Annotated[Level, one_of(Level)] = Field(
        Level.INFO, description="The least important notices that are sent."
    )
    quiet: Annotated[QuietHours, Kind("hours of the day", read_quiet, text=True)] | None = Field(
        None,
        description="Hours in `daemon.timezone` in which alarms alone are sent; the others wait "
        "for their end. Left out: none.",
    )
    group_seconds: Seconds = Field(
        3.0,
        description="How long a notice waits for others, to be sent together. Alarms never wait.",
    )


class TelegramConfig(NotifierConfig):
    """Notices by a Telegram bot, and commands to it."""

    token: Secret = Field(description="The bot's token.")
    chat_id: ChatId = Field(description="The chat that gets notices and may give commands.")
    users: tuple[UserId, ...] = Field(
        (),
        description="Ids of the users who may give commands in that chat. Empty: all who are in "
        "it.",
    )
    base_url: HttpUrl = Field(
        "https://api.telegram.org",
        description="Address of the Bot API; another one for a Bot API server of your own.",
    )


class OutgoingConfig(NotifierConfig):
    """Notices as JSON, posted to an address of yours."""

    url: HttpUrl = Field(description="Where notices are posted.")
    secret: Secret | None = Field(
        None,
        description="Key of the HMAC-SHA256 signature in `X-Signature`. Left out: none is sent.",
    )


class NotifyConfig(Section):
    """Who is told what happened, beside the log."""

    telegram: TelegramConfig | None = Field(None, description="Left out: off.")
    webhook: OutgoingConfig | None = Field(None, description="Left out: off.")
