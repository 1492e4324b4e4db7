"""Whether notices would arrive, asked of a Bot API that listens for real."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.clock import SystemClock
from daemon.cli.check_notifiers import notifier_logins
from daemon.config.notify import NotifyConfig, OutgoingConfig, TelegramConfig
from daemon.config.secret import Secret
from tests.daemon.config.loading import load
from tests.simulators.telegram.simulator import TOKEN, TelegramSimulator

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config import Config

CHAT = 42


def config(folder: Path, url: str, token: str = TOKEN, chat: int = CHAT) -> Config:
    telegram = TelegramConfig(token=Secret(token), chat_id=str(chat), base_url=url)
    webhook = OutgoingConfig(url="http://127.0.0.1:1/")
    notify = NotifyConfig(telegram=telegram, webhook=webhook)
    return load(folder, "").model_copy(update={"notify": notify})


async def test_a_bot_that_reaches_its_chat_is_named_and_nothing_is_sent(tmp_path: Path) -> None:
    async with TelegramSimulator(SystemClock()) as there:
        there.chats.open(CHAT)
        found = await asyncio.to_thread(notifier_logins, config(tmp_path, there.url))
    assert found == {
        "notify.telegram": "the bot @desk_bot reaches the chat The desk",
        "notify.webhook": "not tried: it takes notices only",
    }
    assert there.chats.messages == []


async def test_a_wrong_token_and_a_wrong_chat_are_told_apart(tmp_path: Path) -> None:
    async with TelegramSimulator(SystemClock()) as there:
        there.chats.open(CHAT)
        wrong = config(tmp_path, there.url, token="1:x")
        found = await asyncio.to_thread(notifier_logins, wrong)
        assert found["notify.telegram"] == "failed: Telegram answered 401: Unauthorized"
        elsewhere = config(tmp_path, there.url, chat=43)
        found = await asyncio.to_thread(notifier_logins, elsewhere)
        assert "chat not found" in found["notify.telegram"]


def test_without_notifiers_nobody_is_asked(tmp_path: Path) -> None:
    assert notifier_logins(load(tmp_path, "")) == {}
