"""Words of the machine as people say them: statuses, sides, kinds, phases.

The machine's words stay in programs and in the database; these are what pages show, and what a
language translates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "buy": "buy",
    "sell": "sell",
    "open": "open",
    "working": "working",
    "done": "done",
    "expired": "expired",
    "cancelled": "cancelled",
    "failed": "failed",
    "planned": "planned",
    "sending": "sending",
    "unknown": "unknown",
    "partially_filled": "partly filled",
    "cancelling": "cancelling",
    "filled": "filled",
    "rejected": "rejected",
    "stored": "stored",
    "partial": "in part",
    "dropped": "dropped",
    "duplicate": "repeated",
    "accepted": "taken",
    "selling": "selling",
    "sold": "sold",
    "buying": "buying",
    "stopped": "stopped",
    "filled_meanwhile": "filled meanwhile",
    "ended_before": "had ended before",
    "unconfirmed": "not confirmed",
    "info": "info",
    "warning": "warning",
    "alarm": "alarm",
    "all": "everything",
    "account": "account",
    "strategy": "strategy",
    "database": "database",
    "scheduler": "scheduler",
    "loop": "event loop",
    "tasks": "tasks",
    "book": "book",
    "webhook": "webhook",
    "hand": "by hand",
    "rule": "rule",
    "broker": "broker",
    "netting": "netting",
    "ladder": "LOC ladder",
    "make_orders": "make orders",
    "twap": "TWAP slice",
    "loc": "LOC orders",
    "rebalance": "rebalance",
    "reconcile": "compare with broker",
    "report": "daily report",
    "received": "received",
    "crossed": "first crossed",
    "sent": "sent",
    "acknowledged": "taken by the broker",
    "first_fill": "first fill",
    "last_fill": "last fill",
    "booked": "last fill booked",
    "cancel": "cancel asked for",
    "ended": "ended",
    "auto": "auto",
    "approve": "after a yes",
    "shadow": "shadow",
    "paper": "paper",
    "live": "live",
    "BUY": "buy",
    "BUY_FORCE": "buy, forced",
    "SELL": "sell",
    "SELL_3_4": "sell three quarters",
    "SELL_1_4": "sell a quarter",
    "SELL_PART": "sell a part",
    "cash": "cash",
    "quantity": "units",
    "capital": "capital",
    "opening": "opening balance",
    "difference": "difference",
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "dividend": "dividend",
    "interest": "interest",
    "exchange": "exchange of currencies",
    "funding": "funding payment",
    "split": "split",
    "transfer": "transfer",
    "assignment": "assignment",
    "below_minimum": "below the market's minimum",
    "below_one_lot": "less than one lot",
    "not_sellable": "cannot be sold now",
    "drift": "brings no weight nearer",
    "@suspense": "suspense",
}

STATES = frozenset(
    {"accepted", "buy", "buying", "cancelled", "cancelling", "done", "dropped", "duplicate"}
    | {"expired", "failed", "filled", "open", "partial", "partially_filled", "planned"}
    | {"rejected", "sell", "selling", "sending", "sold", "stopped", "stored", "unknown", "working"}
)
"""Words that are said as labels wherever a sentence has them for a value."""
