"""What the demonstration reads: the daemon's books and the exchange's, and tables of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, divide, multiply, to_text, total
from daemon.cli.demo_stage import ACCOUNT, CURRENCY
from daemon.cli.table import table

if TYPE_CHECKING:
    import sqlite3

    from algorithms.invariants import BrokerRecord
    from daemon.cli.demo_stage import Stage

_NOT_A_BOOK = "@"
"""How names begin that no strategy has: fees, suspense, what comes from outside."""
_PRICE_PLACES = 4


@dataclass(frozen=True, slots=True)
class Saved:
    """What netting spared the account; money in its currency."""

    broker_orders: int
    value: Decimal
    commission: Decimal


class Books:
    """Both sides' books, read anew at every question."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def parent(self, parent_id: str) -> sqlite3.Row:
        (row,) = self._stage.rows("parent_order", id=parent_id)
        return row

    def has_ended(self, parent_id: str) -> bool:
        return self.parent(parent_id)["ended_at"] is not None

    def children(self, parent_id: str) -> list[sqlite3.Row]:
        return self._stage.rows("children_of_parent", parent_id=parent_id)

    def ended_slices(self, parent_id: str) -> list[sqlite3.Row]:
        return [child for child in self.children(parent_id) if child["ended_at"] is not None]

    def newest_child(self, book: str) -> sqlite3.Row:
        return [row for row in self._stage.rows("all_children") if row["book"] == book][-1]

    def pairs(self) -> list[sqlite3.Row]:
        return self._stage.rows("all_pairs")

    def netting_fills(self) -> list[sqlite3.Row]:
        return [fill for fill in self._stage.rows("all_fills") if fill["source"] == "netting"]

    def filled(self, parent_id: str) -> Decimal:
        fills = self._stage.rows("all_fills")
        return total(Decimal(f["quantity"]) for f in fills if f["parent_id"] == parent_id)

    def held(self, book: str, asset: str) -> Decimal:
        rows = self._stage.rows("position", account=ACCOUNT, book=book, asset=asset)
        return total(Decimal(row["quantity"]) for row in rows)

    def inside(self) -> dict[str, Decimal]:
        """What all books hold together, by asset."""
        held: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for row in self._stage.rows("inside_totals", account=ACCOUNT):
            held[row["asset"]] += Decimal(row["quantity"])
        return dict(held)

    def at_exchange(self) -> dict[str, Decimal]:
        """What the exchange says the account holds, by asset."""
        return dict(self._stage.exchange().holdings or {})

    def sent(self, child_id: str) -> list[BrokerRecord]:
        """Return the orders that the exchange got under this id of ours."""
        return [o for o in self._stage.exchange().orders or () if o.client_id == child_id]

    def waiting(self) -> dict[str, set[str]]:
        """Return the orders that wait at the exchange, by the book they belong to."""
        books = {row["id"]: row["book"] for row in self._stage.rows("all_children")}
        found: defaultdict[str, set[str]] = defaultdict(set)
        for order in self._stage.exchange().orders or ():
            if order.is_alive:
                found[books[order.client_id]].add(order.client_id)
        return found

    def saved(self) -> Saved:
        pairs = self.pairs()
        return Saved(
            broker_orders=sum(pair["broker_orders_saved"] for pair in pairs),
            value=total(multiply(Decimal(p["quantity"]), Decimal(p["price"])) for p in pairs),
            commission=total(Decimal(pair["commission_saved"]) for pair in pairs),
        )

    def pairs_table(self) -> str:
        book = {row["id"]: row["book"] for row in self._stage.rows("all_parents")}
        rows = [
            (book[p["buy_parent"]], book[p["sell_parent"]], p["symbol"], p["quantity"], p["price"])
            for p in self.pairs()
        ]
        return table(("buyer", "seller", "symbol", ">shares", ">price"), rows)

    def closing_table(self) -> str:
        positions = self._stage.rows("positions_of_account", account=ACCOUNT)
        rows = [_line(row) for row in positions if not row["book"].startswith(_NOT_A_BOOK)]
        return table(("book", "asset", ">holds", ">average cost", ">profit realised"), rows)


def money(amount: Decimal) -> str:
    """Write an amount as people do, to the cent."""
    return f"{amount:.2f}"


def _line(row: sqlite3.Row) -> tuple[str, str, str, str, str]:
    quantity, cost = Decimal(row["quantity"]), Decimal(row["cost"])
    if row["asset"] == CURRENCY:
        return row["book"], row["asset"], money(quantity), "", ""
    average = to_text(divide(cost, quantity, _PRICE_PLACES)) if quantity else ""
    profit = money(Decimal(row["profit"]))
    return row["book"], row["asset"], to_text(quantity), average, profit
