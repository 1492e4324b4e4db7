"""What an account's books look like when their rules are asked: one reading of the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from algorithms.decimals import ZERO
from daemon.rules.rule import Sale

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from algorithms.domain import AccountName
    from daemon.storage.tx import View


@dataclass(frozen=True, slots=True)
class Holding:
    """What a book has of an asset. ``cost`` is without fees."""

    quantity: Decimal = ZERO
    free: Decimal = ZERO
    cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class RuleState:
    """What a rule remembers of a symbol, and the last fill it has seen."""

    state: Mapping[str, str] = field(default_factory=dict)
    seen_fill: str = ""


NOTHING = Holding()
UNKNOWN = RuleState()


@dataclass(frozen=True, slots=True)
class BooksSnapshot:
    """Holdings, states and new sales of an account's books. Keys are book and asset."""

    holdings: Mapping[tuple[str, str], Holding]
    states: Mapping[tuple[str, str], RuleState]
    sales: Mapping[tuple[str, str], tuple[tuple[str, Sale], ...]]
    last_fill: str

    def holding(self, book: str, asset: str) -> Holding:
        return self.holdings.get((book, asset), NOTHING)

    def state(self, book: str, symbol: str) -> RuleState:
        return self.states.get((book, symbol), UNKNOWN)

    def new_sales(self, book: str, symbol: str) -> tuple[Sale, ...]:
        """Return the sales that the rule has not seen, oldest first."""
        seen = self.state(book, symbol).seen_fill
        return tuple(sale for fill, sale in self.sales.get((book, symbol), ()) if fill > seen)


def read_snapshot(view: View, account: AccountName, books: Collection[str]) -> BooksSnapshot:
    """Read everything the rules of these books of an account are told."""
    holdings = {
        (row["book"], row["asset"]): Holding(
            Decimal(row["quantity"]),
            Decimal(row["quantity"]) - Decimal(row["reserved"]),
            Decimal(row["cost"]),
        )
        for row in view.fetch("positions_of_account", account=account)
    }
    states = {
        (row["book"], row["symbol"]): RuleState(orjson.loads(row["state"]), row["seen_fill"])
        for row in view.fetch("rule_states", account=account)
        if row["book"] in books
    }
    sales: defaultdict[tuple[str, str], list[tuple[str, Sale]]] = defaultdict(list)
    oldest = min((state.seen_fill for state in states.values()), default="")
    for row in view.fetch("sales_after", account=account, after=oldest):
        sale = Sale(
            day=date.fromisoformat(row["market_day"]),
            profit=Decimal(row["profit"]),
            is_full=row["average_cost"] is None,
        )
        sales[row["book"], row["symbol"]].append((row["id"], sale))
    last = view.fetch_one("last_fill")
    return BooksSnapshot(
        holdings,
        states,
        {key: tuple(found) for key, found in sales.items()},
        "" if last is None or last["id"] is None else last["id"],
    )
