from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters import departures
from adapters.broker import OrderRequest, SentOrder
from adapters.clock import LoopClock
from adapters.departures import Departures
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.support.loops import in_virtual_time, virtually
from tests.support.world import START

if TYPE_CHECKING:
    import pytest


def stored(name: str, ago: timedelta = timedelta(0)) -> SentOrder:
    """Return an order that was stored some time before the story begins."""
    request = OrderRequest(
        client_id=ChildId(name),
        symbol=Symbol("BTCUSDT"),
        side=Side.BUY,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(1),
    )
    return SentOrder(
        request=request,
        sent_at=START - ago,
        fingerprint=None,
        broker_order_id=None,
        market_day=None,
    )


@virtually
async def test_an_order_that_waited_for_its_turn_settles_from_when_it_left() -> None:
    clock = LoopClock(START)
    left = Departures(clock)
    await clock.sleep(4)
    left.note(ChildId("waited"))
    assert left.of(stored("waited")) == START + timedelta(seconds=4)


@virtually
async def test_an_order_of_an_earlier_process_settles_from_when_it_was_stored() -> None:
    left = Departures(LoopClock(START))
    hour = timedelta(hours=1)
    assert left.of(stored("earlier", hour)) == START - hour


@virtually
async def test_a_clock_that_was_set_back_shortens_no_wait() -> None:
    left = Departures(LoopClock(START - timedelta(minutes=1)))
    left.note(ChildId("before"))
    assert left.of(stored("before")) == START


def test_only_the_newest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departures, "MOST_REMEMBERED", 2)

    async def story() -> None:
        clock = LoopClock(START)
        left = Departures(clock)
        for name in ("first", "second", "third"):
            await clock.sleep(1)
            left.note(ChildId(name))
        assert left.of(stored("first")) == START
        assert left.of(stored("second")) == START + timedelta(seconds=2)
        assert left.of(stored("third")) == START + timedelta(seconds=3)

    in_virtual_time(story())
