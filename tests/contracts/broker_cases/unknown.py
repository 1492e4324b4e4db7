from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Absent,
    Ambiguous,
    BrokerOrderState,
    Found,
    OutcomeUnknown,
    SentOrder,
    Undecided,
)
from adapters.tasks import TaskSupervisor
from algorithms.domain import Side
from tests.contracts.trader import Trader
from tests.contracts.venue import Mishap

if TYPE_CHECKING:
    from adapters.broker import FindOutcome
    from tests.contracts.venue import Venue

BEFORE = [Mishap.LOST_BEFORE, Mishap.RESET_BEFORE]
AFTER = [Mishap.LOST_AFTER, Mishap.RESET_AFTER, Mishap.ERROR_AFTER]


class Unknown:
    """B29-B37: orders of unknown fate, and finding them."""

    async def test_b29_an_order_is_found_in_every_state(self, venue: Venue) -> None:
        """Open, filled with its fills, cancelled: by all that was kept when it was sent."""
        trader = Trader(venue)
        resting = await trader.accepted(trader.resting_buy())
        filled = await trader.accepted(trader.order(Side.BUY, 2))
        ended = await trader.accepted(trader.resting_buy())
        await trader.cancel(ended)
        states = [(await trader.found(sent)).order.state for sent in (resting, filled, ended)]
        assert states == [
            BrokerOrderState.OPEN,
            BrokerOrderState.FILLED,
            BrokerOrderState.CANCELLED,
        ]
        found = await trader.found(filled)
        assert found.order.id == filled.broker_order_id
        assert sum(fill.quantity for fill in found.fills) == 2 * venue.lot

    @pytest.mark.parametrize("mishap", BEFORE)
    async def test_b30_a_lost_order_is_absent_only_after_the_settle_time(
        self, venue: Venue, mishap: Mishap
    ) -> None:
        """Undecided at first, proof of absence later, and then for good."""
        trader = Trader(venue)
        venue.meet("place", mishap)
        outcome, sent = await trader.send(trader.resting_buy())
        assert isinstance(outcome, OutcomeUnknown)
        settled = sent.sent_at + venue.broker.capabilities.settle_time
        while True:
            answer = await venue.broker.find(sent)
            if not isinstance(answer, Undecided):
                break
            await venue.pass_time(venue.ask_every)
        assert isinstance(answer, Absent)
        assert venue.clock.now() >= settled
        assert isinstance(await venue.broker.find(sent), Absent)
        assert await venue.orders_there() == ()

    @pytest.mark.parametrize("mishap", AFTER)
    async def test_b31_an_order_whose_answer_was_lost_is_found_once(
        self, venue: Venue, mishap: Mishap
    ) -> None:
        """It was never resent: the venue has one order, and it is ours."""
        trader = Trader(venue)
        venue.meet("place", mishap)
        outcome, sent = await trader.send(trader.order(Side.BUY, 2))
        assert isinstance(outcome, OutcomeUnknown)
        found = await trader.found(sent)
        assert found.order.state is BrokerOrderState.FILLED
        assert sum(fill.quantity for fill in found.fills) == 2 * venue.lot
        (there,) = await venue.orders_there()
        assert (there.client_id, there.number) == (sent.request.client_id, found.order.id)

    async def test_b32_a_request_under_way_may_land_after_the_caller_gave_up(
        self, venue: Venue
    ) -> None:
        """Until it has landed nobody says absent; once it has, it is found."""
        trader = Trader(venue)
        venue.hold_up("place", timedelta(seconds=1.5 * venue.time_limit_s))
        outcome, sent = await trader.send(trader.resting_buy())
        assert isinstance(outcome, OutcomeUnknown)
        assert isinstance(await venue.broker.find(sent), Undecided)
        assert await venue.orders_there() == ()
        assert (await trader.found(sent)).order.state is BrokerOrderState.OPEN
        assert len(await venue.orders_there()) == 1

    async def test_b33_a_request_that_lands_too_late_is_not_carried_out(self, venue: Venue) -> None:
        """Absent is proof: nothing appears after it."""
        trader = Trader(venue)
        settle = venue.broker.capabilities.settle_time
        venue.hold_up("place", 3 * settle)
        outcome, sent = await trader.send(trader.resting_buy())
        assert isinstance(outcome, OutcomeUnknown)
        assert isinstance(await trader.resolve(sent), Absent)
        await venue.pass_time(4 * settle)
        assert await venue.orders_there() == ()

    async def test_b34_giving_up_at_any_moment_leaves_an_order_that_can_be_found(
        self, venue: Venue
    ) -> None:
        """Cancelled at any await, ``place`` leaves what ``find`` and the venue agree on."""
        trader = Trader(venue)
        tasks = TaskSupervisor()
        fates: set[type[FindOutcome]] = set()
        for moment in range(40):
            request = trader.resting_buy(ticks_below=500 + moment)
            sent = SentOrder(
                request=request,
                sent_at=venue.clock.now(),
                fingerprint=await venue.broker.fingerprint(request),
                broker_order_id=None,
                market_day=None,
            )
            placing = tasks.spawn(venue.broker.place(request), name=f"placing {moment}")
            for _ in range(moment % 20):
                await asyncio.sleep(0)
            if moment >= 20:
                await venue.pass_time(timedelta(milliseconds=moment - 20))
            placing.cancel()
            with suppress(asyncio.CancelledError):
                await placing
            fate = await trader.resolve(sent)
            ours = [
                there
                for there in await venue.orders_there()
                if there.client_id == request.client_id
            ]
            assert isinstance(fate, Found | Absent)
            assert len(ours) == (1 if isinstance(fate, Found) else 0)
            fates.add(type(fate))
        assert Found in fates

    async def test_b35_twins_of_unknown_fate_are_never_declared_absent(self, venue: Venue) -> None:
        """Two alike, both accepted, both answers lost: told apart by id, else left to a person."""
        trader = Trader(venue)
        twins = []
        for _ in range(2):
            venue.meet("place", Mishap.RESET_AFTER)
            twins.append((await trader.send(trader.resting_buy()))[1])
        for sent in twins:
            answer = await trader.resolve(sent)
            if isinstance(answer, Ambiguous):
                assert not venue.broker.capabilities.client_order_ids
                assert len(answer.candidates) == 2
            else:
                assert isinstance(answer, Found)
        assert len(await venue.orders_there()) == 2

    async def test_b36_a_twin_that_was_there_before_is_not_mistaken(self, venue: Venue) -> None:
        """An order just like it, placed earlier by us or by hand, is not the lost one."""
        trader = Trader(venue)
        await trader.accepted(trader.resting_buy())
        await venue.place_by_hand(Trader(venue, "hand").resting_buy())
        venue.meet("place", Mishap.RESET_BEFORE)
        _, sent = await trader.send(trader.resting_buy())
        assert isinstance(await trader.resolve(sent), Absent)
        venue.meet("place", Mishap.RESET_AFTER)
        _, sent = await trader.send(trader.resting_buy())
        found = await trader.found(sent)
        assert found.order.id == (await venue.orders_there())[-1].number

    async def test_b37_an_answered_twin_is_not_taken_for_a_lost_one(self, venue: Venue) -> None:
        """Two alike are sent at once; one is answered, the other lost: the lost one is absent."""
        trader = Trader(venue)
        lost, answered = trader.resting_buy(), trader.resting_buy()
        sent = SentOrder(
            request=lost,
            sent_at=venue.clock.now(),
            fingerprint=await venue.broker.fingerprint(lost),
            broker_order_id=None,
            market_day=None,
        )
        await trader.accepted(answered)
        venue.meet("place", Mishap.RESET_BEFORE)
        assert isinstance(await venue.broker.place(lost), OutcomeUnknown)
        assert isinstance(await trader.resolve(sent), Absent)
