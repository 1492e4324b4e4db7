"""Strategies that send signals, and their books in accounts."""

# ruff: noqa: TC001, TC003 - pydantic reads annotations when the class is made

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from algorithms.domain import OrderType
from daemon.config.kinds import (
    AccountRef,
    AddressRange,
    Amount,
    Boolean,
    Positive,
    RuleOption,
    RuleType,
    StrategyRef,
    SymbolName,
    one_of,
)
from daemon.config.secret import Secret
from daemon.config.section import Section

WEBHOOK_RULE = "webhook"
PORTFOLIO_RULE = "portfolio"


class BookMode(StrEnum):
    """Who decides that a book's orders are worked."""

    AUTO = "auto"
    APPROVE = "approve"
    SHADOW = "shadow"


class StrategyConfig(Section):
    """A sender of signals: `group_name` in webhooks."""

    token: Secret | None = Field(
        None,
        description="What its webhooks are known by. "
        "Left out, one is created as `tokens/NAME.token` in `daemon.data_dir`, mode 0600.",
    )
    public: Boolean = Field(
        default=False,
        description="Whether others than its owner may follow it. Cancelling makes no difference.",
    )
    signature_secret: Secret | None = Field(
        None,
        description="Key of the HMAC-SHA256 signature its webhooks must carry. Left out: none.",
    )
    allow_from: tuple[AddressRange, ...] = Field(
        (), description="Addresses its signals may come from. Empty: those of `[webhook]`."
    )


class RuleConfig(BaseModel):
    """Where a book's orders come from: `type`, and the rule's own keys beside it."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    # pydantic reads this annotation and sets the attribute once.
    __pydantic_extra__: dict[str, RuleOption]  # type: ignore[mutable-override]

    type: RuleType = Field(
        WEBHOOK_RULE,
        description='"webhook": from outside; "portfolio": from rebalancing. '
        "Other rules make orders themselves.",
    )

    @property
    def options(self) -> Mapping[str, object]:
        """The rule's own keys, as TOML has them; numbers are decimals or integers."""
        return MappingProxyType(self.__pydantic_extra__)


class BookConfig(Section):
    """One strategy in one account: its own cash, its own positions."""

    strategy: StrategyRef = Field(description="Whose signals it follows.")
    account: AccountRef = Field(description="Where it trades.")
    symbols: tuple[SymbolName, ...] = Field(
        (),
        min_length=1,
        description="What it may trade.",
        json_schema_extra={"derived": "anything"},
    )
    capital: Amount = Field(
        Decimal(0), description="Cash it begins with, in the account's currency."
    )
    leverage: Positive = Field(
        Decimal(1), description="Multiplies sizes given as a percentage of the capital."
    )
    rule: RuleConfig = Field(RuleConfig(), description='Left out: `type = "webhook"`.')
    net: Boolean = Field(
        default=True,
        description=(
            "Whether its orders are crossed with those of other books. "
            "Left out on a futures account: false."
        ),
    )
    order_type: Annotated[OrderType, one_of(OrderType, OrderType.LIMIT, OrderType.MARKET)] = Field(
        OrderType.LIMIT, description="How slices and a rule's orders are sent."
    )
    mode: Annotated[BookMode, one_of(BookMode)] = Field(
        BookMode.AUTO,
        description="auto: orders are worked at once; approve: after a person's yes; "
        "shadow: with live prices and paper fills, outside the account's sums.",
    )
    active: Boolean = Field(default=True, description="Whether it takes new orders.")
