"""Calls to a broker end in time, and whatever happens to them is an answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from adapters.broker import (
    Absent,
    BrokerUnavailableError,
    CancelAccepted,
    Capabilities,
    OrderRequest,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
)
from adapters.clock import LoopClock
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from daemon.execution.broker_calls import CALL_TIMEOUT_S, BrokerCalls
from tests.support.world import START, started

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.broker import Broker, CancelOutcome, FindOutcome, PlaceOutcome

REQUEST = OrderRequest(
    client_id=ChildId("c"),
    symbol=Symbol("TQQQ"),
    side=Side.BUY,
    order_type=OrderType.MARKET,
    time_in_force=TimeInForce.DAY,
    quantity=Decimal(1),
)
SENT = SentOrder(
    request=REQUEST, sent_at=START, fingerprint=None, broker_order_id=None, market_day=None
)


class Venue:
    """A broker that does with every call what it is told, and counts those under way."""

    def __init__(self, behave: Callable[[], Awaitable[None]], most: int = 4) -> None:
        self._behave = behave
        self.most_at_once: dict[str, int] = {}
        self._now: dict[str, int] = {}
        self.capabilities = Capabilities(
            client_order_ids=True,
            order_types=frozenset(OrderType),
            good_till_cancelled=True,
            batch_cancel=1,
            max_in_flight=most,
            settle_time=timedelta(0),
        )

    async def place(self, _: OrderRequest) -> PlaceOutcome:
        await self._work("place")
        return Refused(RefusalCode.REJECTED, "no")

    async def cancel(self, _: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
        await self._work("cancel")
        return (CancelAccepted(),)

    async def find(self, _: SentOrder) -> FindOutcome:
        await self._work("find")
        return Undecided("not yet")

    async def fingerprint(self, _: OrderRequest) -> str:
        await self._work("fingerprint")
        return "before"

    async def _work(self, call: str) -> None:
        self._now[call] = self._now.get(call, 0) + 1
        self.most_at_once[call] = max(self.most_at_once.get(call, 0), self._now[call])
        try:
            await self._behave()
        finally:
            self._now[call] -= 1


def calls_of(venue: Venue) -> BrokerCalls:
    return BrokerCalls(cast("Broker", venue), LoopClock(START))


async def never() -> None:
    await asyncio.get_running_loop().create_future()


async def breaks() -> None:
    raise ZeroDivisionError("a mistake of the adapter")


async def a_second() -> None:
    await asyncio.sleep(1)


async def test_placing_may_take_as_long_as_the_venue_must_be_asked_afterwards() -> None:
    venue = Venue(never)
    look = timedelta(seconds=42)
    venue.capabilities = replace(venue.capabilities, second_look=look)
    calls = calls_of(venue)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert isinstance(await calls.place(REQUEST), OutcomeUnknown)
    assert loop.time() - begun == pytest.approx(CALL_TIMEOUT_S + 42)


async def test_no_answer_in_time_is_an_unknown_outcome_and_a_question_is_undecided() -> None:
    calls = calls_of(Venue(never))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert isinstance(await calls.place(REQUEST), OutcomeUnknown)
    assert loop.time() - begun == pytest.approx(CALL_TIMEOUT_S)
    assert isinstance(await calls.cancel(SENT), OutcomeUnknown)
    assert isinstance(await calls.find(SENT), Undecided)
    with pytest.raises(BrokerUnavailableError):
        await calls.fingerprint(REQUEST)


async def test_a_mistake_of_the_adapter_is_an_unknown_outcome_too() -> None:
    calls = calls_of(Venue(breaks))
    placed = await calls.place(REQUEST)
    assert placed == OutcomeUnknown("ZeroDivisionError: a mistake of the adapter")
    assert isinstance(await calls.cancel(SENT), OutcomeUnknown)
    assert isinstance(await calls.find(SENT), Undecided)


async def test_answers_pass_unchanged() -> None:
    async def at_once() -> None:
        await asyncio.sleep(0)

    calls = calls_of(Venue(at_once))
    assert await calls.place(REQUEST) == Refused(RefusalCode.REJECTED, "no")
    assert await calls.cancel(SENT) == CancelAccepted()
    assert await calls.find(SENT) == Undecided("not yet")
    assert await calls.fingerprint(REQUEST) == "before"


async def test_no_more_calls_are_under_way_than_the_venue_allows_and_cancels_keep_their_share() -> (
    None
):
    venue = Venue(a_second, most=8)
    calls = calls_of(venue)
    await asyncio.gather(
        *(calls.place(REQUEST) for _ in range(20)), *(calls.cancel(SENT) for _ in range(4))
    )
    assert venue.most_at_once == {"place": 6, "cancel": 2}


async def test_a_venue_that_allows_one_call_still_gets_orders_and_cancels() -> None:
    venue = Venue(a_second, most=1)
    calls = calls_of(venue)
    await asyncio.gather(calls.place(REQUEST), calls.place(REQUEST), calls.cancel(SENT))
    assert venue.most_at_once == {"place": 1, "cancel": 1}


async def test_a_cancel_does_not_wait_for_questions() -> None:
    venue = Venue(a_second, most=2)
    calls = calls_of(venue)
    asking = [started(calls.find(SENT)) for _ in range(5)]
    await asyncio.sleep(0)
    begun = asyncio.get_running_loop().time()
    await calls.cancel(SENT)
    assert asyncio.get_running_loop().time() - begun == pytest.approx(1)
    await asyncio.gather(*asking)
    assert venue.most_at_once == {"find": 1, "cancel": 1}


class Batches(Venue):
    """A broker that takes ten cancels in a request, and remembers the requests."""

    def __init__(self, behave: Callable[[], Awaitable[None]], answers: int | None = None) -> None:
        super().__init__(behave)
        self.capabilities = replace(self.capabilities, batch_cancel=10)
        self.sizes: list[int] = []
        self._answers = answers

    async def cancel(self, orders: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
        self.sizes.append(len(orders))
        await self._work("cancel")
        return (CancelAccepted(),) * (len(orders) if self._answers is None else self._answers)


async def test_orders_that_end_together_are_cancelled_in_one_request() -> None:
    venue = Batches(lambda: asyncio.sleep(1))
    calls = BrokerCalls(cast("Broker", venue), LoopClock(START))
    outcomes = await asyncio.gather(*(calls.cancel(SENT) for _ in range(25)))
    assert outcomes == [CancelAccepted()] * 25
    assert sorted(venue.sizes) == [5, 10, 10]


async def test_a_request_answered_short_leaves_all_its_orders_unknown() -> None:
    calls = BrokerCalls(
        cast("Broker", Batches(lambda: asyncio.sleep(1), answers=1)), LoopClock(START)
    )
    outcomes = await asyncio.gather(*(calls.cancel(SENT) for _ in range(3)))
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 3


async def test_who_gives_up_leaves_the_others_an_answer() -> None:
    calls = BrokerCalls(cast("Broker", Batches(lambda: asyncio.sleep(5))), LoopClock(START))
    first, second = started(calls.cancel(SENT)), started(calls.cancel(SENT))
    await asyncio.sleep(1)
    first.cancel()
    assert await second == OutcomeUnknown("interrupted")


class Late(Venue):
    """A broker that shows nothing yet, and trusts the time of day."""

    def __init__(self, clock: LoopClock) -> None:
        super().__init__(never)
        self._clock = clock
        self.capabilities = replace(self.capabilities, settle_time=timedelta(seconds=20))

    async def find(self, sent: SentOrder) -> FindOutcome:
        late = self._clock.now() >= sent.sent_at + self.capabilities.settle_time
        return Absent() if late else Undecided("too early")


async def test_a_clock_set_forward_proves_no_order_absent_that_is_on_its_way() -> None:
    clock = LoopClock(START)
    await clock.sleep(100)
    calls = BrokerCalls(cast("Broker", Late(clock)), clock)
    await clock.sleep(100)
    sent = replace(SENT, sent_at=clock.now())
    assert isinstance(await calls.place(REQUEST), OutcomeUnknown)  # ten seconds later
    clock.step(timedelta(minutes=1))
    assert isinstance(await calls.find(sent), Undecided)
    await clock.sleep(9)
    assert isinstance(await calls.find(sent), Undecided)
    await clock.sleep(2)
    assert await calls.find(sent) == Absent()


async def test_an_order_of_the_process_before_is_waited_for_from_the_start_on() -> None:
    clock = LoopClock(START)
    calls = BrokerCalls(cast("Broker", Late(clock)), clock)
    sent = replace(SENT, sent_at=clock.now() - timedelta(hours=1))
    assert isinstance(await calls.find(sent), Undecided)
    await clock.sleep(20)
    assert await calls.find(sent) == Absent()


async def test_only_orders_that_may_be_on_their_way_are_remembered() -> None:
    clock = LoopClock(START)
    calls = BrokerCalls(cast("Broker", Late(clock)), clock)
    for number in range(6):
        await calls.place(replace(REQUEST, client_id=ChildId(f"c{number}")))
    assert list(calls._left) == ["c4", "c5"]  # noqa: SLF001 - nothing shows it
