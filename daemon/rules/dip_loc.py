"""The rule ``dip_loc``: buy a dip at the close, sell each lot at a profit or when held for long.

What it would do is a calculation (``algorithms.loc.dips``). With ``loc.mode = "sheet"`` it only
shows that; in the other modes its orders are made in the job ``make_orders``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from algorithms.decimals import to_text
from algorithms.domain import Kind, OrderType
from algorithms.loc.dips import DipTerms, HeldLot, Spread, plan_dips
from daemon.config.kinds import Count, Percent, Positive, PositivePercent, bounded
from daemon.config.section import Section
from daemon.config.values import read_decimal
from daemon.rules.rule import Decision, RuleClass, RuleOptions, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument
    from algorithms.loc.dips import DipPlan
    from algorithms.loc.lots import Lot
    from daemon.rules.rule import BookDay, SymbolDay

Change = Annotated[Decimal, bounded("number", read_decimal, -99, 100)]


class SpreadOptions(Section):
    """What a further fall would buy; shown, never sent."""

    step: Positive = Field(description="Units that each level buys more than the one before.")
    floor_percent: Percent = Field(
        description="No level is further below the previous close than this."
    )
    reference_quantity: Positive | None = Field(
        None, description="Units that the levels count from. Left out: those of the base buy."
    )


class DipLocOptions(RuleOptions):
    """Keys of ``rule = { type = "dip_loc", ... }``."""

    budget: Positive = Field(description="Cash of a day's buy, in the account's currency.")
    buy_percent: Change = Field(
        Decimal(0), description="The buy's price from the previous close; below zero: below it."
    )
    tp_percent: PositivePercent = Field(
        description="Take-profit price of a lot, above what it was bought at."
    )
    max_days: Count | None = Field(
        None,
        description="Trading days after which a lot is sold at the previous close, or above. "
        "Left out: never.",
    )
    sl_percent: PositivePercent | None = Field(
        None, description="Stop-loss price of a lot, below what it was bought at. Left out: none."
    )
    spread: SpreadOptions | None = Field(
        None, description="Levels below the buy: `step`, `floor_percent`, `reference_quantity`."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeClose:
    """A symbol of a book before a close. ``days_since`` counts trading days after a day."""

    symbol: Symbol
    previous_close: Decimal
    instrument: Instrument
    lots: Sequence[Lot]
    days_since: Callable[[date], int]


class DipLocRule(RuleClass[DipLocOptions]):
    """Buys dips of each symbol of the book by itself, with the whole budget each."""

    wants_lots: ClassVar[bool] = True

    async def decide(self, day: BookDay) -> tuple[Decision, ...]:
        return tuple(self._decide(day, symbol) for symbol in day.symbols)

    def plan(self, before: BeforeClose, *, sends: bool) -> DipPlan:
        """Work out what the book would have at the close."""
        options = self.options
        spread = options.spread
        terms = DipTerms(
            budget=options.budget,
            buy_percent=options.buy_percent,
            tp_percent=options.tp_percent,
            max_days=options.max_days,
            sl_percent=options.sl_percent,
            spread=None
            if spread is None
            else Spread(
                step=spread.step,
                floor_percent=spread.floor_percent,
                reference=spread.reference_quantity,
            ),
        )
        lots = [HeldLot(lot, before.days_since(lot.day)) for lot in before.lots]
        return plan_dips(terms, before.previous_close, lots, before.instrument, sends=sends)

    def _decide(self, day: BookDay, symbol: SymbolDay) -> Decision:
        if symbol.last_close is None or symbol.instrument is None:
            return Decision(symbol=symbol.symbol, reason="no order: the last close is not known")
        before = BeforeClose(
            symbol=symbol.symbol,
            previous_close=symbol.last_close,
            instrument=symbol.instrument,
            lots=symbol.lots,
            days_since=day.days_since,
        )
        plan = self.plan(before, sends=day.sends_at_close)
        shown = "" if day.sends_at_close else 'only shown, loc.mode is "sheet"; '
        return Decision(
            symbol=symbol.symbol,
            reason=f"{shown}{spell(plan)}",
            wishes=wishes(plan) if day.sends_at_close else (),
        )


def wishes(plan: DipPlan) -> tuple[Wish, ...]:
    """Return the orders of a plan; spread buys and stops that were not hit are none."""
    found = [
        Wish(
            kind=Kind.SELL,
            quantity=sell.held.lot.quantity,
            order_type=OrderType.MOC if sell.price is None else OrderType.LOC,
            limit_price=sell.price,
        )
        for sell in plan.sells
    ]
    if plan.buy is not None:
        buy = plan.buy
        found.append(
            Wish(
                kind=Kind.BUY,
                quantity=buy.quantity,
                order_type=OrderType.LOC,
                limit_price=buy.price,
            )
        )
    return tuple(found)


def spell(plan: DipPlan) -> str:
    """Say a plan in one line, with the numbers that decided."""
    buy = plan.buy
    parts = [
        "no buy, the budget is less than one lot"
        if buy is None
        else f"buy {to_text(buy.quantity)} at {to_text(buy.price)}"
    ]
    for sell in plan.sells:
        price = "any price" if sell.price is None else to_text(sell.price)
        lot = sell.held.lot
        parts.append(
            f"sell {to_text(lot.quantity)} at {price} ({sell.why.value}, bought at "
            f"{to_text(lot.entry)} on {lot.day})"
        )
    return f"{'; '.join(parts)}; previous close {to_text(plan.previous_close)}"
