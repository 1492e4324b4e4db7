"""Accounts at brokers, and the paper exchange that stands in for one."""

# ruff: noqa: TC001 - pydantic reads annotations when the class is made

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from daemon.config.kinds import (
    Boolean,
    CredentialName,
    Currency,
    Day,
    FilePath,
    HttpUrl,
    Milliseconds,
    Percent,
    Positive,
    Probability,
    SocketUrl,
    SymbolName,
    Table,
    Text,
    Whole,
    empty_table,
    one_of,
)
from daemon.config.market import KoreanVenue, Market
from daemon.config.secret import Secret
from daemon.config.section import Section


class BrokerKind(StrEnum):
    """Which adapter speaks to the broker."""

    PAPER = "paper"
    KIS = "kis"
    BINANCE = "binance"
    CCXT = "ccxt"


class MarketType(StrEnum):
    """What the account holds: things, or contracts on them."""

    SPOT = "spot"
    FUTURES = "futures"


class Environment(StrEnum):
    """Whether the broker's orders are play or real."""

    PAPER = "paper"
    LIVE = "live"


class FillMode(StrEnum):
    """How the paper exchange fills a marketable order."""

    FULL = "full"
    PARTIAL = "partial"


class PaperHours(StrEnum):
    """When the paper exchange trades."""

    ALWAYS = "always"
    EXCHANGE = "exchange"


class FaultsConfig(Section):
    """How often the paper exchange misbehaves: each a probability per request or event."""

    answer_lost_before: Probability = Field(
        Decimal(0), description="The connection breaks before an order is accepted."
    )
    answer_lost_after: Probability = Field(
        Decimal(0), description="The order is accepted, and the answer is lost."
    )
    delay_ms: Milliseconds = Field(0, description="Further wait before every answer.")
    server_error: Probability = Field(Decimal(0), description="The exchange answers 5xx.")
    rate_limit: Probability = Field(Decimal(0), description="The exchange asks to wait.")
    duplicate_fills: Probability = Field(Decimal(0), description="A fill is reported twice.")
    late_fills: Probability = Field(Decimal(0), description="A fill is reported late.")
    lost_events: Probability = Field(
        Decimal(0), description="A fill or another event is not reported at all."
    )
    disconnect: Probability = Field(Decimal(0), description="The stream of events breaks.")
    reject: Probability = Field(Decimal(0), description="An order is rejected.")


class PaperConfig(Section):
    """The paper exchange behind an account. Its market outlives the daemon, in its own database."""

    database: FilePath = Field(
        description="Its database file.",
        json_schema_extra={"derived": "`paper-NAME.db` in `daemon.data_dir`"},
    )
    seed: Whole = Field(1, description="Seed of the random walk, of partial fills and of faults.")
    prices: Table[SymbolName, Positive] = Field(
        default_factory=empty_table,
        description="Price of each symbol when it is first seen. "
        '`prices = { csv = "path" }` is another way to write `csv`.',
    )
    csv: FilePath | None = Field(
        None,
        description="File of prices (`time,symbol,price`) that are replayed, instead of `prices`.",
    )
    walk_percent: Percent = Field(
        Decimal(0), description="How far prices wander in a minute; 0 holds them fixed."
    )
    spread_percent: Percent = Field(
        Decimal(0), description="Distance of bid and ask, in percent of the price."
    )
    latency_ms: Milliseconds = Field(0, description="Wait before every answer.")
    fill: Annotated[FillMode, one_of(FillMode)] = Field(
        FillMode.FULL, description="Whether marketable orders fill at once or in parts."
    )
    hours: Annotated[PaperHours, one_of(PaperHours)] = Field(
        PaperHours.ALWAYS,
        description="Trade at any hour, or in the exchange's. Auctions follow its calendar.",
    )
    client_order_ids: Boolean = Field(
        default=True, description="Whether orders can be found by our own id, as at most brokers."
    )
    faults: FaultsConfig = Field(FaultsConfig(), description="Off unless given.")

    @model_validator(mode="before")
    @classmethod
    def _take_csv_out_of_prices(cls, data: object) -> object:
        """Read ``prices = { csv = "path" }``. A symbol called CSV is written in capitals."""
        match data:
            case {"prices": {"csv": path, **prices}, **rest} if "csv" not in rest:
                return {**rest, "prices": prices, "csv": path}
            case _:
                return data


class RateConfig(Section):
    """What trading costs from a day on."""

    commission_percent: Percent | None = Field(
        None, description="Commission on the value of each trade. Left out: as before."
    )
    sell_tax_percent: Percent | None = Field(
        None, description="Tax on the value of each sale. Left out: as before."
    )


class AccountConfig(Section):
    """One brokerage account. The books in it share its connection, not their cash."""

    broker: Annotated[BrokerKind, one_of(BrokerKind)] = Field(
        BrokerKind.PAPER, description="Which broker."
    )
    market: Annotated[Market, one_of(Market)] = Field(
        description="Which market: its calendar, lots and ticks."
    )
    market_type: Annotated[MarketType, one_of(MarketType)] = Field(
        MarketType.SPOT, description="Spot, or futures in one-way position mode."
    )
    currency: Currency = Field(
        description="Currency of its cash.",
        json_schema_extra={"derived": "KRW on XKRX, USD on XNYS, USDT on 24/7"},
    )
    environment: Annotated[Environment, one_of(Environment)] = Field(
        Environment.PAPER,
        description="The broker's test environment, or real money (needs `daemon.live`).",
    )
    exchange: Text | None = Field(
        None,
        description='For `broker = "ccxt"` only: which of ccxt\'s exchanges, by its name there.',
    )
    account_no: Text | None = Field(None, description="The broker's number of the account.")
    hts_id: Text | None = Field(None, description="KIS: the user id that execution notices need.")
    venue: Annotated[KoreanVenue, one_of(KoreanVenue)] = Field(
        KoreanVenue.KRX,
        description="KIS, Korea, live: where orders go; with SOR it chooses between KRX and NXT.",
    )
    after_market: Boolean = Field(
        default=False,
        description="KIS, Korea, live: whether limit orders after 16:00 go to KRX's after-market.",
    )
    owner: Text | None = Field(None, description="Whose account it is, as shown to people.")
    commission_percent: Percent = Field(
        Decimal(0), description="Commission on the value of each trade."
    )
    sell_tax_percent: Percent = Field(Decimal(0), description="Tax on the value of each sale.")
    rates: Table[Day, RateConfig] = Field(
        default_factory=empty_table,
        description="Other commissions and taxes from a day on; what is left out stays.",
    )
    base_url: HttpUrl | None = Field(
        None, description="REST address other than the broker's own (a proxy, a simulator)."
    )
    ws_url: SocketUrl | None = Field(
        None, description="WebSocket address other than the broker's own."
    )
    credentials: Table[CredentialName, Secret] = Field(
        default_factory=empty_table, description="Keys of the account, each by reference."
    )
    paper: PaperConfig | None = Field(None, description='For `broker = "paper"` only.')
