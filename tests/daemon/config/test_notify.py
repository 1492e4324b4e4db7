from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import pytest

from daemon.config.notify import QuietHours
from daemon.notices import Level
from tests.daemon.config.loading import complaints, load

if TYPE_CHECKING:
    from pathlib import Path


def test_a_bot_is_configured_with_two_keys_and_tuned_with_more(tmp_path: Path) -> None:
    text = """
    [notify.telegram]
    token = { env = "T" }
    chat_id = -100123
    """
    plain = load(tmp_path, text, T="1:a").notify.telegram
    assert plain is not None
    assert (plain.level, plain.quiet, plain.group_seconds) == (Level.INFO, None, 3.0)
    assert (plain.users, plain.base_url) == ((), "https://api.telegram.org")

    more = """
    users = [7, 8]
    level = "warning"
    quiet = "22:00-07:00"
    group_seconds = 0
    base_url = "http://127.0.0.1:8081"
    """
    tuned = load(tmp_path, text + more, T="1:a").notify.telegram
    assert tuned is not None
    assert (tuned.users, tuned.level) == ((7, 8), Level.WARNING)
    assert tuned.quiet == QuietHours(time(22), time(7))
    assert str(tuned.quiet) == "22:00-07:00"


def test_an_address_needs_no_secret_but_a_url(tmp_path: Path) -> None:
    webhook = load(tmp_path, '[notify.webhook]\nurl = "https://there.example/x"\n').notify.webhook
    assert webhook is not None
    assert webhook.secret is None
    assert complaints(tmp_path, "[notify.webhook]\n").keys() == {"notify.webhook.url"}


@pytest.mark.parametrize("quiet", ['"22-07"', '"22:00-22:00"', '"25:00-07:00"', '"22:00"', "22"])
def test_hours_that_are_none_are_explained(tmp_path: Path, quiet: str) -> None:
    text = f'[notify.webhook]\nurl = "https://there.example"\nquiet = {quiet}\n'
    found = complaints(tmp_path, text)
    assert found.keys() == {"notify.webhook.quiet"}
    assert '"22:00-07:00"' in found["notify.webhook.quiet"]


def test_what_a_notifier_cannot_be(tmp_path: Path) -> None:
    text = """
    [notify.telegram]
    token = "in the clear"
    chat_id = "me"
    users = ["ann", 0, -4]
    level = "loud"
    group_seconds = -1
    base_url = "api.telegram.org"
    """
    assert complaints(tmp_path, text).keys() == {
        "notify.telegram.token",
        "notify.telegram.chat_id",
        "notify.telegram.users.0",
        "notify.telegram.users.1",
        "notify.telegram.users.2",
        "notify.telegram.level",
        "notify.telegram.group_seconds",
        "notify.telegram.base_url",
    }
