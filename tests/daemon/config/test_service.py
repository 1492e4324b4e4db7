from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from daemon.config.service import Locale, LogFormat, LogLevel
from tests.daemon.config.loading import complaints, load

if TYPE_CHECKING:
    from pathlib import Path


def test_an_empty_file_is_a_daemon_on_this_host(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert (config.http.host, config.http.port) == ("127.0.0.1", 8710)
    assert config.daemon.live is False
    assert config.daemon.data_dir == tmp_path / "data"
    assert config.database.path == tmp_path / "data" / "nettingd.db"
    assert config.http.admin_token is None
    assert config.http.tls is None
    assert config.heartbeat.url is None
    assert config.notify.telegram is None


def test_the_database_follows_the_data_folder_unless_it_is_named(tmp_path: Path) -> None:
    config = load(tmp_path, "", NETTINGD_DAEMON__DATA_DIR="/var/lib/n")
    assert str(config.database.path) == "/var/lib/n/nettingd.db"
    config = load(tmp_path, "[daemon]\ndata_dir = 'x'\n[database]\nurl = 'sqlite:///b/n.db'\n")
    assert config.database.path == tmp_path / "b" / "n.db"


def test_the_daemon_speaks_korean_and_writes_json_when_told(tmp_path: Path) -> None:
    text = """
    [daemon]
    locale = "ko"
    timezone = "Asia/Seoul"
    log = "json"
    log_level = "debug"
    """
    daemon = load(tmp_path, text).daemon
    assert (daemon.locale, daemon.timezone) == (Locale.KOREAN, ZoneInfo("Asia/Seoul"))
    assert (daemon.log, daemon.log_level) == (LogFormat.JSON, LogLevel.DEBUG)


def test_addresses_are_networks(tmp_path: Path) -> None:
    text = "[http]\ntrusted_proxies = ['10.0.0.0/8', '::1']\n"
    assert load(tmp_path, text).http.trusted_proxies == (
        ip_network("10.0.0.0/8"),
        ip_network("::1"),
    )


def test_telegram_needs_both_its_keys(tmp_path: Path) -> None:
    text = "[notify.telegram]\ntoken = { env = 'T' }\nchat_id = -5\n"
    telegram = load(tmp_path, text, T="t").notify.telegram
    assert telegram is not None
    assert (telegram.token.reveal(), telegram.chat_id) == ("t", "-5")
    assert complaints(tmp_path, "[notify.telegram]\n").keys() == {
        "notify.telegram.token",
        "notify.telegram.chat_id",
    }


def test_what_the_service_cannot_be(tmp_path: Path) -> None:
    text = """
    [daemon]
    name = ""
    timezone = "Seoul"
    locale = "de"
    data_dir = 5
    live = "no"
    [http]
    host = "local host"
    port = 65536
    trusted_proxies = ["10.0.0.1/8", "proxy"]
    tls = {}
    [database]
    url = "postgresql://db/nettingd"
    [webhook]
    wait_seconds = -1
    max_age_seconds = 0
    dedup_seconds = nan
    allow_from = ["52.89.214.238", "52.89.214.256"]
    [heartbeat]
    url = "watcher.example"
    seconds = inf
    """
    found = complaints(tmp_path, text)
    assert found.keys() == {
        "daemon.name", "daemon.timezone", "daemon.locale", "daemon.data_dir", "daemon.live",
        "http.host", "http.port", "http.trusted_proxies.0", "http.trusted_proxies.1",
        "http.tls.certificate", "http.tls.key", "database.url",
        "webhook.wait_seconds", "webhook.max_age_seconds", "webhook.dedup_seconds",
        "webhook.allow_from.1", "heartbeat.url", "heartbeat.seconds",
    }  # fmt: skip
    assert found["http.port"] == "must be from 0 to 65535 ()"
    assert "only SQLite for now" in found["database.url"]
