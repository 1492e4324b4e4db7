"""A small day whose books are right, for tests that spoil one thing in it.

Two books of one account begin with 1000 USD each. ``a`` buys 10 at 20 from the broker, fee 0.5,
and sells 4 of them to ``b`` inside, at 21. ``b`` wants 2 more at 22 at most; that order rests at
the broker. An order of ``a`` was cancelled by its own strategy.
"""

# ruff: noqa: ANN401 - any field of an order can be spoiled

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from algorithms.domain import (
    EXTERNAL,
    AccountName,
    BookName,
    BrokerOrderId,
    ChildId,
    ChildOrder,
    ChildState,
    FillSource,
    Kind,
    Measure,
    OrderType,
    ParentId,
    ParentOrder,
    ParentStatus,
    Side,
    StrategyName,
    Symbol,
    TimeInForce,
)
from algorithms.invariants import (
    AtClose,
    BrokerRecord,
    BrokerView,
    CancelTarget,
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
    broken,
)
from algorithms.ledger import crossing_postings, fill_postings, transfer
from algorithms.rebalancing.states import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAIN = AccountName("main")
A, B = BookName("a"), BookName("b")
TQQQ = Symbol("TQQQ")
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ZERO = Decimal(0)


def parent(name: str, book: BookName, side: Side, total: str, **changes: Any) -> ParentOrder:
    order = ParentOrder(
        id=ParentId(name),
        request_id="r-" + name,
        strategy=StrategyName(f"of_{book}"),
        account=MAIN,
        book=book,
        symbol=TQQQ,
        side=side,
        kind=Kind.BUY if side is Side.BUY else Kind.SELL,
        order_type=OrderType.LIMIT,
        measure=Measure.QUANTITY,
        total=Decimal(total),
        remain=ZERO,
        reserved=ZERO,
        reserve_price=Decimal(22) if side is Side.BUY else None,
        limit_price=Decimal(22),
        stop_price=None,
        nets=True,
        slices=1,
        slices_left=0,
        status=ParentStatus.DONE,
        reason="",
        created_at=NOW,
        due_at=None,
        deadline=None,
        cancel_requested_at=None,
        ended_at=NOW,
    )
    return order._replace(**changes)


def child(name: str, of: ParentOrder, quantity: str, **changes: Any) -> ChildOrder:
    order = ChildOrder(
        id=ChildId(name),
        parent_id=of.id,
        strategy=of.strategy,
        account=of.account,
        book=of.book,
        symbol=of.symbol,
        side=of.side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(quantity),
        limit_price=Decimal(22),
        stop_price=None,
        reserved=ZERO,
        reserve_price=of.reserve_price,
        state=ChildState.FILLED,
        reason="",
        filled=Decimal(quantity),
        filled_value=ZERO,
        broker_order_id=BrokerOrderId("7"),
        fingerprint=None,
        market_day="2026-11-20",
        created_at=NOW,
        sent_at=NOW,
        acknowledged_at=NOW,
        cancel_at=None,
        cancel_requested_at=None,
        ended_at=NOW,
    )
    return order._replace(**changes)


def fill(name: str, of: ParentOrder, quantity: str, price: str, **changes: Any) -> Fill:
    made = Fill(
        id=name,
        account=MAIN,
        book=of.book,
        strategy=of.strategy,
        parent_id=of.id,
        child_id=None,
        pair_id=None,
        symbol=TQQQ,
        side=of.side,
        source=FillSource.BROKER,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=ZERO,
        fee_asset="USD",
        average_cost=None,
        profit=None,
    )
    return replace(made, **changes)


BOUGHT = parent("p1", A, Side.BUY, "10")
SOLD = parent("p2", A, Side.SELL, "4")
WANTED = parent(
    "p3", B, Side.BUY, "6", remain=Decimal(2), status=ParentStatus.WORKING, ended_at=None
)
GIVEN_UP = parent(
    "p4",
    A,
    Side.BUY,
    "5",
    remain=Decimal(5),
    status=ParentStatus.CANCELLED,
    cancel_requested_at=NOW,
)
FILLED = child("c1", BOUGHT, "10", filled_value=Decimal(200))
RESTS = child(
    "c2",
    WANTED,
    "2",
    state=ChildState.OPEN,
    filled=ZERO,
    reserved=Decimal(44),
    broker_order_id=BrokerOrderId("8"),
    ended_at=None,
)
CANCELLED = child(
    "c3",
    GIVEN_UP,
    "5",
    state=ChildState.CANCELLED,
    filled=ZERO,
    cancel_requested_at=NOW,
    broker_order_id=BrokerOrderId("9"),
)
BUY_FILL = fill(
    "f1",
    BOUGHT,
    "10",
    "20",
    child_id=FILLED.id,
    fee=Decimal("0.5"),
    average_cost=Decimal(20),
)
GIVEN = fill(
    "f2",
    SOLD,
    "4",
    "21",
    pair_id="x1",
    source=FillSource.NETTING,
    average_cost=Decimal(20),
    profit=Decimal(4),
)
TAKEN = fill(
    "f3", WANTED, "4", "21", pair_id="x1", source=FillSource.NETTING, average_cost=Decimal(21)
)
EVENTS = (
    Event("e1", "capital", MAIN, transfer(MAIN, EXTERNAL, A, "USD", Decimal(1000))),
    Event("e2", "capital", MAIN, transfer(MAIN, EXTERNAL, B, "USD", Decimal(1000))),
    Event(
        "f1",
        "fill",
        MAIN,
        fill_postings(
            MAIN,
            A,
            TQQQ,
            "USD",
            side=Side.BUY,
            quantity=Decimal(10),
            price=Decimal(20),
            fee=Decimal("0.5"),
            fee_asset="USD",
        ),
    ),
    Event(
        "x1",
        "netting",
        MAIN,
        crossing_postings(MAIN, B, A, TQQQ, "USD", quantity=Decimal(4), price=Decimal(21)),
    ),
)


def held(book: BookName, asset: str, quantity: str, **rest: str) -> Held:
    amounts = {"reserved": "0", "cost": "0", "profit": "0"} | rest
    return Held(
        account=MAIN,
        book=book,
        asset=asset,
        quantity=Decimal(quantity),
        **{name: Decimal(amount) for name, amount in amounts.items()},
    )


HELD = (
    held(A, "TQQQ", "6", cost="120", profit="4"),
    held(A, "USD", "883.5"),
    held(B, "TQQQ", "4", cost="84"),
    held(B, "USD", "916", reserved="44"),
)
PAIR = Pair(
    id="x1",
    account=MAIN,
    symbol=TQQQ,
    buy_parent=WANTED.id,
    sell_parent=SOLD.id,
    quantity=Decimal(4),
    price=Decimal(21),
)


def record(order: ChildOrder, number: str, **changes: Any) -> BrokerRecord:
    made = BrokerRecord(
        client_id=order.id,
        number=number,
        is_alive=not order.state.is_final,
        filled=order.filled,
    )
    return replace(made, **changes)


RECORDS = (record(FILLED, "7"), record(RESTS, "8"), record(CANCELLED, "9"))
BROKER = BrokerView(MAIN, {"USD": Decimal("1799.5"), "TQQQ": Decimal(10)}, RECORDS)
ANSWERED = Request(
    id="r1",
    status="done",
    is_final=True,
    has_answer=True,
    received_at=NOW - timedelta(hours=2),
    finished_at=NOW - timedelta(hours=2),
    live_orders=0,
)
OPEN = replace(
    ANSWERED, id="r2", status="working", is_final=False, has_answer=False, finished_at=None
)
FAMILIES = (
    Family(BOUGHT, (FILLED,), (BUY_FILL,)),
    Family(SOLD, (), (GIVEN,)),
    Family(WANTED, (RESTS,), (TAKEN,)),
    Family(GIVEN_UP, (CANCELLED,), (), (CancelTarget("r4", GIVEN_UP.strategy),)),
)
LADDER = LadderBooks(
    id="l1",
    is_settled=False,
    is_whole=True,
    orders=(
        AtClose(Side.BUY, Decimal(100), Decimal(5)),
        AtClose(Side.SELL, Decimal(98), Decimal(3)),
    ),
    rungs=(
        AtClose(Side.SELL, Decimal("100.01"), Decimal(3)),
        AtClose(Side.BUY, Decimal(100), Decimal(2)),
        AtClose(Side.BUY, Decimal("97.99"), Decimal(3)),
    ),
    from_broker=Decimal(0),
    handed_on=Decimal(0),
)
REBALANCE = Rebalance("r1", RunState.DONE, alarmed=False, sold=True, bought=True, wanted=True)
DAY = Snapshot(
    now=NOW,
    request_age_most=timedelta(minutes=15),
    events=EVENTS,
    fills=(BUY_FILL, GIVEN, TAKEN),
    families=FAMILIES,
    crossings=(Crossing("x1", PAIR, (GIVEN, TAKEN), 1),),
    requests=(ANSWERED, replace(OPEN, live_orders=1)),
    ladders=(LADDER,),
    rebalances=(REBALANCE,),
    held=HELD,
    brokers=(BROKER,),
    brokers_are_still=True,
)


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What was found in a spoiled day."""

    numbers: set[int]
    whats: tuple[str, ...]

    def says(self, words: str) -> bool:
        return any(words in what for what in self.whats)


def found_in(day: Snapshot) -> Spoiled:
    violations = broken(day)
    return Spoiled({one.number for one in violations}, tuple(one.what for one in violations))


def with_family(change: Callable[[Family], Family], of: ParentOrder) -> Snapshot:
    """Return the day with one family changed."""
    return replace(DAY, families=[change(f) if f.parent.id == of.id else f for f in FAMILIES])


def with_held(book: BookName, asset: str, **changes: str) -> Snapshot:
    """Return the day with one stored position changed."""
    amounts: dict[str, Any] = {name: Decimal(amount) for name, amount in changes.items()}
    return replace(
        DAY,
        held=tuple(
            replace(one, **amounts) if (one.book, one.asset) == (book, asset) else one
            for one in HELD
        ),
    )


def without(lines: Iterable[Event], event_id: str) -> tuple[Event, ...]:
    return tuple(event for event in lines if event.id != event_id)
