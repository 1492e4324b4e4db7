"""Invariants 1 and 2: the ledger balances, positions follow from it, and the broker agrees."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from heapq import merge
from types import MappingProxyType
from typing import TYPE_CHECKING

from algorithms.bookkeeping import EventKind
from algorithms.decimals import ZERO, to_text, total
from algorithms.domain import AT_BROKER, EXTERNAL, SUSPENSE, ChildState, FillSource, Side
from algorithms.invariants.findings import Check
from algorithms.invariants.snapshot import Event
from algorithms.ledger import (
    Holding,
    average_cost,
    fill_postings,
    pay_in_units,
    released,
    sums_to_zero,
    trade,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from algorithms.domain import AccountName, BookName, ChildOrder
    from algorithms.invariants.snapshot import BrokerView, Change, Fill, Held
    from algorithms.ledger import Posting

Key = tuple["AccountName", "BookName", str]

ORDER_EVENTS = frozenset({"fill", "netting"})
"""Kinds of events that fills make; what they post must be what the fills say."""
CARRYING = frozenset({EventKind.TRANSFER, EventKind.WITHDRAWAL})
"""Kinds by which units leave a book with their part of its cost."""
MOVING = frozenset({ChildState.SENDING, ChildState.UNKNOWN, ChildState.CANCELLING})
"""States in which an order may move money that nobody has told us of."""


@dataclass(slots=True)
class Totals:
    """Sums over all events: everything posted, and the part that orders posted."""

    posted: defaultdict[Key, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    traded: defaultdict[Key, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    currencies: dict[AccountName, str] = field(default_factory=dict)
    """Each account's currency: what its books' capital is counted in."""


@dataclass(slots=True)
class Replayed:
    """What a book came to hold of an asset."""

    holding: Holding = field(default_factory=lambda: Holding(ZERO, ZERO))
    profit: Decimal = ZERO


class Replay:
    """Books every event and every fill again, in memory, in the order in which they came.

    Can go on with what came since, told to another ``check``.
    """

    def __init__(self, currencies: Mapping[AccountName, str] = MappingProxyType({})) -> None:
        self.check = Check(1)
        self._held: defaultdict[Key, Replayed] = defaultdict(Replayed)
        self._flows: defaultdict[Key, Decimal] = defaultdict(lambda: ZERO)
        self.totals = Totals(currencies=dict(currencies))

    def run(self, events: Iterable[Event], fills: Iterable[Fill]) -> None:
        """Go through both once. An event of an order changes nothing: its fills do."""
        both: tuple[Iterable[Event | Fill], ...] = (events, fills)
        for one in merge(*both, key=_id):
            self.check.checked += 1
            if isinstance(one, Event):
                self._book_event(one)
            else:
                self._book_fill(one)

    def compare(self, held: Iterable[Held]) -> None:
        """Compare what is stored of every position with what came of the replay."""
        totals, check = self.totals, self.check
        for key in sorted(self._flows.keys() | totals.traded.keys()):
            posted, filled = totals.traded.get(key, ZERO), self._flows.get(key, ZERO)
            if key[1] != EXTERNAL and posted != filled:
                check.broken(
                    _place(key), f"orders posted {to_text(posted)}, fills say {to_text(filled)}"
                )
        seen: set[Key] = set()
        for position in held:
            check.checked += 1
            key = (position.account, position.book, position.asset)
            seen.add(key)
            own = self._held.get(key, Replayed())
            for word, stored, right in (
                ("quantity", position.quantity, totals.posted.get(key, ZERO)),
                ("cost", position.cost, own.holding.cost),
                ("profit", position.profit, own.profit),
            ):
                if stored != right:
                    check.broken(
                        _place(key),
                        f"{word} is {to_text(stored)}, its ledger says {to_text(right)}",
                    )
        for key in sorted(totals.posted.keys() - seen):
            if key[1] != EXTERNAL and totals.posted[key]:
                check.broken(_place(key), f"{to_text(totals.posted[key])} posted, and no position")

    def _book_event(self, event: Event) -> None:
        totals = self.totals
        where = f"event {event.id}"
        if not sums_to_zero(event.postings):
            self.check.broken(where, f"postings of this {event.kind} are not zero in sum")
        if any(posting.account != event.account for posting in event.postings):
            self.check.broken(where, f"posts outside its account {event.account}")
        for posting in event.postings:
            key = (posting.account, posting.book, posting.asset)
            totals.posted[key] += posting.amount
            if event.kind in ORDER_EVENTS:
                totals.traded[key] += posting.amount
            elif event.kind == EventKind.CAPITAL:
                totals.currencies[event.account] = posting.asset
        if event.kind not in ORDER_EVENTS:
            for what in self._event_faults(event):
                self.check.broken(where, what)

    def _event_faults(self, event: Event) -> Iterator[str]:
        """Change what books hold by an event, and say what is wrong with it."""
        if event.changes and _sums(event.changes) != _inside_sums(event.postings):
            yield f"what this {event.kind} did to the books is not what it posted"
        paid = total(change.cost for change in event.changes)
        if event.kind == EventKind.TRANSFER and paid:
            yield "this transfer changed what all books together paid"
        if event.kind == EventKind.SPLIT and paid > ZERO:
            yield "this split made cost"
        for change in event.changes:
            own = self._held[event.account, change.book, change.asset]
            if event.kind in CARRYING and change.quantity < ZERO and change.book != SUSPENSE:
                left = released(own.holding, change.quantity.copy_abs())
                if change.cost != left.copy_negate():
                    yield f"{change.book} gave up a cost of {to_text(change.cost)} with its units"
            own.holding = Holding(
                own.holding.quantity + change.quantity, own.holding.cost + change.cost
            )
            own.profit += change.profit
            if own.holding.cost and not own.holding.quantity:
                yield f"left {change.book} with a cost and no {change.asset}"

    def _book_fill(self, fill: Fill) -> None:
        own = self._held[fill.account, fill.book, str(fill.symbol)]
        own.holding, profit = trade(own.holding, fill.side, fill.quantity, fill.price)
        if fill.fee and fill.fee_asset == fill.symbol:
            own.holding = pay_in_units(own.holding, fill.fee)
        own.profit += profit
        if fill.side is Side.SELL and fill.profit != profit:
            self.check.broken(f"fill {fill.id}", f"its profit is not {to_text(profit)}")
        if fill.average_cost != average_cost(own.holding):
            self.check.broken(
                f"fill {fill.id}", "its average cost is not what its book's fills give"
            )
        for key, amount in _flows(fill, self.totals.currencies.get(fill.account, "")):
            self._flows[key] += amount


def _id(one: Event | Fill) -> str:
    return one.id


def _sums(changes: Iterable[Change]) -> dict[tuple[BookName, str], Decimal]:
    sums: defaultdict[tuple[BookName, str], Decimal] = defaultdict(lambda: ZERO)
    for change in changes:
        sums[change.book, change.asset] += change.quantity
    return dict(sums)


def _inside_sums(postings: Iterable[Posting]) -> dict[tuple[BookName, str], Decimal]:
    sums: defaultdict[tuple[BookName, str], Decimal] = defaultdict(lambda: ZERO)
    for posting in postings:
        if posting.book != EXTERNAL:
            sums[posting.book, posting.asset] += posting.amount
    return dict(sums)


def _flows(fill: Fill, currency: str) -> Iterator[tuple[Key, Decimal]]:
    """What a fill moves, book by book. Of a pair each side's fill moves that side.

    A fee that one side of a pair pays, the other gets: its fill says so with a fee below zero.
    """
    for posting in fill_postings(
        fill.account,
        fill.book,
        fill.symbol,
        currency,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=ZERO if fill.source is FillSource.NETTING else fill.fee,
        fee_asset=fill.fee_asset,
    ):
        yield (posting.account, posting.book, posting.asset), posting.amount


class InFlight:
    """Where orders may be moving money unseen.

    ``still``: every fill at the brokers is booked, so that orders that only rest hide nothing.
    ``resting``: symbols that books and broker count in different units, for a split.
    """

    def __init__(self, *, still: bool, resting: Iterable[tuple[AccountName, str]] = ()) -> None:
        self._states = MOVING if still else AT_BROKER
        self._symbols = set(resting)
        self._accounts: set[AccountName] = set()

    def note(self, children: Iterable[ChildOrder]) -> None:
        """Take in which of these orders may be filling."""
        for child in children:
            if child.state in self._states:
                self._symbols.add((child.account, str(child.symbol)))
                self._accounts.add(child.account)

    def hides(self, account: AccountName, asset: str, currency: str | None) -> bool:
        """Whether an amount cannot be compared now. Every order moves cash, one its units."""
        if asset == currency:
            return account in self._accounts
        return (account, asset) in self._symbols


def check_brokers(
    held: Iterable[Held],
    views: Iterable[BrokerView],
    in_flight: InFlight,
    currencies: Mapping[AccountName, str],
    check: Check,
) -> None:
    """Compare the sum of all books, suspense and fees included, with each broker."""
    inside = _inside(held)
    views = [view for view in views if view.holdings is not None]
    tolerances = {view.account: view.tolerance for view in views}
    compared = {view.account: view.holdings for view in views if view.holdings is not None}
    hidden: list[str] = []
    for account, holdings in sorted(compared.items()):
        ours = inside.get(account, {})
        for asset in sorted(ours.keys() | holdings.keys()):
            if in_flight.hides(account, asset, currencies.get(account)):
                hidden.append(f"{account} {asset}")
                continue
            check.checked += 1
            books, broker = ours.get(asset, ZERO), holdings.get(asset, ZERO)
            is_cash = asset == currencies.get(account)
            if abs(books - broker) > (tolerances[account] if is_cash else ZERO):
                check.broken(
                    f"{account} {asset}",
                    f"the books hold {to_text(books)}, the broker {to_text(broker)}",
                )
    skipped = []
    if unasked := sorted(inside.keys() - compared.keys()):
        skipped.append(f"broker not asked: {', '.join(unasked)}")
    if hidden:
        skipped.append(f"in flight: {', '.join(hidden)}")
    check.skipped = "; ".join(skipped)


def _inside(held: Iterable[Held]) -> dict[AccountName, dict[str, Decimal]]:
    """Sum what the books of each account hold, asset by asset."""
    inside: dict[AccountName, dict[str, Decimal]] = {}
    for position in held:
        if position.book != EXTERNAL:
            assets = inside.setdefault(position.account, {})
            assets[position.asset] = assets.get(position.asset, ZERO) + position.quantity
    return inside


def _place(key: Key) -> str:
    account, book, asset = key
    return f"{account} {book} {asset}"
