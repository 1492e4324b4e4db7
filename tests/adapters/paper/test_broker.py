from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Absent,
    Accepted,
    Ambiguous,
    BrokerUnavailableError,
    CancelConfirmed,
    CancelRefused,
    Found,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
)
from adapters.clock import LoopClock
from adapters.paper import Fault, FaultSettings
from adapters.paper.broker import BATCH_CANCEL, RETRY_AFTER_S
from algorithms.domain import BrokerOrderId, OrderType
from tests.support.paper import TQQQ, PaperMarket, paper_settings
from tests.support.paper_engine import BUY, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date
    from pathlib import Path

    from adapters.broker import OrderRequest
    from adapters.paper import PaperBroker

LIMIT = OrderType.LIMIT
SECOND = timedelta(seconds=1)


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[PaperMarket]:
    async with PaperMarket(paper_settings(tmp_path)) as market:
        yield market


def resting(client_id: str = "a") -> OrderRequest:
    return request(client_id, BUY, 1, LIMIT, limit="50")


def sent(
    market: PaperMarket,
    order: OrderRequest,
    fingerprint: str | None = None,
    *,
    number: str | None = None,
    day: date | None = None,
) -> SentOrder:
    return SentOrder(
        request=order,
        sent_at=market.clock.now(),
        fingerprint=fingerprint,
        broker_order_id=None if number is None else BrokerOrderId(number),
        market_day=day,
    )


async def number_of(broker: PaperBroker, order: OrderRequest) -> str:
    outcome = await broker.place(order)
    assert isinstance(outcome, Accepted)
    return outcome.order.id


async def test_a_round_trip_takes_the_way_there_and_back(market: PaperMarket) -> None:
    broker = await market.open(latency_ms=40)
    for question in (
        broker.place(resting()),
        broker.quote(TQQQ),
        broker.holdings(),
        broker.server_time(),
    ):
        started = market.clock.monotonic()
        await question
        assert market.clock.monotonic() - started == pytest.approx(0.08)


async def test_the_order_is_at_the_exchange_after_half_the_round_trip(
    market: PaperMarket,
) -> None:
    broker = await market.open(latency_ms=40)
    placing = asyncio.gather(broker.place(resting()))
    await market.clock.sleep(0.039)
    assert await broker.exchange.open_orders() == ()
    await market.clock.sleep(0.002)
    assert len(await broker.exchange.open_orders()) == 1
    (outcome,) = await placing
    assert isinstance(outcome, Accepted)


async def test_the_settle_time_covers_the_longest_way(market: PaperMarket) -> None:
    broker = await market.open(latency_ms=100, faults=FaultSettings(delay_ms=3000))
    assert broker.capabilities.settle_time == timedelta(seconds=5.1)
    started = market.clock.monotonic()
    await asyncio.gather(*(broker.place(resting(f"c{n}")) for n in range(50)))
    took = market.clock.monotonic() - started
    assert 1 < took <= 3.2


@pytest.mark.parametrize(
    ("fault", "code", "retry_after_s"),
    [
        (Fault.RATE_LIMIT, RefusalCode.RATE_LIMITED, RETRY_AFTER_S),
        (Fault.REJECT, RefusalCode.REJECTED, None),
        (Fault.SERVER_ERROR_BEFORE, RefusalCode.UNAVAILABLE, None),
    ],
)
async def test_a_refusal_is_certain_and_says_when_to_try_again(
    market: PaperMarket, fault: Fault, code: RefusalCode, retry_after_s: float | None
) -> None:
    broker = await market.open()
    broker.faults.script("place", fault)
    outcome = await broker.place(resting())
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.retry_after_s) == (code, retry_after_s)
    order = sent(market, resting("b"), number=await number_of(broker, resting("b")))
    broker.faults.script("cancel", fault)
    (cancelled,) = await broker.cancel((order,))
    assert isinstance(cancelled, CancelRefused)
    assert cancelled.retry_after_s == retry_after_s
    assert len(await broker.open_orders()) == 1


async def test_find_never_raises(market: PaperMarket) -> None:
    broker = await market.open()
    broker.faults.script("find", Fault.SERVER_ERROR_BEFORE)
    assert await broker.find(sent(market, resting())) == Undecided("503 Service Unavailable")


async def test_a_silent_venue_lets_go_when_the_broker_closes(market: PaperMarket) -> None:
    broker = await market.open()
    for call in ("place", "cancel", "holdings", "find"):
        broker.faults.script(call, Fault.ANSWER_LOST_AFTER)
    waiting = asyncio.gather(
        broker.place(resting()),
        broker.cancel((sent(market, resting("b")),)),
        broker.holdings(),
        broker.find(sent(market, resting("c"))),
        return_exceptions=True,
    )
    await market.clock.sleep(60)
    assert not waiting.done()
    await broker.close()
    placed, cancelled, held, found = await waiting
    assert isinstance(placed, OutcomeUnknown)
    assert isinstance(cancelled, tuple)
    assert isinstance(cancelled[0], OutcomeUnknown)
    assert isinstance(held, BrokerUnavailableError)
    assert isinstance(found, Undecided)


async def test_a_closed_broker_answers_nothing(market: PaperMarket) -> None:
    broker = await market.open()
    await broker.close()
    with pytest.raises(BrokerUnavailableError):
        await broker.open()
    with pytest.raises(BrokerUnavailableError):
        await broker.quote(TQQQ)
    outcome = await broker.place(resting())
    assert isinstance(outcome, Refused)
    assert isinstance((await broker.cancel((sent(market, resting()),)))[0], CancelRefused)
    assert isinstance(await broker.find(sent(market, resting())), Undecided)


async def test_a_request_on_its_way_when_the_broker_closes_is_lost(market: PaperMarket) -> None:
    broker = await market.open(latency_ms=500)
    order = sent(market, resting())
    placing = asyncio.gather(broker.place(order.request))
    await market.clock.sleep(0.1)
    await broker.close()
    assert isinstance((await placing)[0], OutcomeUnknown)
    after = await market.open()
    await market.clock.sleep(10)
    assert isinstance(await after.find(order), Absent)


async def test_too_many_orders_in_one_cancel_are_the_callers_mistake(market: PaperMarket) -> None:
    broker = await market.open()
    with pytest.raises(ValueError, match=f"at most {BATCH_CANCEL}"):
        await broker.cancel((sent(market, resting()),) * (BATCH_CANCEL + 1))


async def test_the_same_order_twice_in_one_cancel_is_cancelled_once(market: PaperMarket) -> None:
    broker = await market.open()
    await broker.place(resting())
    outcomes = await broker.cancel((sent(market, resting()),) * 2)
    assert [type(outcome) for outcome in outcomes] == [CancelConfirmed, NotOpen]


async def test_with_client_ids_no_fingerprint_is_needed(market: PaperMarket) -> None:
    broker = await market.open()
    assert await broker.fingerprint(resting()) is None


class TestWithoutClientIds:
    @pytest.fixture
    async def broker(self, market: PaperMarket) -> PaperBroker:
        return await market.open(client_order_ids=False)

    async def test_a_number_alone_names_the_newest_order_that_has_it(
        self, market: PaperMarket, broker: PaperBroker
    ) -> None:
        """Numbers restart each day: the market day tells them apart."""
        yesterday = market.sessions.day_at(market.clock.now())
        assert await number_of(broker, request("old", BUY, 1)) == "1"
        await market.clock.sleep(timedelta(days=1).total_seconds())
        assert await number_of(broker, resting("new")) == "1"
        old = await broker.find(sent(market, resting("old"), number="1", day=yesterday))
        newest = await broker.find(sent(market, resting("new"), number="1"))
        assert isinstance(old, Found)
        assert isinstance(newest, Found)
        assert old.order.market_day == yesterday
        assert newest.order.market_day == yesterday + timedelta(days=1)
        (outcome,) = await broker.cancel((sent(market, resting("new"), number="1"),))
        assert isinstance(outcome, CancelConfirmed)

    async def test_an_order_without_a_number_cannot_be_cancelled(
        self, market: PaperMarket, broker: PaperBroker
    ) -> None:
        await broker.place(resting())
        assert await broker.cancel((sent(market, resting()),)) == (NotOpen(),)

    async def test_a_fingerprint_that_is_missing_makes_every_look_alike_a_candidate(
        self, market: PaperMarket, broker: PaperBroker
    ) -> None:
        for number in range(2):
            broker.faults.script("place", Fault.RESET_AFTER)
            await broker.place(resting(f"c{number}"))
        answer = await broker.find(sent(market, resting("c0")))
        assert isinstance(answer, Ambiguous)
        assert [order.id for order in answer.candidates] == ["1", "2"]

    async def test_a_look_alike_placed_well_before_is_no_candidate(
        self, market: PaperMarket, broker: PaperBroker
    ) -> None:
        broker.faults.script("place", Fault.RESET_AFTER)
        await broker.place(resting("before"))
        await market.clock.sleep(2.001)
        order = sent(market, resting("lost"))
        await market.clock.sleep(10)
        assert isinstance(await broker.find(order), Absent)

    async def test_a_look_alike_of_before_is_no_candidate_after_the_clock_was_set_back(
        self, market: PaperMarket, broker: PaperBroker
    ) -> None:
        """What was stored as the time of sending is put back with the clock."""
        await broker.exchange.place(resting("before"))
        await market.clock.sleep(60)
        order = sent(market, resting("lost"), await broker.fingerprint(resting("lost")))
        assert isinstance(market.clock, LoopClock)
        market.clock.step(timedelta(seconds=-150))
        await market.clock.sleep(10)
        put_back = replace(order, sent_at=order.sent_at - timedelta(seconds=150))
        assert isinstance(await broker.find(put_back), Absent)

    async def test_a_found_order_is_nobody_elses(
        self, market: PaperMarket, broker: PaperBroker
    ) -> None:
        orders = [sent(market, resting(name)) for name in ("found", "lost")]
        broker.faults.script("place", Fault.RESET_AFTER)
        await broker.place(orders[0].request)
        assert isinstance(await broker.find(orders[0]), Found)
        await market.clock.sleep(10)
        assert isinstance(await broker.find(orders[1]), Absent)

    async def test_while_a_request_is_on_its_way_no_look_alike_is_taken_for_it(
        self, market: PaperMarket, broker: PaperBroker
    ) -> None:
        ours = sent(market, resting("ours"), await broker.fingerprint(resting("ours")))
        broker.faults.script("place", Fault.DELAY, delay_s=1.0)
        placing = asyncio.gather(broker.place(ours.request))
        await market.clock.sleep(0.1)
        await broker.exchange.place(resting("by hand"))
        assert isinstance(await broker.find(ours), Undecided)
        await placing
        answer = await broker.find(ours)
        assert isinstance(answer, Found)
        assert answer.order.id == "2"

    async def test_clients_stay_unseen(self, broker: PaperBroker) -> None:
        await broker.place(resting())
        (order,) = await broker.open_orders()
        assert order.client_id is None


async def test_faults_by_chance_never_lose_or_double_an_order(market: PaperMarket) -> None:
    """A thousand orders through a bad network: each that is found is there, once."""
    tenth = Decimal("0.1")
    broker = await market.open(
        initial_cash=Decimal(10**9),
        latency_ms=20,
        faults=FaultSettings(
            answer_lost_before=tenth,
            answer_lost_after=tenth,
            server_error=tenth,
            rate_limit=tenth,
            reject=tenth,
            delay_ms=500,
        ),
    )
    fates: dict[str, str] = {}

    async def trade(order: SentOrder) -> None:
        try:
            async with asyncio.timeout(1):
                outcome: object = await broker.place(order.request)
        except TimeoutError:
            outcome = OutcomeUnknown("no answer in time")
        while isinstance(outcome, OutcomeUnknown | Undecided | TimeoutError):
            await market.clock.sleep(0.5)
            try:
                async with asyncio.timeout(2):
                    outcome = await broker.find(order)
            except TimeoutError as error:
                outcome = error
        fates[order.request.client_id] = type(outcome).__name__

    await asyncio.gather(*(trade(sent(market, request(f"c{n}", BUY, 1))) for n in range(1000)))
    fills = await broker.exchange.fills_since(market.clock.now() - 3600 * SECOND)
    there = [fill.order.client_id for fill in fills]
    assert len(there) == len(set(there))
    assert {name for name, fate in fates.items() if fate in {"Accepted", "Found"}} == set(there)
    assert set(fates.values()) == {"Accepted", "Found", "Absent", "Refused"}
