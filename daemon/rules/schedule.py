"""The rule ``schedule``: a fixed amount on chosen days, whatever the price."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from algorithms.decimals import floor_to, to_text
from algorithms.domain import Kind
from daemon.config.kinds import Positive, bounded, one_of
from daemon.config.problems import fault
from daemon.config.trading import Weekday
from daemon.config.values import read_integer
from daemon.rules.rule import Decision, RuleClass, RuleOptions, Wish

if TYPE_CHECKING:
    from daemon.rules.rule import BookDay, SymbolDay

ONE_DAY = timedelta(days=1)
LONGEST_BREAK_DAYS = 31
"""A chosen day longer ago than this is not made up for."""

DayOfMonth = Annotated[int, bounded("whole number", read_integer, 1, 31)]
_WEEKDAYS = tuple(Weekday)


class Direction(StrEnum):
    """What is done on the chosen days."""

    BUY = "buy"
    SELL = "sell"


class ScheduleOptions(RuleOptions):
    """Keys of ``rule = { type = "schedule", ... }``."""

    side: Annotated[Direction, one_of(Direction)] = Field(
        Direction.BUY, description="What is done on the chosen days."
    )
    cash: Positive | None = Field(
        None, description="Cash to spend on each symbol, in the account's currency; buys only."
    )
    quantity: Positive | None = Field(None, description="Units of each symbol.")
    weekdays: tuple[Annotated[Weekday, one_of(Weekday)], ...] = Field(
        (), description="Chosen days of the week."
    )
    days_of_month: tuple[DayOfMonth, ...] = Field(
        (), description="Chosen days of the month; one that the month lacks is its last."
    )

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.cash is None) == (self.quantity is None):
            raise fault("needs either cash or quantity", "give one of the two")
        if self.side is Direction.SELL and self.cash is not None:
            raise fault("sells are for a quantity", "give quantity instead of cash")
        return self


class ScheduleRule(RuleClass[ScheduleOptions]):
    """Trades a fixed amount of each symbol on the chosen days; without any, on every trading day.

    A chosen day without trading is made up for on the next trading day, once.
    """

    async def decide(self, day: BookDay) -> tuple[Decision, ...]:
        chosen = self._chosen(day)
        if chosen is None:
            return tuple(
                Decision(symbol=each.symbol, reason="not a chosen day") for each in day.symbols
            )
        late = "" if chosen == day.day else f", for {chosen}"
        return tuple(self._order(each, late) for each in day.symbols)

    def _chosen(self, day: BookDay) -> date | None:
        """Return the latest chosen day that has not been a trading day before this one."""
        last = day.previous_day or day.day - ONE_DAY
        each = day.day
        while each > max(last, day.day - timedelta(days=LONGEST_BREAK_DAYS)):
            if self._is_chosen(each):
                return each
            each -= ONE_DAY
        return None

    def _is_chosen(self, day: date) -> bool:
        options = self.options
        if not options.weekdays and not options.days_of_month:
            return True
        is_last = (day + ONE_DAY).month != day.month
        return (
            _WEEKDAYS[day.weekday()] in options.weekdays
            or day.day in options.days_of_month
            or (is_last and any(number > day.day for number in options.days_of_month))
        )

    def _order(self, symbol: SymbolDay, late: str) -> Decision:
        kind = Kind.BUY if self.options.side is Direction.BUY else Kind.SELL
        cash, quantity = self.options.cash, self.options.quantity
        amount = "" if cash is None else f"cash {to_text(cash)}"
        if quantity is not None:
            amount = f"{to_text(quantity)} units"
            quantity = floor_to(quantity, symbol.lot)
            if not quantity:
                return Decision(symbol=symbol.symbol, reason=f"{amount} are less than one lot")
        return Decision(
            symbol=symbol.symbol,
            reason=f"{kind.value} {amount} at {to_text(symbol.price)}{late}",
            wishes=(Wish(kind=kind, cash=cash, quantity=quantity),),
        )
