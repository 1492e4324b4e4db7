"""A venue's budgets, and who goes first where they are scarce."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

from adapters.clock import LoopClock
from adapters.limits import Budget, Gate, OverBudgetError, Urgency
from tests.support.loops import virtually
from tests.support.world import started

MINUTE_START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CANCEL, PLACE, ASK = Urgency


class Counter:
    """A gate with one budget of ten a minute, fifteen seconds into the minute."""

    def __init__(self) -> None:
        self.clock = LoopClock(MINUTE_START + timedelta(seconds=15))
        self.budget = Budget("weight", 10, 60)
        self.gate = Gate(self.clock, self.clock.now)
        self.went: list[str] = []

    async def go(
        self, name: str, urgency: Urgency = PLACE, cost: int = 1, within_s: float = 100.0
    ) -> None:
        permit = await self.gate.enter([(self.budget, cost)], urgency, within_s)
        self.went.append(name)
        permit.release()


@virtually
async def test_requests_within_the_budget_leave_at_once() -> None:
    counter = Counter()
    for number in range(8):
        await counter.go(f"order {number}")
    assert counter.clock.monotonic() == 0
    assert counter.budget.used == 8


@virtually
async def test_a_full_budget_opens_when_the_venues_window_ends() -> None:
    counter = Counter()
    await counter.go("many", cost=8)
    await counter.go("one more")
    assert counter.clock.monotonic() == pytest.approx(45, abs=0.1)
    assert counter.budget.used == 1


@virtually
async def test_the_last_part_of_a_budget_is_for_cancels() -> None:
    counter = Counter()
    await counter.go("orders", cost=8)
    await counter.go("cancel", CANCEL, cost=2)
    assert counter.clock.monotonic() == 0


@virtually
async def test_questions_leave_room_for_orders() -> None:
    counter = Counter()
    await counter.go("questions", ASK, cost=6)
    with pytest.raises(OverBudgetError):
        await counter.go("question", ASK, within_s=1)
    await counter.go("order")


@virtually
async def test_a_cancel_passes_everything_that_queues() -> None:
    counter = Counter()
    await counter.go("filler", CANCEL, cost=10)
    waiting = [
        started(counter.go(name, urgency))
        for name, urgency in (("asked", ASK), ("placed", PLACE), ("ended", CANCEL))
    ]
    await asyncio.gather(*waiting)
    assert counter.went[1:] == ["ended", "placed", "asked"]


@virtually
async def test_who_waits_too_long_is_told_when_to_come_back() -> None:
    counter = Counter()
    await counter.go("filler", CANCEL, cost=10)
    with pytest.raises(OverBudgetError) as error:
        await counter.go("late", within_s=5)
    assert error.value.retry_after_s == pytest.approx(40, abs=0.1)
    assert counter.gate.waiting == 0


@virtually
async def test_one_accounts_full_budget_delays_no_other_account() -> None:
    counter = Counter()
    busy, idle = Budget("orders", 1, 10), Budget("orders", 100, 10)
    (await counter.gate.enter([(counter.budget, 1), (busy, 1)], PLACE, 1)).release()
    held_up = started(counter.gate.enter([(counter.budget, 1), (busy, 1)], PLACE, 100))
    await asyncio.sleep(0)
    await counter.gate.enter([(counter.budget, 1), (idle, 1)], PLACE, 1)
    assert counter.clock.monotonic() == 0
    await held_up
    assert counter.clock.monotonic() == pytest.approx(5, abs=0.1)


@virtually
async def test_after_a_refusal_nothing_leaves_before_the_time_told() -> None:
    counter = Counter()
    counter.gate.close_for(7)
    await asyncio.gather(counter.go("order"), counter.go("cancel", CANCEL))
    assert counter.clock.monotonic() == pytest.approx(7, abs=0.1)
    assert counter.went == ["cancel", "order"]


@virtually
async def test_what_costs_nothing_is_silent_too() -> None:
    counter = Counter()
    counter.gate.close_for(7)
    await counter.gate.enter([(counter.budget, 0)], PLACE, 100)
    assert counter.clock.monotonic() == pytest.approx(7, abs=0.1)


@virtually
async def test_thousands_wait_without_anybody_counting_them_again_and_again() -> None:
    """Eight of ten a minute: the last would leave in hours; all are told so."""
    counter = Counter()
    crowd = [started(counter.go(str(number), within_s=1)) for number in range(2000)]
    await asyncio.sleep(0)
    assert counter.gate.waiting == 2000 - 8
    begun = process_time()
    await counter.go("cancel", CANCEL)
    assert process_time() - begun < 0.1
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(isinstance(outcome, OverBudgetError) for outcome in outcomes) == 2000 - 8
    assert counter.gate.waiting == 0


@virtually
async def test_a_long_silence_is_answered_at_once() -> None:
    counter = Counter()
    counter.gate.close_for(120)
    counter.gate.close_for(5)  # a shorter one does not end it
    with pytest.raises(OverBudgetError) as error:
        await counter.go("cancel", CANCEL, within_s=4)
    assert error.value.retry_after_s == pytest.approx(120)
    assert counter.clock.monotonic() == 0


@virtually
async def test_what_the_venue_counted_counts() -> None:
    counter = Counter()
    permit = await counter.gate.enter([(counter.budget, 1)], PLACE, 1)
    permit.release({"weight": 9})
    with pytest.raises(OverBudgetError):
        await counter.go("order", within_s=1)
    await counter.go("cancel", CANCEL)


@virtually
async def test_a_request_under_way_at_the_windows_end_counts_in_the_next() -> None:
    counter = Counter()
    permit = await counter.gate.enter([(counter.budget, 3)], PLACE, 1)
    await counter.clock.sleep(46)
    await counter.go("next")
    assert counter.budget.used == 4
    permit.release({"weight": 10})  # what was used in a window that is over
    assert counter.budget.used == 4


@virtually
async def test_giving_up_while_waiting_leaves_no_trace() -> None:
    counter = Counter()
    await counter.go("filler", CANCEL, cost=10)
    waiting = started(counter.go("given up"))
    await asyncio.sleep(0)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    assert counter.gate.waiting == 0
    await counter.go("next minute", cost=8)
    assert counter.went == ["filler", "next minute"]


@virtually
async def test_an_exhausted_budget_waits_for_the_next_window() -> None:
    counter = Counter()
    await counter.go("first")
    counter.budget.exhaust()
    await counter.go("cancel", CANCEL)
    assert counter.clock.monotonic() == pytest.approx(45, abs=0.1)


@virtually
async def test_a_question_larger_than_its_share_goes_when_nothing_else_has() -> None:
    counter = Counter()
    await counter.go("everything", ASK, cost=9)
    assert counter.clock.monotonic() == 0
