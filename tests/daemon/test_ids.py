from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from adapters.clock import LoopClock
from algorithms.domain import StrategyName
from daemon.ids import IdSource
from tests.support.loops import in_virtual_time

ALPHA = StrategyName("alpha")
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_ids_are_made_in_order_even_when_the_clock_is_set_back() -> None:
    async def story() -> None:
        clock = LoopClock(START)
        ids = IdSource(clock, random.Random(1))
        made = [ids.new() for _ in range(3)]
        clock.step(timedelta(hours=-1))
        made += [ids.new() for _ in range(3)]
        assert made == sorted(set(made))
        assert {len(one) for one in made} == {26}

    in_virtual_time(story())


def test_ids_go_on_where_the_last_process_stopped() -> None:
    async def story() -> None:
        clock = LoopClock(START)
        newest = IdSource(clock, random.Random(1)).new()
        clock.step(timedelta(hours=-1))
        after = IdSource(clock, random.Random(2))
        assert after.new() < newest
        after.go_on_after(newest)
        assert after.new() > newest

    in_virtual_time(story())


def test_a_child_s_id_that_nobody_looked_for_is_not_made_again() -> None:
    """Children were planned after the newest id that is looked for when the clock was set back."""

    async def story() -> None:
        clock = LoopClock(START)
        before = IdSource(clock, random.Random(1))
        newest = before.new()
        children = {before.child(ALPHA) for _ in range(100)}
        clock.step(timedelta(hours=-1))
        after = IdSource(clock, random.Random(2))
        after.go_on_after(newest)
        assert not children & {after.child(ALPHA) for _ in range(1000)}

    in_virtual_time(story())


class LastOfAll(random.Random):
    """Draws the greatest number but one."""

    def getrandbits(self, bits: int, /) -> int:
        return (1 << bits) - 2


def test_ids_go_on_in_order_where_the_lower_letters_are_used_up() -> None:
    async def story() -> None:
        ids = IdSource(LoopClock(START), LastOfAll())
        made = [ids.new(), *(ids.next() for _ in range(4))]
        assert made[0].endswith("ZZZZ")
        assert made == sorted(set(made))
        assert {len(one) for one in made} == {26}

    in_virtual_time(story())


def test_a_child_s_id_begins_with_its_strategy_and_fits_every_broker() -> None:
    async def story() -> None:
        child = IdSource(LoopClock(START)).child(StrategyName("a_long_strategy_name"))
        assert child.startswith("a_long_s-")
        assert len(child) <= 36

    in_virtual_time(story())
