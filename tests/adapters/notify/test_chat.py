from __future__ import annotations

import inspect

import pytest

from adapters.notify.chat import Bot, Button
from adapters.notify.telegram import TelegramApi
from tests.daemon.telegram.bots import ScriptedBot

FUNCTIONS = [name for name in vars(Bot) if not name.startswith("_")]


@pytest.mark.parametrize("bot", [TelegramApi, ScriptedBot])
def test_the_bot_of_the_stories_can_do_what_the_real_one_can(bot: type[Bot]) -> None:
    assert FUNCTIONS
    for name in FUNCTIONS:
        assert inspect.signature(getattr(bot, name)) == inspect.signature(getattr(Bot, name)), name


def test_a_button_shows_one_thing_and_sends_another() -> None:
    assert (Button("Yes", "y:1").label, Button("Yes", "y:1").data) == ("Yes", "y:1")
