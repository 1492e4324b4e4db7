"""The broker's truth against our books: fills, open orders, holdings, cash.

Runs at start, when the event stream is back, and every ``reconcile.seconds``. Missing fills are
booked, orders that ended are closed with their final state, orders that are not ours are
reported, or taken by the book that is named for that. A difference in holdings that shows twice
while nothing is in flight goes to the suspense book, with an alarm: it is shown, never repaired
silently.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from adapters.broker import BrokerUnavailableError, FillEvent, OrderEvent
from adapters.sqlite.errors import StorageError
from algorithms.bookkeeping import Entry, EventKind
from algorithms.decimals import ZERO, subtract, to_text, total
from algorithms.domain import SUSPENSE, TAKEN_CHILDREN, ChildState
from daemon.execution.fills import trade_key
from daemon.execution.funding import FundingBook
from daemon.notices import raise_notice
from daemon.storage.rows import child_from_row, from_us

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from datetime import datetime

    from adapters.broker import Broker, BrokerFill, BrokerOrder, Holdings
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName, ChildOrder
    from daemon.execution.bookkeeper import Bookkeeper
    from daemon.execution.evidence import Evidence
    from daemon.execution.fills import Fills
    from daemon.execution.orphans import Orphans
    from daemon.execution.persistence import Persistence
    from daemon.execution.settler import Settler
    from daemon.ids import IdSource
    from daemon.storage.tx import Tx, View

T = TypeVar("T")

CALL_TIMEOUT_S = 15.0
OVERLAP = timedelta(minutes=5)
"""How far before the last booked fill the broker is asked again: events may come out of order."""
SECOND_LOOK_AFTER = timedelta(seconds=5)
"""How long a difference must have lasted: a venue may show money and fills at different moments."""
BOOKED_TOGETHER = 64
"""Missing fills that share a commit."""
SETTLED = frozenset({ChildState.PLANNED, ChildState.OPEN, ChildState.PARTIALLY_FILLED})
"""States in which an order does not move money unseen while we compare."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the broker has of an asset, and what our books say."""

    asset: str
    broker: Decimal
    books: Decimal

    @property
    def amount(self) -> Decimal:
        return subtract(self.broker, self.books)


class Reconciler:
    """Compares one account with its broker."""

    def __init__(
        self,
        *,
        account: AccountName,
        broker: Broker,
        clock: Clock,
        tasks: TaskSupervisor,
        persistence: Persistence,
        evidence: Evidence,
        fills: Fills,
        settler: Settler,
        ids: IdSource,
        keeper: Bookkeeper,
        orphans: Orphans,
    ) -> None:
        self._account = account
        self._broker = broker
        self._clock = clock
        self._tasks = tasks
        self._persistence = persistence
        self._evidence = evidence
        self._fills = fills
        self._settler = settler
        self._ids = ids
        self._keeper = keeper
        self._orphans = orphans
        self._funding = FundingBook(account, broker, persistence, keeper, clock)
        self._seen: dict[str, tuple[Decimal, datetime]] = {}
        """Differences that showed before, and since when."""
        self._looking: set[str] = set()
        self._again = False
        """Whether an account that was never compared before is looked at a second time soon."""
        self._turn = asyncio.Lock()
        self.problem: str | None = "not reconciled yet"
        """Why the last comparison failed; None when it did not."""

    async def run(self) -> tuple[Difference, ...]:
        """Compare once; return the differences that remain.

        Raises BrokerUnavailableError when the broker does not answer.
        """
        async with self._turn:
            try:
                found = await self._run()
            except (BrokerUnavailableError, TimeoutError) as error:
                self.problem = f"the broker does not answer: {str(error) or 'time-out'}"
                raise BrokerUnavailableError(self.problem) from error
            except Exception as error:
                self.problem = f"{type(error).__name__}: {error}"
                raise
            self.problem = None
            return found

    async def take_in(self, event: FillEvent | OrderEvent) -> None:
        """Book what the broker's stream reports about our orders."""
        if isinstance(event, FillEvent):
            now = self._clock.now()
            await self._persistence.write(partial(self._book_one, fill=event.fill, now=now))
        else:
            await self._take_in_order(event.order)

    async def _run(self) -> tuple[Difference, ...]:
        await self._funding.begin()
        await self._book(await self._fills_since())
        orders = await self._ask(self._broker.open_orders())
        await self._close_dead(orders)
        await self._meet_orphans(orders)
        before = await self._fill_count()
        holdings = await self._ask(self._broker.holdings())
        await self._book(await self._fills_since())
        if await self._fill_count() != before:
            return ()
        differences = await self._persistence.read(lambda view: self._compare(view, holdings))
        if differences is None:
            return ()
        acquainted = await self._are_acquainted()
        is_cash = any(each.asset in holdings.cash for each in differences)
        if acquainted and is_cash and await self._funding.take_in():
            return ()
        suspended = await self._to_suspense(differences, opening=not acquainted)
        if not acquainted and (suspended or not differences):
            await self._persistence.write(self._remember_acquaintance)
        elif not acquainted and not self._again:
            self._again = True
            self._tasks.spawn(self._look_again(), name=f"second look at {self._account}")
        return differences

    async def _ask(self, question: Awaitable[T]) -> T:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await question

    async def _fills_since(self) -> tuple[BrokerFill, ...]:
        def since(view: View) -> datetime:
            times = [
                from_us(row["at"])
                for query in ("last_fill_time", "oldest_live_child")
                if (row := view.fetch_one(query, account=self._account)) is not None
                and row["at"] is not None
            ]
            return min(times, default=self._clock.now()) - OVERLAP

        return await self._ask(self._broker.fills_since(await self._persistence.read(since)))

    async def _book(self, fills: Iterable[BrokerFill]) -> None:
        """Book what is not booked yet; most of what polling brings is."""
        fills = tuple(fills)
        now = self._clock.now()
        news = await self._persistence.read(lambda view: self._news(view, fills))
        for begin in range(0, len(news), BOOKED_TOGETHER):
            # The writer takes them in the order in which they are handed over.
            await asyncio.gather(
                *(
                    self._persistence.write(partial(self._book_one, fill=fill, now=now))
                    for fill in news[begin : begin + BOOKED_TOGETHER]
                )
            )

    def _news(self, view: View, fills: Iterable[BrokerFill]) -> list[BrokerFill]:
        return [
            fill
            for fill in fills
            if view.fetch_one("fill_by_key", account=self._account, trade_key=trade_key(fill))
            is None
            and self._owner(view, fill) is not None
        ]

    def _book_one(self, tx: Tx, fill: BrokerFill, now: datetime) -> bool:
        child = self._owner(tx, fill)
        return child is not None and self._fills.book(tx, child, fill, now)

    def _owner(self, view: View, fill: BrokerFill) -> ChildOrder | None:
        day = fill.market_day.isoformat()
        return self._ours(view, fill.client_id, fill.order_id, fill.symbol, day)

    def _ours(
        self, view: View, client_id: str | None, order_id: str, symbol: str, market_day: str
    ) -> ChildOrder | None:
        """Return the child a broker's order belongs to, if it is one of ours."""
        row = None
        if client_id is not None:
            row = view.fetch_one("child_by_client_id", account=self._account, id=client_id)
        if row is None:
            row = view.fetch_one(
                "child_by_broker_id",
                account=self._account,
                broker_order_id=order_id,
                symbol=symbol,
                market_day=market_day,
            )
        return None if row is None else child_from_row(row)

    async def _take_in_order(self, order: BrokerOrder) -> None:
        now = self._clock.now()

        def take_in(tx: Tx) -> ChildOrder | None:
            child = self._ours(
                tx, order.client_id, order.id, order.symbol, order.market_day.isoformat()
            )
            if child is None or child.state.is_final:
                return None
            return self._evidence.found(tx, child.id, order, (), now)

        child = await self._persistence.write(take_in)
        if child is not None and child.filled < order.filled:
            self._look(child)

    async def _close_dead(self, alive: Iterable[BrokerOrder]) -> None:
        """Look at our open orders that the broker no longer lists."""
        for child in await self._persistence.read(lambda view: self._missing(view, alive)):
            if child.state is not ChildState.CANCELLING:  # whoever cancels it looks
                self._look(child)

    def _missing(self, view: View, alive: Iterable[BrokerOrder]) -> list[ChildOrder]:
        """Return the orders that the broker has taken and does not list among those alive."""
        listed = {(order.id, order.market_day.isoformat()) for order in alive}
        rows = view.fetch("live_children_of_account", account=self._account)
        return [
            child_from_row(row)
            for row in rows
            if row["state"] in TAKEN_CHILDREN
            and (row["broker_order_id"], row["market_day"]) not in listed
        ]

    def _look(self, child: ChildOrder) -> None:
        if child.id in self._looking:
            return
        self._looking.add(child.id)
        task = self._tasks.spawn(self._settler.look(child), name=f"look {child.id}")
        task.add_done_callback(lambda _: self._looking.discard(child.id))

    async def _meet_orphans(self, orders: tuple[BrokerOrder, ...]) -> None:
        now = self._clock.now()

        def strange(view: View) -> list[BrokerOrder]:
            # Most are ours and alive; all the others are looked at one by one.
            rows = view.fetch("live_child_ids", account=self._account)
            ours = {row["id"] for row in rows}
            others = [order for order in orders if order.client_id not in ours]
            found = [order for order in others if self._is_strange(view, order)]
            missing = self._missing(view, orders) if found else []
            return [each for each in found if not any(_may_be(child, each) for child in missing)]

        for order in await self._persistence.read(strange):
            adopted = await self._persistence.write(
                partial(self._meet_orphan, order=order, now=now)
            )
            if adopted is not None and not adopted.state.is_final and order.filled:
                self._look(adopted)

    def _is_strange(self, view: View, order: BrokerOrder) -> bool:
        """Whether an order is not ours, nor can be one whose answer is outstanding."""
        day = order.market_day.isoformat()
        if self._ours(view, order.client_id, order.id, order.symbol, day) is not None:
            return False
        return not view.fetch(
            "uncertain_children_of_symbol", account=self._account, symbol=order.symbol
        )

    def _meet_orphan(self, tx: Tx, order: BrokerOrder, now: datetime) -> ChildOrder | None:
        if not self._is_strange(tx, order):
            return None
        return self._orphans.meet(tx, self._account, order, now)

    async def _fill_count(self) -> int:
        row = await self._persistence.read(
            lambda view: view.fetch_one("count_fills_of_account", account=self._account)
        )
        return 0 if row is None else int(row["count"])

    def _compare(self, view: View, holdings: Holdings) -> tuple[Difference, ...] | None:
        """Return the differences, asset by asset; None while an order may move money unseen."""
        states = view.fetch("live_child_states", account=self._account)
        if any(row["state"] not in SETTLED for row in states) or self._looking:
            return None
        ours: dict[str, list[Decimal]] = {}
        for row in view.fetch("inside_totals", account=self._account):
            ours.setdefault(row["asset"], []).append(Decimal(row["quantity"]))
        theirs = {str(symbol): amount for symbol, amount in holdings.positions.items()}
        theirs |= dict(holdings.cash)
        # While a split is carried out, the broker and the books count in different units.
        split = {
            row["symbol"] for row in view.fetch("pending_splits") if row["account"] == self._account
        }
        differences = (
            Difference(asset, theirs.get(asset, ZERO), total(ours.get(asset, ())))
            for asset in sorted((ours.keys() | theirs.keys()) - split)
        )
        return tuple(
            difference
            for difference in differences
            if abs(difference.amount)
            > (holdings.tolerance if difference.asset in holdings.cash else ZERO)
        )

    @property
    def _acquainted(self) -> str:
        """The fact that this account has been compared before."""
        return f"compared:{self._account}"

    async def _are_acquainted(self) -> bool:
        """Whether the account was ever compared, or traded."""
        known = await self._persistence.read(
            lambda view: view.fetch_one("fact", name=self._acquainted)
        )
        return known is not None or await self._fill_count() > 0

    def _remember_acquaintance(self, tx: Tx) -> None:
        tx.execute("remember_fact", name=self._acquainted, value=self._clock.now().isoformat())

    async def _look_again(self) -> None:
        """Compare once more, as soon as a difference counts: people wait to say whose it is."""
        await self._clock.sleep(SECOND_LOOK_AFTER.total_seconds() + 1)
        with contextlib.suppress(BrokerUnavailableError, StorageError):
            await self.run()  # or it is tried at the next time

    async def _to_suspense(self, differences: tuple[Difference, ...], *, opening: bool) -> bool:
        """Put differences that have shown for a while to suspense; return whether there were any.

        ``opening``: nobody has compared before. What the account holds is told as found.
        """
        now = self._clock.now()
        before, self._seen = self._seen, {}
        again = []
        for difference in differences:
            amount, since = before.get(difference.asset, (difference.amount, now))
            if amount != difference.amount:
                since = now
            if now - since >= SECOND_LOOK_AFTER:
                again.append(difference)
            else:
                self._seen[difference.asset] = difference.amount, since
        for difference in again:
            await self._persistence.write(
                partial(self._suspend, difference=difference, now=now, opening=opening)
            )
        return bool(again)

    def _suspend(
        self,
        tx: Tx,
        difference: Difference,
        now: datetime,
        *,
        opening: bool,
    ) -> None:
        self._keeper.book(
            tx,
            self._account,
            EventKind.OPENING if opening else EventKind.DIFFERENCE,
            [Entry(book=SUSPENSE, asset=difference.asset, quantity=difference.amount)],
            f"broker {to_text(difference.broker)}, books {to_text(difference.books)}",
            now,
        )
        raise_notice(
            tx,
            self._ids.new(),
            "holdings_found" if opening else "difference",
            now,
            account=self._account,
            asset=difference.asset,
            broker=to_text(difference.broker),
            books=to_text(difference.books),
            amount=to_text(difference.amount),
        )


def _may_be(child: ChildOrder, order: BrokerOrder) -> bool:
    """Whether an order may be one of ours whose number was told wrong, at a venue without ids."""
    return child.fingerprint is not None and (child.symbol, child.side, child.quantity) == (
        order.symbol,
        order.side,
        order.quantity,
    )
