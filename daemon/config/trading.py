"""How orders are worked: crossing, slicing, cancelling, comparing, and where the limits are."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from daemon.config.kinds import (
    BookRef,
    Boolean,
    Count,
    Percent,
    Positive,
    PositivePercent,
    PositiveSeconds,
    SymbolName,
    Whole,
    one_of,
)
from daemon.config.section import Section
from daemon.config.values import read_list


class NettingConfig(Section):
    """Crossing of opposite orders inside an account."""

    enabled: Boolean = Field(
        default=True, description="Whether orders are crossed. If not, all go to the broker."
    )
    max_price_age_seconds: PositiveSeconds = Field(
        10.0, description="An older price crosses nothing."
    )
    max_deviation_percent: PositivePercent = Field(
        Decimal(20), description="A price further from the previous close crosses nothing."
    )


class TwapConfig(Section):
    """Orders worked in slices. The times of the day's slices stand in `[[jobs]]`."""

    price_offset_percent: Percent = Field(
        Decimal("0.5"),
        description="A slice's limit price: above the current price for a buy, below for a sell.",
    )
    fill_timeout_seconds: PositiveSeconds = Field(
        30.0,
        description="An unfilled slice is cancelled after this. "
        "Must be shorter than the smallest gap between the twap jobs of an account.",
    )


class LocMode(StrEnum):
    """What becomes of limit-on-close orders."""

    SHEET = "sheet"
    ORDERS = "orders"
    LADDER = "ladder"


class LocConfig(Section):
    """Limit-on-close orders."""

    mode: Annotated[LocMode, one_of(LocMode)] = Field(
        LocMode.SHEET,
        description="sheet: rules only show theirs, those by webhook are sent one by one; "
        "orders: each book's are sent as they are; ladder: the account's are netted into one set.",
    )


class Rounding(StrEnum):
    """How target quantities become whole lots."""

    FLOOR = "floor"
    NEAREST_CASH = "nearest_cash"


class RebalancingConfig(Section):
    """Rebalancing to model portfolios."""

    cash_buffer_percent: PositivePercent = Field(
        Decimal("98.5"),
        description="Share of the buyable cash that is used; fees come out of the rest.",
    )
    snapshot_max_seconds: PositiveSeconds = Field(
        30.0, description="Holdings, prices and cash must have been read within this time."
    )
    sell_timeout_seconds: PositiveSeconds = Field(
        300.0, description="Sells not filled by then are cancelled, and what is there is bought."
    )
    max_order_percent: PositivePercent = Field(
        Decimal(50), description="A larger order, as a share of equity, needs a person's yes."
    )
    keep: tuple[SymbolName, ...] = Field(
        (), description="Holdings that are left alone, outside equity and drift."
    )
    rounding: Annotated[Rounding, one_of(Rounding)] = Field(
        Rounding.FLOOR,
        description="floor: whole lots below the target; "
        "nearest_cash: the cash left over comes as close to the weights as lots allow.",
    )
    confirm_days: Count = Field(
        1, description="Days in a row that new targets must be seen before they count."
    )
    slices_days: Count = Field(1, description="Days over which a run is spread.")
    confirm_tolerance_percent: Percent = Field(
        Decimal(5), description="A confirmed plan may differ by this much per trade when it runs."
    )


class CancelConfig(Section):
    """Cancelling the orders of a strategy."""

    timeout_seconds: PositiveSeconds = Field(
        10.0, description="After this the caller gets an answer; the rest goes on behind."
    )


class ReconcileConfig(Section):
    """Comparing our books with the broker."""

    seconds: PositiveSeconds = Field(
        30.0, description="Time between comparisons of an account, beside those at start."
    )
    adopt_orphans: Annotated[tuple[BookRef, ...], BeforeValidator(read_list)] = Field(
        (),
        description="Books that take orders found at the broker and not in our database, "
        "at most one for each account. Without one, orphans are reported and left alone.",
    )


class Weekday(StrEnum):
    """A day of the week, the market's."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


class ScheduleConfig(Section):
    """Limits of all `[[jobs]]`."""

    weekdays: tuple[Annotated[Weekday, one_of(Weekday)], ...] = Field(
        tuple(Weekday), description="Days on which jobs run, if the exchange's calendar agrees."
    )
    catch_up_minutes: Whole = Field(
        30, description="A job missed while the daemon was down still runs this much later."
    )


class RiskConfig(Section):
    """Limits on what is sent. Each is off unless it is given."""

    max_order_value: Positive | None = Field(
        None, description="Largest value of one order, in the account's currency."
    )
    max_orders_per_minute: Count | None = Field(
        None, description="Most orders an account sends in any minute."
    )
    price_collar_percent: PositivePercent | None = Field(
        None, description="Furthest a limit price may be from the current price."
    )
    max_daily_loss: Positive | None = Field(
        None, description="A book that lost this much on its market day gets no new orders."
    )
    market_margin_percent: Percent = Field(
        Decimal(5),
        description="Cash set aside for a buy without limit beyond its current price: "
        "the worst price that is reckoned with.",
    )
