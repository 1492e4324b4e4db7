from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import StrategyName
from daemon.config import ConfigErrors, ensure_admin_token, ensure_strategy_token
from tests.daemon.config.loading import ONE_BOOK, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOT = StrategyName("bot")


@pytest.fixture(autouse=True)
def careless_umask() -> Iterator[None]:
    """As on a machine that lets everyone read what anyone writes."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_configured_token_is_taken_and_nothing_written(tmp_path: Path) -> None:
    text = ONE_BOOK.replace("[strategies.bot]", "[strategies.bot]\ntoken = { env = 'T' }")
    config = load(tmp_path, text, T="mine", NETTINGD_HTTP__ADMIN_TOKEN="admin")
    assert ensure_admin_token(config).reveal() == "admin"
    assert ensure_strategy_token(config, BOT).reveal() == "mine"
    assert not config.daemon.data_dir.exists()


def test_a_missing_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    config = load(tmp_path, ONE_BOOK)
    admin, bot = ensure_admin_token(config), ensure_strategy_token(config, BOT)
    assert admin != bot
    assert len(admin.reveal()) == len(bot.reveal()) == 43  # 256 bits
    assert (ensure_admin_token(config), ensure_strategy_token(config, BOT)) == (admin, bot)
    data = tmp_path / "data"
    assert (data / "admin.token").read_text() == admin.reveal() + "\n"
    assert (data / "tokens" / "bot.token").read_text() == bot.reveal() + "\n"
    assert {mode(data / "admin.token"), mode(data / "tokens" / "bot.token")} == {0o600}
    assert {mode(data), mode(data / "tokens")} == {0o700}


def test_no_draft_is_left_behind(tmp_path: Path) -> None:
    ensure_admin_token(load(tmp_path, ""))
    assert [each.name for each in (tmp_path / "data").iterdir()] == ["admin.token"]


def test_the_file_is_private_from_its_first_instant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    real_link = os.link

    def watched(source: Path, target: Path) -> None:
        modes.append(mode(source))
        real_link(source, target)
        modes.append(mode(target))

    monkeypatch.setattr(os, "link", watched)
    ensure_admin_token(load(tmp_path, ""))
    assert modes == [0o600, 0o600]


def test_two_starts_at_once_agree_on_one_token(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: ensure_admin_token(config).reveal(), range(64)))
    assert len(set(made)) == 1


def test_a_token_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "admin.token"
    file.write_text("by hand\n")
    assert mode(file) == 0o666
    assert ensure_admin_token(load(tmp_path, "")).reveal() == "by hand"
    assert mode(file) == 0o600


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff"])
def test_a_token_file_without_a_token_is_an_error_that_names_it(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin.token").write_bytes(content)
    with pytest.raises(ConfigErrors) as refused:
        ensure_admin_token(load(tmp_path, ""))
    (error,) = refused.value.errors
    assert error.path == "http.admin_token"
    assert "admin.token" in error.message


def test_a_data_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(ConfigErrors, match=r"strategies\.bot\.token: .*cannot be used"):
        ensure_strategy_token(load(tmp_path, ONE_BOOK), BOT)


def test_a_strategy_that_is_not_configured_has_no_token(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        ensure_strategy_token(load(tmp_path, ONE_BOOK), StrategyName("other"))
