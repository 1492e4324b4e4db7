"""What a paper account can be told."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from algorithms.decimals import ONE, ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from algorithms.domain import AccountName, Symbol
    from algorithms.instruments import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSettings:
    """How often things go wrong: probabilities from 0 to 1, each for every single call or event.

    ``answer_lost_before`` and ``answer_lost_after``: the answer never comes, and the request was
    lost too, or was carried out. ``server_error``: an error page, half of the time after the
    request was carried out. ``rate_limit``, ``reject``: refused. ``duplicate_fills``,
    ``late_fills``, ``lost_events``: of the event stream; ``disconnect``: the stream breaks off
    after an event. ``delay_ms``: requests are held up by up to this many milliseconds.
    """

    answer_lost_before: Decimal = ZERO
    answer_lost_after: Decimal = ZERO
    server_error: Decimal = ZERO
    rate_limit: Decimal = ZERO
    reject: Decimal = ZERO
    duplicate_fills: Decimal = ZERO
    late_fills: Decimal = ZERO
    lost_events: Decimal = ZERO
    disconnect: Decimal = ZERO
    delay_ms: int = 0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value < 0 or (each.name != "delay_ms" and value > ONE):
                raise ValueError(f"{each.name} is out of range: {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSettings:
    """One paper account and its market.

    ``prices`` are fixed prices or the start of a walk by symbol, or the path of a CSV recording.
    ``walk_percent``: the most a price moves in a minute; 0 keeps it. ``latency_ms``: the way to
    the exchange, and the way back. ``fill``: orders fill whole, or in pieces. ``hours``: trade
    always, or in the market's sessions only. ``spread_percent``: from bid to ask.
    ``initial_cash``: what a new account holds, in ``currency``. ``instruments`` replace the
    market's usual lots and ticks. ``leverage`` bounds futures accounts.
    ``settle_margin_s`` is added to the longest way of a request to give ``settle_time``.
    """

    account: AccountName
    database: Path
    currency: str
    initial_cash: Decimal
    prices: Mapping[Symbol, Decimal] | Path
    market: str = "24/7"
    market_type: Literal["spot", "futures"] = "spot"
    seed: int = 0
    walk_percent: Decimal = ZERO
    latency_ms: int = 0
    fill: Literal["full", "partial"] = "full"
    faults: FaultSettings = field(default_factory=FaultSettings)
    hours: Literal["always", "exchange"] = "always"
    client_order_ids: bool = True
    spread_percent: Decimal = ZERO
    commission_percent: Decimal = ZERO
    sell_tax_percent: Decimal = ZERO
    leverage: Decimal = Decimal(10)
    instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    settle_margin_s: Decimal = Decimal(2)
