"""The daemon as a service: itself, its doors, its database, and who is told."""

# ruff: noqa: TC001 - pydantic reads annotations when the class is made

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from daemon.config.kinds import (
    AddressRange,
    Boolean,
    DatabaseUrl,
    FilePath,
    Host,
    HttpUrl,
    Port,
    PositiveSeconds,
    Seconds,
    Text,
    Zone,
    one_of,
)
from daemon.config.secret import Secret
from daemon.config.section import Section


class Locale(StrEnum):
    """Language of notices, pages and commands."""

    ENGLISH = "en"
    KOREAN = "ko"


class LogFormat(StrEnum):
    """How a log line is written."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least important lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class DaemonConfig(Section):
    """The process itself."""

    name: Text = Field(
        "nettingd", description="What this daemon is called in logs, notices and pages."
    )
    timezone: Zone = Field(
        ZoneInfo("UTC"),
        description="Time zone in which people are shown times. Schedules follow the exchange's.",
    )
    locale: Annotated[Locale, one_of(Locale)] = Field(
        Locale.ENGLISH, description="Language of notices, pages and commands."
    )
    data_dir: FilePath = Field(
        Path("data"),
        description="Folder of everything the daemon writes: databases, created tokens, the lock.",
    )
    live: Boolean = Field(
        default=False,
        description='Whether accounts with `environment = "live"` may place orders.',
    )
    log: Annotated[LogFormat, one_of(LogFormat)] = Field(
        LogFormat.TEXT, description="Log lines for people or for programs."
    )
    log_level: Annotated[LogLevel, one_of(LogLevel)] = Field(
        LogLevel.INFO, description="The least important log lines that are written."
    )


class TlsConfig(Section):
    """Certificate of the HTTP server, when no proxy in front of it speaks TLS."""

    certificate: FilePath = Field(description="Certificate chain, PEM.")
    key: FilePath = Field(description="Private key of the certificate, PEM.")


class HttpConfig(Section):
    """Where webhooks, pages and the API are served."""

    host: Host = Field(
        "127.0.0.1", description="Address to listen on. The default is reached from this host only."
    )
    port: Port = Field(8710, description="TCP port to listen on; 0 takes any free one.")
    admin_token: Secret | None = Field(
        None,
        description="Token for everything but webhooks. "
        "Left out, one is created as `admin.token` in `daemon.data_dir`, mode 0600.",
    )
    trusted_proxies: tuple[AddressRange, ...] = Field(
        (), description="Proxies whose X-Forwarded-For header tells the caller's address."
    )
    tls: TlsConfig | None = Field(None, description="Left out, the server speaks plain HTTP.")


class DatabaseConfig(Section):
    """Where the books are kept."""

    url: DatabaseUrl = Field(
        description="SQLite file; three slashes begin a relative path, four an absolute one.",
        json_schema_extra={"derived": "`nettingd.db` in `daemon.data_dir`"},
    )

    @property
    def path(self) -> Path:
        """The database file."""
        return Path(self.url.removeprefix("sqlite:///"))


class WebhookConfig(Section):
    """How signals are taken in."""

    wait_seconds: Seconds = Field(
        2.0,
        description="How long a request waits for its orders before it is answered 202. "
        "TradingView gives up after 3.",
    )
    max_age_seconds: PositiveSeconds = Field(
        60.0,
        description="A stored signal that could not be worked for this long is dropped "
        "with a notice, never sent late.",
    )
    dedup_seconds: Seconds = Field(
        10.0,
        description="The same body without an idempotency key counts as a repeat for this long; "
        "0 never.",
    )
    allow_from: tuple[AddressRange, ...] = Field(
        (), description="Addresses that may send signals. Empty: any."
    )


class HeartbeatConfig(Section):
    """An outside watcher that notices when this host is dead."""

    url: HttpUrl | None = Field(None, description="Called while the daemon is well. Left out: off.")
    seconds: PositiveSeconds = Field(60.0, description="Time between calls.")
