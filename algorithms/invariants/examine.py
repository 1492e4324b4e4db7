"""All invariants on one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.decimals import exactly
from algorithms.invariants.crossings import check_crossings
from algorithms.invariants.findings import NAMES, Check, Finding, Violation
from algorithms.invariants.ladders import check_ladders
from algorithms.invariants.ledger import InFlight, Replay, check_brokers
from algorithms.invariants.orders import OrderChecks
from algorithms.invariants.rebalances import check_rebalances
from algorithms.invariants.requests import check_requests

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from algorithms.domain import AccountName, ChildOrder
    from algorithms.invariants.snapshot import BrokerView, Held, Snapshot


def broken(books: Snapshot) -> tuple[Violation, ...]:
    """Return every place where an invariant does not hold."""
    return tuple(violation for finding in examine(books) for violation in finding.violations)


def examine(books: Snapshot, replay: Replay | None = None) -> tuple[Finding, ...]:
    """Check the eight invariants, in their order. Goes through each part of the books once.

    ``replay``: one that has booked all events and fills that came before those of the snapshot.
    """
    checks = {number: Check(number) for number in NAMES}
    with exactly():
        replay = replay or Replay(books.currencies)
        replay.check = checks[1]
        replay.run(books.events, books.fills)
        replay.compare(books.held)
        totals = replay.totals
        in_flight = InFlight(still=books.brokers_are_still, resting=books.resting)
        orders = OrderChecks(books.brokers, totals, checks[3], checks[4], splits=books.splits)
        for family in books.families:
            in_flight.note(family.live)
            orders.look_at(family)
        orders.check_reserves(books.held)
        check_brokers(books.held, books.brokers, in_flight, totals.currencies, checks[2])
        check_crossings(books.crossings, checks[5])
        check_ladders(books.ladders, checks[7])
        check_rebalances(books.rebalances, checks[8])
        check_requests(books.requests, books.now, books.request_age_most, checks[6])
    return tuple(check.finding() for check in checks.values())


def against_brokers(
    held: Iterable[Held],
    live: Iterable[ChildOrder],
    brokers: Iterable[BrokerView],
    currencies: Mapping[AccountName, str],
    resting: Iterable[tuple[AccountName, str]] = (),
) -> Finding:
    """Check invariant 2 alone, which needs only what is held and the orders that live."""
    check = Check(2)
    in_flight = InFlight(still=False, resting=resting)
    in_flight.note(live)
    with exactly():
        check_brokers(held, brokers, in_flight, currencies, check)
    return check.finding()
