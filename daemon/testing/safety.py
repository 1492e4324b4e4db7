"""A configuration as a test may use it: nothing of it reaches the world or anybody's data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.config.accounts import BrokerKind
from daemon.config.notify import NotifyConfig
from daemon.config.service import HeartbeatConfig

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config import Config
    from daemon.config.accounts import AccountConfig


def harmless(config: Config, folder: Path) -> Config:
    """Return the configuration with every file below ``folder``, and without calls to outside.

    Raises ValueError for an account that is not a paper account: a test that silently trades
    elsewhere than its author thinks would be worse than none.
    """
    data = folder / "data"
    accounts = {name: _account(name, one, data) for name, one in config.accounts.items()}
    return config.model_copy(
        update={
            "daemon": config.daemon.model_copy(update={"data_dir": data}),
            "database": config.database.model_copy(
                update={"url": f"sqlite:///{data / 'nettingd.db'}"}
            ),
            "http": config.http.model_copy(update={"tls": None}),
            "heartbeat": HeartbeatConfig(),
            "notify": NotifyConfig(),
            "accounts": accounts,
        }
    )


def _account(name: str, account: AccountConfig, data: Path) -> AccountConfig:
    if account.broker is not BrokerKind.PAPER or account.paper is None:
        raise ValueError(
            f"accounts.{name} is an account at {account.broker.value}; "
            'in a test every account has broker = "paper"'
        )
    paper = account.paper.model_copy(update={"database": data / f"paper-{name}.db"})
    return account.model_copy(update={"paper": paper})
