"""The eight invariants of the design, checked on a snapshot of the books."""

from __future__ import annotations

from algorithms.invariants.examine import against_brokers, broken, examine
from algorithms.invariants.findings import Finding, Violation
from algorithms.invariants.snapshot import (
    AtClose,
    BrokerRecord,
    BrokerView,
    CancelTarget,
    Change,
    Crossing,
    Event,
    Family,
    Fill,
    Held,
    LadderBooks,
    Pair,
    Rebalance,
    Request,
    Snapshot,
)

__all__ = [
    "AtClose",
    "BrokerRecord",
    "BrokerView",
    "CancelTarget",
    "Change",
    "Crossing",
    "Event",
    "Family",
    "Fill",
    "Finding",
    "Held",
    "LadderBooks",
    "Pair",
    "Rebalance",
    "Request",
    "Snapshot",
    "Violation",
    "against_brokers",
    "broken",
    "examine",
]
