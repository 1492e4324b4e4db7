from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.config import load_config
from daemon.config.changes import changes_between, kept_until_restart, load_again

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config import Config

BEFORE = """
[daemon]
data_dir = "data"
[twap]
fill_timeout_seconds = 30
[accounts.main]
market = "24/7"
currency = "USD"
[strategies.alpha]
token = { env = "ALPHA" }
[strategies.beta]
[books.a]
strategy = "alpha"
account = "main"
rule = { type = "webhook" }
[books.b]
strategy = "beta"
account = "main"
"""


def read(folder: Path, text: str, **environ: str) -> Config:
    path = folder / "config.toml"
    path.write_text(text)
    return load_config(path, {"ALPHA": "first token", **environ})


def told(old: Config, new: Config) -> list[str]:
    return [str(change) for change in changes_between(old, new)]


def test_the_same_file_changes_nothing(tmp_path: Path) -> None:
    assert told(read(tmp_path, BEFORE), read(tmp_path, BEFORE)) == []


def test_every_difference_is_told_by_its_key(tmp_path: Path) -> None:
    after = BEFORE.replace("= 30", "= 25").replace("[books.b]", "[books.c]")
    after += "[[jobs]]\nrun = 'reconcile'\nat = '09:00'\n"

    assert told(read(tmp_path, BEFORE), read(tmp_path, after)) == [
        "twap.fill_timeout_seconds changed",
        "books.b removed",
        "books.c added",
        "jobs changed",
    ]


def test_a_changed_secret_is_told_without_its_value(tmp_path: Path) -> None:
    old, new = read(tmp_path, BEFORE), read(tmp_path, BEFORE, ALPHA="second token")

    assert told(old, new) == ["strategies.alpha.token changed"]


def test_what_needs_a_restart_keeps_its_value_and_is_named(tmp_path: Path) -> None:
    old = read(tmp_path, BEFORE)
    new = read(tmp_path, BEFORE + "[http]\nport = 9000\nhost = '::1'\n[webhook]\nwait_seconds = 1")

    kept, waiting = kept_until_restart(old, new)

    assert waiting == ("http.host", "http.port")
    assert (kept.http.host, kept.http.port) == ("127.0.0.1", 8710)
    assert kept.webhook.wait_seconds == 1
    assert told(old, kept) == ["webhook.wait_seconds changed"]


def test_another_data_directory_leaves_everything_in_it_where_it_is(tmp_path: Path) -> None:
    old = read(tmp_path, BEFORE)
    path = tmp_path / "config.toml"
    path.write_text(BEFORE.replace('"data"', '"elsewhere"'))

    kept, waiting = kept_until_restart(old, load_again(path, {"ALPHA": "first token"}, old))

    assert waiting == ("daemon.data_dir",)
    assert kept == old
