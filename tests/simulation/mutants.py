"""Mistakes that the simulation must notice: each breaks one rule the order path stands on."""

# ruff: noqa: SLF001, ARG001 - a mutant is a function put in another's place

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from adapters.broker import Absent, Undecided
from adapters.sqlite import group_commit
from adapters.sqlite.group_commit import GroupCommit
from algorithms.bookkeeping import carried
from algorithms.decimals import ZERO
from algorithms.domain import ChildState, ParentStatus
from algorithms.netting import NettingOrder
from daemon.execution import bookkeeper, cancels, desk, fills, receipts
from daemon.execution.broker_calls import BrokerCalls
from daemon.execution.cancels import CancelDesk
from daemon.execution.clock_steps import ClockSteps
from daemon.execution.commands import CancelAll
from daemon.execution.evidence import Evidence
from daemon.execution.fills import Fills
from daemon.execution.halts import Halts
from daemon.execution.intake import Intake
from daemon.execution.ladder.revising import Reviser
from daemon.execution.lanes import Lanes
from daemon.execution.netter import Netter
from daemon.execution.orders import Orders
from daemon.execution.requests import Requests
from daemon.execution.risk import Risk
from daemon.execution.sender import Sender, SendResult
from daemon.execution.sent import request_of, sent_order
from daemon.execution.settler import Settler
from daemon.execution.slicer import Slicer
from daemon.jobs.timetable import Timetable
from daemon.rebalancing.phases import Phases
from daemon.storage.rows import parent_from_row, to_us
from daemon.storage.tx import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    import pytest

    from adapters.broker import CancelOutcome, FindOutcome, SentOrder
    from algorithms.bookkeeping import Entry
    from algorithms.domain import ChildId, ChildOrder, ParentOrder, StrategyName, Symbol
    from daemon.execution.answers import Item
    from daemon.execution.commands import Cancel, Place
    from daemon.execution.intake import Placed
    from daemon.registry import Book
    from daemon.storage.tx import Tx, View

    Mutant = Callable[[pytest.MonkeyPatch], None]


def send_before_it_is_stored(patch: pytest.MonkeyPatch) -> None:
    async def send(self: Sender, child: ChildOrder) -> SendResult:
        outcome = await self._calls.place(request_of(child))
        if await self._begin(child.id, None) is None:
            return SendResult(look=False)
        return await self._record(child.id, outcome)

    patch.setattr(Sender, "_send", send)


def take_no_answer_for_a_refusal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Evidence, "unanswered", Evidence.refused)


def take_not_seen_yet_for_never_arrived(patch: pytest.MonkeyPatch) -> None:
    find = BrokerCalls.find

    async def hasty(self: BrokerCalls, sent: SentOrder) -> FindOutcome:
        found = await find(self, sent)
        return Absent() if isinstance(found, Undecided) else found

    patch.setattr(BrokerCalls, "find", hasty)


def work_a_slice_before_the_last_is_cancelled(patch: pytest.MonkeyPatch) -> None:
    def cancel_alive(self: Orders, tx: Tx, parent: ParentOrder, now: datetime) -> bool:
        for child in self.live_children(tx, parent.id):
            tx.execute("set_cancel_at", id=child.id, cancel_at=to_us(now))
        return False

    patch.setattr(Orders, "cancel_alive", cancel_alive)


def believe_a_cancel_before_it_is_confirmed(patch: pytest.MonkeyPatch) -> None:
    begin = Settler._begin_cancel

    async def believe(self: Settler, child_id: ChildId) -> ChildOrder:
        child = await begin(self, child_id)
        if child.state is ChildState.CANCELLING:
            await self._calls.cancel(sent_order(child))
            now = self._clock.now()
            child = await self._persistence.write(
                lambda tx: self._orders.advance(
                    tx, self._orders.child(tx, child_id), now, ChildState.CANCELLED
                )
            )
        return child

    patch.setattr(Settler, "_begin_cancel", believe)


def book_a_fill_each_time_it_is_reported(patch: pytest.MonkeyPatch) -> None:
    numbers = count()
    key = fills.trade_key
    patch.setattr(fills, "trade_key", lambda fill: f"{key(fill)}:{next(numbers)}")


def cancel_all_orders_of_the_account(patch: pytest.MonkeyPatch) -> None:
    def matching(
        self: CancelDesk, view: View, strategy: StrategyName, command: CancelAll
    ) -> list[ParentOrder]:
        books = self._current.registry.books_of_strategy[strategy]
        accounts = {book.account.name for book in books}
        parents = map(parent_from_row, view.fetch("live_parents"))
        return [parent for parent in parents if parent.account in accounts]

    patch.setattr(CancelDesk, "matching", matching)


def let_waiting_orders_escape_a_cancel(patch: pytest.MonkeyPatch) -> None:
    place = Intake.place

    def blind(self: Intake, tx: Tx, command: Place, **terms: object) -> Placed:
        return place(self, tx, command, **(terms | {"vetoes": ()}))  # type: ignore[arg-type]

    patch.setattr(Intake, "place", blind)


def answer_a_cancel_before_it_is_confirmed(patch: pytest.MonkeyPatch) -> None:
    describe, settle = receipts._cancelled, Requests.settle

    def hasty(parent: ParentOrder, *known: object) -> Item:
        if parent.cancel_requested_at is not None and not parent.status.is_final:
            parent = parent._replace(status=ParentStatus.CANCELLED)
        return describe(parent, *known)  # type: ignore[arg-type]

    def late(self: Requests, tx: Tx, request_id: str, now: datetime) -> None:
        settle(self, tx, request_id, now + timedelta(days=1))

    patch.setattr(receipts, "_cancelled", hasty)
    patch.setattr(Requests, "settle", late)


def sell_what_another_order_may_sell(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Position, "free", property(lambda self: self.quantity))


def cancel_with_the_brokers_cancel_all(patch: pytest.MonkeyPatch) -> None:
    cancel = BrokerCalls.cancel

    async def all_of_them(self: BrokerCalls, sent: SentOrder) -> CancelOutcome:
        await self._broker.exchange.cancel(lambda engine: tuple(engine.book))  # type: ignore[attr-defined]
        return await cancel(self, sent)

    patch.setattr(BrokerCalls, "cancel", all_of_them)


def keep_what_an_ended_order_had_reserved(patch: pytest.MonkeyPatch) -> None:
    reserve = Orders.reserve

    def only_more(self: Orders, tx: Tx, order: ParentOrder | ChildOrder, change: Decimal) -> None:
        if change > 0:
            reserve(self, tx, order, change)

    patch.setattr(Orders, "reserve", only_more)


def cross_only_the_buyers_side(patch: pytest.MonkeyPatch) -> None:
    apply = Fills._apply

    def buyers(self: Fills, tx: Tx, parent: ParentOrder, *rest: object, **more: object) -> None:
        if more.get("pair_id") is None or parent.side.value == "buy":
            apply(self, tx, parent, *rest, **more)  # type: ignore[arg-type]

    patch.setattr(Fills, "_apply", buyers)


def leave_requests_without_an_outcome(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Requests, "parent_changed", lambda *_: None)


def let_shares_leave_their_cost_behind(patch: pytest.MonkeyPatch) -> None:
    def costless(*terms: Any) -> list[Entry]:  # noqa: ANN401 - those of the real one
        return [replace(entry, cost=ZERO) for entry in carried(*terms)]

    patch.setattr(bookkeeper, "carried", costless)


def transfer_what_an_order_has_set_aside(patch: pytest.MonkeyPatch) -> None:
    def all_of_it(tx: Tx, book: Book, asset: str, _: object) -> Position:
        return tx.position(book.account.name, book.name, asset)

    patch.setattr(bookkeeper, "_free", all_of_it)


def keep_half_of_a_write_that_failed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(group_commit, "_roll_back", lambda _: None)


def send_a_new_ladder_before_the_old_is_gone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Reviser, "_lives", lambda *_: False)


def forget_that_a_rebalance_has_sold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Phases, "_stop", Phases._fail)


def forget_requests_when_the_daemon_starts(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> None:
        """Take nothing up."""

    patch.setattr(Lanes, "recover", nothing)


def let_orders_wait_for_a_clock_that_was_ahead(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ClockSteps, "_put_back", lambda *_: None)


def take_the_winters_clock_in_summer(patch: pytest.MonkeyPatch) -> None:
    def wall(day: date, offset: timedelta, zone: ZoneInfo) -> datetime:
        winter = datetime(day.year, 1, 1, tzinfo=zone).utcoffset()
        assert winter is not None
        return datetime.combine(day, time(), UTC) + offset - winter

    patch.setattr(Timetable, "_wall", staticmethod(wall))


def take_a_repeat_for_a_new_request(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(desk, "_dedup_key", lambda _, request_id: f"id:{request_id}")


def answer_before_it_is_on_disk(patch: pytest.MonkeyPatch) -> None:
    async def hasty(self: GroupCommit[Any], batch: list[Any]) -> None:
        works = [waiting.work for waiting in batch]
        await self._driver.run(group_commit._begin)
        written = self._driver.run_here(lambda connection: self._open(connection, works))
        self._tell(batch, [written])
        await self._driver.run(group_commit._commit)

    patch.setattr(GroupCommit, "_write_short_ones", hasty)


def cancel_what_was_not_meant(patch: pytest.MonkeyPatch) -> None:
    matching = CancelDesk.matching

    def of_any_symbol(
        self: CancelDesk, view: View, strategy: StrategyName, command: CancelAll
    ) -> list[ParentOrder]:
        return matching(self, view, strategy, command._replace(symbol=None))

    patch.setattr(CancelDesk, "matching", of_any_symbol)


def say_of_a_working_order_that_it_has_ended(patch: pytest.MonkeyPatch) -> None:
    find = CancelDesk.find

    def only_new(
        self: CancelDesk, view: View, strategy: StrategyName, commands: Iterable[Cancel | CancelAll]
    ) -> tuple[list[ParentOrder], list[Item]]:
        commands = tuple(commands)
        wanted, rest = find(self, view, strategy, commands)
        if any(isinstance(each, CancelAll) for each in commands):
            return wanted, rest
        working = [each for each in wanted if each.status is ParentStatus.WORKING]
        return [each for each in wanted if each not in working], [
            *rest,
            *(cancels._ended_before(each) for each in working),
        ]

    patch.setattr(CancelDesk, "find", only_new)


def place_twice_what_had_to_wait(patch: pytest.MonkeyPatch) -> None:
    place = Intake.place

    def twice(self: Intake, tx: Tx, command: Place, **terms: Any) -> Placed:  # noqa: ANN401
        placed = place(self, tx, command, **terms)
        if "vetoes" in terms:
            place(self, tx, command, **terms)
        return placed

    patch.setattr(Intake, "place", twice)


def cross_beyond_a_limit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NettingOrder, "allows", lambda *_: True)


def cross_for_who_does_not_net(patch: pytest.MonkeyPatch) -> None:
    may_net = Netter._may_net

    def anybody(self: Netter, parent: ParentOrder) -> bool:
        return may_net(self, parent._replace(nets=True))

    patch.setattr(Netter, "_may_net", anybody)


def take_no_notice_of_halts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Halts, "reason", lambda *_: None)


def forget_halts_when_the_daemon_starts(patch: pytest.MonkeyPatch) -> None:
    async def nothing(_: Halts) -> None:
        """Read nothing."""

    patch.setattr(Halts, "load", nothing)


def take_orders_for_books_that_are_off(patch: pytest.MonkeyPatch) -> None:
    refuse = Intake._refuse_if_stopped

    def only_halted(self: Intake, book: Book, symbol: Symbol) -> None:
        refuse(self, replace(book, active=True), symbol)

    patch.setattr(Intake, "_refuse_if_stopped", only_halted)


def cut_slices_too_large(patch: pytest.MonkeyPatch) -> None:
    slot = Slicer._slot

    def nearer_the_end(self: Slicer, parent: ParentOrder, now: datetime) -> Any:  # noqa: ANN401
        found = slot(self, parent, now)
        return replace(found, left=max(found.left - 1, 1))

    patch.setattr(Slicer, "_slot", nearer_the_end)


def forget_the_limit_of_an_order_in_slices(patch: pytest.MonkeyPatch) -> None:
    limit = Slicer._slice_limit

    def any_price(self: Slicer, parent: ParentOrder, *now: Any) -> Decimal | None:  # noqa: ANN401
        return limit(self, parent._replace(limit_price=None), *now)

    patch.setattr(Slicer, "_slice_limit", any_price)


def let_an_order_outlive_its_deadline(patch: pytest.MonkeyPatch) -> None:
    def rest(self: Orders, tx: Tx, parent: ParentOrder, _: datetime) -> None:
        self.store_parent(tx, parent._replace(slices_left=0, due_at=None))

    patch.setattr(Orders, "give_up", rest)


def send_at_any_pace(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Risk, "too_fast", lambda *_: None)


SOON_NOTICED: tuple[Mutant, ...] = (
    let_shares_leave_their_cost_behind,
    transfer_what_an_order_has_set_aside,
    send_before_it_is_stored,
    take_no_answer_for_a_refusal,
    believe_a_cancel_before_it_is_confirmed,
    book_a_fill_each_time_it_is_reported,
    cancel_all_orders_of_the_account,
    answer_a_cancel_before_it_is_confirmed,
    cancel_with_the_brokers_cancel_all,
    keep_what_an_ended_order_had_reserved,
    leave_requests_without_an_outcome,
)
"""On the first days already."""
MUTANTS: tuple[Mutant, ...] = (
    *SOON_NOTICED,
    work_a_slice_before_the_last_is_cancelled,
    take_not_seen_yet_for_never_arrived,
    let_waiting_orders_escape_a_cancel,
    sell_what_another_order_may_sell,
    cross_only_the_buyers_side,
    keep_half_of_a_write_that_failed,
    send_a_new_ladder_before_the_old_is_gone,
    forget_that_a_rebalance_has_sold,
    forget_requests_when_the_daemon_starts,
    take_the_winters_clock_in_summer,
    let_orders_wait_for_a_clock_that_was_ahead,
    take_a_repeat_for_a_new_request,
    answer_before_it_is_on_disk,
    cancel_what_was_not_meant,
    say_of_a_working_order_that_it_has_ended,
    place_twice_what_had_to_wait,
    cross_beyond_a_limit,
    cross_for_who_does_not_net,
    take_no_notice_of_halts,
    forget_halts_when_the_daemon_starts,
    take_orders_for_books_that_are_off,
    cut_slices_too_large,
    forget_the_limit_of_an_order_in_slices,
    let_an_order_outlive_its_deadline,
    send_at_any_pace,
)
