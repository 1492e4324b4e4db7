"""The rule ``tiered``: value averaging in tiers, each symbol of the book by itself.

What it decides is a calculation (``algorithms.tiered``); here stands what it remembers from day
to day: profit added to the seed, the last sale, a seed that grew after falls.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from algorithms.decimals import ZERO, to_text
from algorithms.domain import Kind as OrderKind
from algorithms.tiered import (
    TieredHolding,
    TieredTerms,
    added_seed_after,
    decide,
    grown_seed,
)
from daemon.config.kinds import (
    Amount,
    Boolean,
    Count,
    Kind,
    Percent,
    Positive,
    PositivePercent,
    Probability,
    bounded,
)
from daemon.config.problems import fault
from daemon.config.section import Section
from daemon.config.values import read_decimal, read_integer
from daemon.rules.rule import Decision, RuleClass, RuleOptions, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from algorithms.tiered import TieredDecision
    from daemon.rules.rule import BookDay, SymbolDay

COOLDOWN_MAX = 60
"""Trading days; the calendar remembers more than these."""
_ZEROS = {"1": Fraction(1), "1/2": Fraction(1, 2), "2/3": Fraction(2, 3)}


def read_zero_at(value: object) -> Fraction:
    """Raises a fault when ``value`` is none of the parts allowed."""
    if isinstance(value, Fraction):
        return value
    found = None if isinstance(value, bool) else _ZEROS.get(str(value))
    if found is None:
        raise fault("must be a part of max_tiers", '"1", "1/2" or "2/3"')
    return found


class DynamicSeedOptions(Section):
    """A seed that grows after falls of the price."""

    drop_percent: PositivePercent = Field(
        description="The last close must be lower than the one before by at least this."
    )
    factor: Annotated[Decimal, bounded("number", read_decimal, 1)] = Field(
        description="What the seed is multiplied by then."
    )
    max: Positive = Field(description="The seed grows no further, in the account's currency.")


class TieredOptions(RuleOptions):
    """Keys of ``rule = { type = "tiered", ... }``."""

    seed: Positive = Field(description="Cash of one tier, in the account's currency.")
    max_tiers: Count = Field(description="Most tiers.")
    profit_percent: Amount = Field(description="Take-profit price above the average cost.")
    point_percent: Percent = Field(
        description="Furthest the point price is from the average cost, above and below."
    )
    zero_at: Annotated[Fraction, Kind('"1", "1/2", "2/3"', read_zero_at)] = Field(
        Fraction(1, 2),
        description="Part of `max_tiers` where the point price is the average cost.",
    )
    buy_below_average: Boolean = Field(
        default=True, description="Condition to buy: the price is below the average cost."
    )
    buy_below_point: Boolean = Field(
        default=True,
        description="Condition to buy: the price is below the point price. "
        "With both conditions, one that is met buys half; with neither, only the first buy is.",
    )
    sell_cooldown_days: Annotated[int, bounded("whole number", read_integer, 0, COOLDOWN_MAX)] = (
        Field(0, description="Trading days without sells after a sale.")
    )
    reinvest_fraction: Probability = Field(
        Decimal("0.1"), description="Part of a partial sale's profit that is added to later buys."
    )
    dynamic_seed: DynamicSeedOptions | None = Field(
        None, description="A seed that grows after falls: `drop_percent`, `factor`, `max`."
    )


class TieredRule(RuleClass[TieredOptions]):
    """Averages each symbol of the book by itself."""

    async def decide(self, day: BookDay) -> tuple[Decision, ...]:
        return tuple(self._decide(day, symbol) for symbol in day.symbols)

    def _decide(self, day: BookDay, symbol: SymbolDay) -> Decision:
        memory = _Memory(self.options, symbol)
        decision = decide(
            self._terms(memory.seed),
            TieredHolding(
                quantity=symbol.quantity,
                invested=symbol.invested,
                price=symbol.price,
                lot=symbol.lot,
                added_seed=memory.added_seed,
                days_since_sale=None
                if memory.last_sale is None
                else day.days_since(memory.last_sale),
            ),
        )
        return Decision(
            symbol=symbol.symbol,
            reason=_reason(decision, memory.growth),
            wishes=_wishes(decision),
            state=memory.kept(),
        )

    def _terms(self, seed: Decimal) -> TieredTerms:
        options = self.options
        return TieredTerms(
            seed=seed,
            max_tiers=options.max_tiers,
            profit_percent=options.profit_percent,
            point_percent=options.point_percent,
            zero_at=options.zero_at,
            buy_below_average=options.buy_below_average,
            buy_below_point=options.buy_below_point,
            sell_cooldown_days=options.sell_cooldown_days,
        )


class _Memory:
    """What is remembered of a symbol, brought to this day."""

    def __init__(self, options: TieredOptions, symbol: SymbolDay) -> None:
        state, self._configured = symbol.state, to_text(options.seed)
        sales = [(sale.profit, sale.is_full) for sale in symbol.sales]
        added = Decimal(state.get("added_seed", "0"))
        added = added_seed_after(added, sales, options.reinvest_fraction)
        self.added_seed = added if symbol.quantity else ZERO
        days = [sale.day for sale in symbol.sales]
        if "last_sale" in state:
            days.append(date.fromisoformat(state["last_sale"]))
        self.last_sale = max(days, default=None)
        known = Decimal(state["seed"]) if state.get("of_seed") == self._configured else options.seed
        self.seed = _grown(known, options.dynamic_seed, symbol)
        self.growth = (
            ""
            if self.seed == known
            else f"; seed {to_text(known)} -> {to_text(self.seed)} after the close fell from "
            f"{to_text(symbol.close_before or ZERO)} to {to_text(symbol.last_close or ZERO)}"
        )

    def kept(self) -> Mapping[str, str]:
        """Spell it for the database. A seed of another configuration begins anew."""
        kept = {
            "added_seed": to_text(self.added_seed),
            "seed": to_text(self.seed),
            "of_seed": self._configured,
        }
        if self.last_sale is not None:
            kept["last_sale"] = self.last_sale.isoformat()
        return kept


def _grown(seed: Decimal, terms: DynamicSeedOptions | None, symbol: SymbolDay) -> Decimal:
    if terms is None or symbol.last_close is None or symbol.close_before is None:
        return seed
    return grown_seed(
        seed,
        last_close=symbol.last_close,
        close_before=symbol.close_before,
        drop_percent=terms.drop_percent,
        factor=terms.factor,
        most=terms.max,
    )


def _wishes(decision: TieredDecision) -> tuple[Wish, ...]:
    match decision.kind:
        case None:
            return ()
        case OrderKind.BUY:
            return (Wish(kind=decision.kind, cash=decision.cash),)
        case _:
            return (Wish(kind=decision.kind, quantity=decision.quantity),)


def _reason(decision: TieredDecision, growth: str) -> str:
    match decision.kind:
        case None:
            does = "no order"
        case OrderKind.BUY:
            does = f"BUY for {to_text(decision.cash)}"
        case kind:
            does = f"{kind.value} {to_text(decision.quantity)}"
    return f"{does}, {decision.why.value}: {decision.numbers}{growth}"
