from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import Holdings
from algorithms.domain import AccountName, OrderType
from daemon.audit import (
    FIRST_AFTER_S,
    ROWS_BETWEEN_PAUSES,
    SECOND_LOOK_S,
    AuditStoppedError,
    Breather,
    audit,
    compare,
)
from daemon.execution.requests import Requests
from daemon.signals import NoticeRaised
from tests.support.loops import in_virtual_time
from tests.support.world import START, World, buy, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from algorithms.invariants import Violation
    from daemon.storage.tx import Tx

MAIN = AccountName("main")


async def found(day: World) -> tuple[Violation, ...]:
    return await audit(day.engine.store, day.engine.services.brokers, day.clock)


async def spoil(day: World) -> None:
    """Change a position behind the ledger's back."""

    def change(tx: Tx) -> None:
        tx.position(MAIN, next(iter(day.engine.registry.books)), "USD").quantity += 1

    await day.engine.store.write(change)


class MovingBroker:
    """Says something else each time, as while an order fills."""

    def __init__(self) -> None:
        self._asked = 0

    async def holdings(self) -> Holdings:
        self._asked += 1
        return Holdings(positions={}, cash={"USD": Decimal(self._asked)}, at=START)


def test_a_day_of_trading_and_netting_leaves_the_books_right(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            await day.submit("alpha", buy("TQQQ", "10"))
            await day.pass_time(5)
            twap = sell("TQQQ", "4", kind=OrderType.TWAP, slices=1, minutes="1")
            await day.submit("alpha", twap)
            await day.submit("beta", buy("TQQQ", "6"))
            await day.pass_time(5)
            assert await found(day) == ()
            assert len(await day.rows("all_pairs")) == 1

    in_virtual_time(story())


def test_what_is_wrong_in_the_database_is_found_with_its_number(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            await spoil(day)
            assert {violation.number for violation in await found(day)} == {1, 2}
            alone = await audit(day.engine.store, None, day.clock)
            assert {violation.number for violation in alone} == {1}

    in_virtual_time(story())


def test_a_broker_that_does_not_answer_is_not_compared(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            broker = day.engine.services.brokers[MAIN]
            await broker.close()
            finding = await compare(day.engine.store, day.engine.services.brokers)
            assert finding.checked == 0
            assert finding.skipped == "broker not asked: main"

    in_virtual_time(story())


def test_an_account_that_moves_while_it_is_looked_at_is_left_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            finding = await compare(day.engine.store, {MAIN: MovingBroker()})
            assert finding.skipped == "broker not asked: main"

    in_virtual_time(story())


def test_the_daemon_audits_itself_soon_after_the_start_and_every_hour(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            alarms: list[str] = []
            day.engine.bus.subscribe(
                NoticeRaised,
                lambda told: alarms.append(told.text) if told.level == "alarm" else None,
            )
            await spoil(day)
            await day.pass_time(59)
            assert not [text for text in alarms if "invariant" in text]
            await day.pass_time(2)
            words = "invariant 1 does not hold: main a USD: quantity is 100001"
            assert any(text.startswith(words) for text in alarms)
            told = len([text for text in alarms if "invariant 1" in text])
            await day.pass_time(7200)
            assert len([text for text in alarms if "invariant 1" in text]) == told

    in_virtual_time(story())


def test_a_clock_that_was_just_set_is_no_broken_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ahead by an hour, for a moment everything that waits seems to have waited for an hour."""

    async def story() -> None:
        async with world(tmp_path) as day:
            alarms: list[str] = []
            day.engine.bus.subscribe(NoticeRaised, lambda told: alarms.append(told.text))
            monkeypatch.setattr(Requests, "parent_changed", lambda *_: None)
            began = day.clock.monotonic()
            await day.submit("alpha", buy("TQQQ", "10"))
            await day.pass_time(FIRST_AFTER_S - 0.1 - (day.clock.monotonic() - began))
            day.clock.step(timedelta(hours=1))
            await day.pass_time(SECOND_LOOK_S)
            assert not [text for text in alarms if "invariant 6" in text]
            await day.pass_time(1)
            lasting = [text for text in alarms if "invariant 6" in text]
            assert len(lasting) == 1, "what still stands at the second look is told"
            await day.pass_time(7200)
            assert [text for text in alarms if "invariant 6" in text] == lasting, "and once only"

    in_virtual_time(story())


def test_reading_lets_others_run_and_ends_when_told() -> None:
    breather = Breather()
    for _ in range(ROWS_BETWEEN_PAUSES):
        breather()
    breather.stop()

    def read() -> None:
        for _ in range(ROWS_BETWEEN_PAUSES):
            breather()

    with pytest.raises(AuditStoppedError):
        read()
