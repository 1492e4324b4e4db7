"""Random sequences of everything that moves money and units: the books are always right.

What the functions of the ledger say of each step is kept as a daemon would keep it, and then
replayed by the invariants, which know only what was kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from algorithms.allocation import share
from algorithms.bookkeeping import (
    Entry,
    EventKind,
    Ratio,
    carried,
    from_suspense,
    given_up,
    postings_of,
    priced,
    split_entries,
)
from algorithms.decimals import ZERO, add, exactly, total
from algorithms.domain import (
    EXTERNAL,
    SUSPENSE,
    AccountName,
    BookName,
    FillSource,
    ParentId,
    Side,
    StrategyName,
    Symbol,
)
from algorithms.invariants import BrokerView, Change, Event, Fill, Held, Snapshot, broken
from algorithms.ledger import (
    Holding,
    average_cost,
    crossing_postings,
    fill_postings,
    sums_to_zero,
    trade,
)

if TYPE_CHECKING:
    from algorithms.ledger import Posting

MAIN, TQQQ = AccountName("main"), Symbol("TQQQ")
BOOKS = tuple(BookName(name) for name in "abc")
ONE = Decimal(1)
books = st.sampled_from(BOOKS)
units = st.integers(1, 40).map(Decimal)
prices = st.decimals("0.01", "500", places=2)
cash = st.decimals("0.01", "5000", places=2)


@dataclass
class Ledger:
    """What a daemon would have stored."""

    held: dict[tuple[BookName, str], Holding] = field(default_factory=dict)
    profit: dict[BookName, Decimal] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    def holding(self, book: BookName, asset: str = TQQQ) -> Holding:
        return self.held.get((book, asset), Holding(ZERO, ZERO))

    def enter(self, kind: EventKind, entries: list[Entry]) -> None:
        changes = tuple(
            Change(one.book, one.asset, one.quantity, one.cost, one.profit) for one in entries
        )
        self._keep(kind.value, postings_of(MAIN, entries), changes)
        for one in entries:
            before = self.holding(one.book, one.asset)
            self.held[one.book, one.asset] = Holding(
                add(before.quantity, one.quantity), add(before.cost, one.cost)
            )
            self.profit[one.book] = add(self.profit.get(one.book, ZERO), one.profit)

    def fill(self, book: BookName, side: Side, quantity: Decimal, price: Decimal) -> None:
        fee = Decimal("0.13")
        self._keep(
            "fill",
            fill_postings(
                MAIN, book, TQQQ, "USD", side=side, quantity=quantity, price=price,
                fee=fee, fee_asset="USD",
            ),
        )  # fmt: skip
        self._traded(book, side, quantity, price, fee, FillSource.BROKER)

    def cross(self, buyer: BookName, seller: BookName, quantity: Decimal, price: Decimal) -> None:
        self._keep(
            "netting",
            crossing_postings(MAIN, buyer, seller, TQQQ, "USD", quantity=quantity, price=price),
        )
        self._traded(seller, Side.SELL, quantity, price, ZERO, FillSource.NETTING)
        self._traded(buyer, Side.BUY, quantity, price, ZERO, FillSource.NETTING)

    def snapshot(self) -> Snapshot:
        inside: dict[str, list[Decimal]] = {}
        for (_, asset), holding in self.held.items():
            inside.setdefault(asset, []).append(holding.quantity)
        return Snapshot(
            now=datetime(2026, 11, 20, tzinfo=UTC),
            request_age_most=timedelta(0),
            events=self.events,
            fills=self.fills,
            held=tuple(
                Held(
                    account=MAIN, book=book, asset=asset, quantity=holding.quantity,
                    reserved=ZERO, cost=holding.cost,
                    profit=self.profit.get(book, ZERO) if asset == TQQQ else ZERO,
                )
                for (book, asset), holding in self.held.items()
            ),
            currencies={MAIN: "USD"},
            brokers=(BrokerView(MAIN, {name: total(some) for name, some in inside.items()}),),
            brokers_are_still=True,
        )  # fmt: skip

    def _traded(
        self, book: BookName, side: Side, quantity: Decimal, price: Decimal, fee: Decimal,
        source: FillSource,
    ) -> None:  # fmt: skip
        holding, profit = trade(self.holding(book), side, quantity, price)
        self.held[book, TQQQ] = holding
        self.profit[book] = add(self.profit.get(book, ZERO), profit)
        with exactly():
            change = quantity * price * (1 if side is Side.SELL else -1) - fee
        before = self.holding(book, "USD")
        self.held[book, "USD"] = Holding(add(before.quantity, change), ZERO)
        self.fills.append(
            Fill(
                id=self._id(), account=MAIN, book=book, strategy=StrategyName("s"),
                parent_id=ParentId("p"), child_id=None, pair_id=None, symbol=TQQQ, side=side,
                source=source, quantity=quantity, price=price, fee=fee, fee_asset="USD",
                average_cost=average_cost(holding), profit=profit if side is Side.SELL else None,
            )
        )  # fmt: skip

    def _keep(
        self, kind: str, postings: tuple[Posting, ...], changes: tuple[Change, ...] = ()
    ) -> None:
        assert sums_to_zero(postings)
        self.events.append(Event(self._id(), kind, MAIN, postings, changes))

    def _id(self) -> str:
        return f"{len(self.events) + len(self.fills):06}"


Step = tuple[str, BookName, BookName, Decimal, Decimal, Ratio]
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ("buy", "sell", "cross", "deposit", "shares", "withdraw", "move", "split", "dividend",
             "found", "assign")
        ),
        books, books, units, prices,
        st.builds(Ratio, st.integers(1, 5), st.integers(1, 5)),
    ),
    max_size=25,
)  # fmt: skip


def take(ledger: Ledger, step: Step) -> None:
    """Do one thing, if the books allow it."""
    what, book, other, quantity, price, _ = step
    enough = ledger.holding(book).quantity >= quantity
    if what == "buy":
        ledger.fill(book, Side.BUY, quantity, price)
    elif what == "sell" and enough:
        ledger.fill(book, Side.SELL, quantity, price)
    elif what == "cross" and enough and book != other:
        ledger.cross(other, book, quantity, price)
    elif what == "withdraw" and enough:
        gone = given_up(book, TQQQ, quantity, ledger.holding(book))
        ledger.enter(EventKind.WITHDRAWAL, [gone])
    elif what == "move" and enough and book != other:
        moved = carried(book, other, TQQQ, quantity, ledger.holding(book))
        ledger.enter(EventKind.TRANSFER, moved)
    else:
        receive(ledger, step)


def receive(ledger: Ledger, step: Step) -> None:
    """Let something reach the account, or be known of."""
    what, book, _, quantity, price, ratio = step
    suspended = ledger.holding(SUSPENSE).quantity
    if what == "deposit":
        ledger.enter(EventKind.DEPOSIT, [Entry(book=book, asset="USD", quantity=price)])
    elif what == "shares" or (what == "assign" and suspended >= quantity):
        kind = EventKind.DEPOSIT if what == "shares" else EventKind.ASSIGNMENT
        come = [priced(book, TQQQ, quantity, price, ledger.holding(book))]
        ledger.enter(kind, [*come, *from_suspense(TQQQ, quantity, suspended)])
    elif what == "found":
        found = [Entry(book=SUSPENSE, asset=TQQQ, quantity=quantity)]
        ledger.enter(EventKind.DIFFERENCE, found)
    elif what == "split" and ratio.new != ratio.old:
        held = [(name, ledger.holding(name)) for name in (*BOOKS, SUSPENSE)]
        ledger.enter(EventKind.SPLIT, split_entries(TQQQ, held, ratio, ONE))
    elif what == "dividend" and any(weights := [ledger.holding(name).quantity for name in BOOKS]):
        parts = zip(BOOKS, share(price, weights, Decimal("0.01")), strict=True)
        got = [Entry(book=name, asset="USD", quantity=part) for name, part in parts]
        ledger.enter(EventKind.DIVIDEND, got)


@given(steps)
def test_whatever_happens_the_books_are_right(story: list[Step]) -> None:
    ledger = Ledger()
    for step in story:
        take(ledger, step)
        posted = [one for event in ledger.events for one in event.postings]
        for (book, asset), holding in ledger.held.items():
            kept = total(one.amount for one in posted if (one.book, one.asset) == (book, asset))
            assert kept == holding.quantity
            assert holding.quantity or not holding.cost
        assert all(holding.quantity >= 0 for (_, asset), holding in ledger.held.items()
                   if asset == TQQQ)  # fmt: skip
    assert broken(ledger.snapshot()) == ()


@given(steps)
def test_the_world_and_the_books_together_never_make_anything(story: list[Step]) -> None:
    ledger = Ledger()
    for step in story:
        take(ledger, step)
    for asset in ("USD", TQQQ):
        amounts = [
            (one.book == EXTERNAL, one.amount)
            for event in ledger.events
            for one in event.postings
            if one.asset == asset
        ]
        assert total(amount for _, amount in amounts) == 0
        inside = total(amount for outside, amount in amounts if not outside)
        assert inside == total(
            holding.quantity for (_, name), holding in ledger.held.items() if name == asset
        )
