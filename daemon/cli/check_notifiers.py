"""``nettingd check --online``: whether notices would arrive. Nothing is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.notify.errors import NotDeliveredError

if TYPE_CHECKING:
    from daemon.config import Config
    from daemon.config.notify import TelegramConfig


def notifier_logins(config: Config) -> dict[str, str]:
    """Say what came of asking each notifier, by its key in the configuration."""
    found = {}
    if config.notify.telegram is not None:
        found["notify.telegram"] = asyncio.run(_telegram(config.notify.telegram))
    if config.notify.webhook is not None:
        found["notify.webhook"] = "not tried: it takes notices only"
    return found


async def _telegram(settings: TelegramConfig) -> str:
    from adapters.notify.telegram import TelegramApi  # noqa: PLC0415 - for those who have a bot

    api = TelegramApi(settings.token.reveal(), settings.base_url)
    try:
        bot, chat = await api.whereabouts(settings.chat_id)
    except NotDeliveredError as error:
        return f"failed: {error}"
    finally:
        await api.close()
    return f"the bot {bot} reaches the chat {chat}"
