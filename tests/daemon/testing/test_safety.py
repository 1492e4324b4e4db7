from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from algorithms.domain import AccountName
from daemon.config import load_config
from daemon.testing.safety import harmless

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config import Config

REAL = """
[daemon]
data_dir = "/var/lib/nettingd"
[database]
url = "sqlite:////var/lib/nettingd/books.db"
[heartbeat]
url = "https://watcher.example/ping"
[notify.telegram]
token = { env = "TOKEN" }
chat_id = 1
[accounts.main]
market = "24/7"
[accounts.main.paper]
database = "/var/lib/nettingd/paper.db"
"""


def read(folder: Path, text: str) -> Config:
    path = folder / "config.toml"
    path.write_text(text)
    return load_config(path, {"TOKEN": "1:x"})


def test_nothing_is_written_elsewhere_and_nobody_is_called(tmp_path: Path) -> None:
    config = harmless(read(tmp_path, REAL), tmp_path / "test")

    data = tmp_path / "test/data"
    paper = config.accounts[AccountName("main")].paper
    assert paper is not None
    assert config.daemon.data_dir == data
    assert {config.database.path.parent, paper.database.parent} == {data}
    assert config.heartbeat.url is None
    assert config.notify.telegram is None


def test_an_account_at_a_real_broker_is_refused(tmp_path: Path) -> None:
    text = REAL.replace("[accounts.main]", '[accounts.main]\nbroker = "binance"')
    text = text.split("[accounts.main.paper]")[0] + 'credentials = { key = { env = "TOKEN" } }\n'
    with pytest.raises(ValueError, match=r"accounts\.main is an account at binance"):
        harmless(read(tmp_path, text), tmp_path)
