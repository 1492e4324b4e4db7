"""The whole configuration: what ``config.toml`` holds, checked and frozen."""

# ruff: noqa: TC001, TC003 - pydantic reads annotations when the class is made

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from daemon.config.accounts import AccountConfig, BrokerKind
from daemon.config.books import BookConfig, StrategyConfig
from daemon.config.jobs import JobConfig
from daemon.config.kinds import (
    AccountRef,
    BookRef,
    StrategyRef,
    SymbolName,
    Table,
    empty_table,
    one_of,
)
from daemon.config.market import CalendarConfig, InstrumentConfig, Market
from daemon.config.notify import NotifyConfig
from daemon.config.section import Section
from daemon.config.service import (
    DaemonConfig,
    DatabaseConfig,
    HeartbeatConfig,
    HttpConfig,
    WebhookConfig,
)
from daemon.config.trading import (
    CancelConfig,
    LocConfig,
    NettingConfig,
    RebalancingConfig,
    ReconcileConfig,
    RiskConfig,
    ScheduleConfig,
    TwapConfig,
)

CURRENCY_OF_MARKET: Mapping[str, str] = {
    Market.XKRX: "KRW",
    Market.XNYS: "USD",
    Market.ALWAYS_OPEN: "USDT",
}


class Config(Section):
    """Everything that can be configured. Made by ``load_config``."""

    daemon: DaemonConfig = DaemonConfig()
    http: HttpConfig = HttpConfig()
    database: DatabaseConfig
    webhook: WebhookConfig = WebhookConfig()
    netting: NettingConfig = NettingConfig()
    twap: TwapConfig = TwapConfig()
    loc: LocConfig = LocConfig()
    rebalancing: RebalancingConfig = RebalancingConfig()
    cancel: CancelConfig = CancelConfig()
    reconcile: ReconcileConfig = ReconcileConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    risk: RiskConfig = RiskConfig()
    heartbeat: HeartbeatConfig = HeartbeatConfig()
    notify: NotifyConfig = NotifyConfig()
    calendars: Table[
        Annotated[Market, one_of(Market, Market.XKRX, Market.XNYS)], CalendarConfig
    ] = Field(default_factory=empty_table)
    instruments: Table[SymbolName, InstrumentConfig] = Field(default_factory=empty_table)
    accounts: Table[AccountRef, AccountConfig] = Field(default_factory=empty_table)
    strategies: Table[StrategyRef, StrategyConfig] = Field(default_factory=empty_table)
    books: Table[BookRef, BookConfig] = Field(default_factory=empty_table)
    jobs: tuple[JobConfig, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, data: object) -> object:
        """Fill in the defaults of keys that follow from other keys."""
        return with_derived_defaults(data) if isinstance(data, dict) else data


def with_derived_defaults(data: Mapping[str, object]) -> dict[str, object]:
    """The same tables with ``database.url``, currencies and paper databases filled in.

    Whatever has the wrong type stays as it is: validation comes after this and reports it.
    """
    daemon = _with_default(data.get("daemon", {}), "data_dir", "data")
    named = daemon.get("data_dir") if isinstance(daemon, dict) else None
    data_dir = named if isinstance(named, str) else "data"
    url = f"sqlite:///{data_dir}/nettingd.db"
    filled = {
        **data,
        "daemon": daemon,
        "database": _with_default(data.get("database", {}), "url", url),
    }
    accounts = data.get("accounts")
    if isinstance(accounts, dict):
        filled["accounts"] = {
            name: _with_account_defaults(account, f"{data_dir}/paper-{name}.db")
            for name, account in accounts.items()
        }
    return filled


def _with_account_defaults(account: object, paper_database: str) -> object:
    if not isinstance(account, dict):
        return account
    market = account.get("market")
    currency = CURRENCY_OF_MARKET.get(market, "USD") if isinstance(market, str) else "USD"
    filled = {"currency": currency, **account}
    if "paper" in account or account.get("broker", BrokerKind.PAPER) == BrokerKind.PAPER:
        filled["paper"] = _with_default(account.get("paper", {}), "database", paper_database)
    return filled


def _with_default(table: object, key: str, value: object) -> object:
    return {key: value, **table} if isinstance(table, dict) else table
