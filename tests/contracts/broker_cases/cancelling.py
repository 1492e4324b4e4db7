from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    BrokerOrderState,
    CancelAccepted,
    CancelConfirmed,
    CancelRefused,
    NotOpen,
    OutcomeUnknown,
    SentOrder,
)
from algorithms.domain import BrokerOrderId, Side
from tests.contracts.trader import Trader
from tests.contracts.venue import Mishap

if TYPE_CHECKING:
    from tests.contracts.venue import Venue

CANCELLED = BrokerOrderState.CANCELLED
TOOK_IT = (CancelConfirmed, CancelAccepted)


def never_sent(trader: Trader) -> SentOrder:
    """An order the venue has never heard of."""
    venue = trader.venue
    return SentOrder(
        request=trader.resting_buy(),
        sent_at=venue.clock.now(),
        fingerprint=None,
        broker_order_id=BrokerOrderId("999999"),
        market_day=venue.broker.market_day(venue.clock.now()),
    )


class Cancelling:
    """B20-B28: ending orders."""

    async def test_b20_a_resting_order_is_cancelled(self, venue: Venue) -> None:
        """Confirmed at once or soon; its end is found, and its cash is free again."""
        trader = Trader(venue)
        cash = (await venue.broker.holdings()).cash[venue.currency]
        lots = int(cash // ((venue.price - 500 * venue.tick) * venue.lot)) * 2 // 3
        sent = await trader.accepted(trader.resting_buy(lots))
        (outcome,) = await trader.cancel(sent)
        assert isinstance(outcome, TOOK_IT)
        found = await trader.found(sent)
        assert found.order.state is CANCELLED
        assert found.order.filled == 0
        assert found.fills == ()
        if isinstance(outcome, CancelConfirmed):
            assert outcome.order == found.order
        assert await venue.broker.open_orders() == ()
        await trader.accepted(trader.resting_buy(lots))

    async def test_b21_a_filled_order_is_not_open_and_stays_filled(self, venue: Venue) -> None:
        """The cancel comes too late; what happened is found."""
        trader = Trader(venue)
        sent = await trader.accepted(trader.order(Side.BUY))
        assert await trader.cancel(sent) == (NotOpen(),)
        assert (await trader.found(sent)).order.state is BrokerOrderState.FILLED

    async def test_b22_an_order_never_sent_is_not_open(self, venue: Venue) -> None:
        """Not an error, and not a success either."""
        trader = Trader(venue)
        assert await trader.cancel(never_sent(trader)) == (NotOpen(),)

    async def test_b23_a_second_cancel_finds_nothing_open(self, venue: Venue) -> None:
        """Cancelling is safe to repeat."""
        trader = Trader(venue)
        sent = await trader.accepted(trader.resting_buy())
        assert isinstance((await trader.cancel(sent))[0], TOOK_IT)
        await trader.resolve(sent)
        assert await trader.cancel(sent) == (NotOpen(),)
        assert (await trader.found(sent)).order.state is CANCELLED

    async def test_b24_a_batch_is_answered_order_by_order(self, venue: Venue) -> None:
        """Each has its own outcome, in the order asked; others stay open."""
        size = venue.broker.capabilities.batch_cancel
        if size < 4:
            pytest.skip("this venue cancels one at a time")
        trader = Trader(venue)
        resting = [await trader.accepted(trader.resting_buy()) for _ in range(3)]
        filled = await trader.accepted(trader.order(Side.BUY))
        outcomes = await trader.cancel(resting[0], filled, never_sent(trader), resting[1])
        assert isinstance(outcomes[0], TOOK_IT)
        assert isinstance(outcomes[3], TOOK_IT)
        assert outcomes[1:3] == (NotOpen(), NotOpen())
        (left,) = await venue.broker.open_orders()
        assert left.id == resting[2].broker_order_id
        with pytest.raises(ValueError, match=str(size)):
            await venue.broker.cancel((resting[2],) * (size + 1))

    async def test_b25_a_cancelled_order_keeps_its_fills(self, venue: Venue) -> None:
        """Part filled, then cancelled: the part is the account's, the rest never trades."""
        await venue.fill_in_pieces()
        trader = Trader(venue)
        sent = await trader.accepted(await trader.buy_at_the_touch(40))
        before = await trader.found(sent)
        assert isinstance((await trader.cancel(sent))[0], TOOK_IT)
        await venue.pass_time(timedelta(minutes=1))
        found = await trader.found(sent)
        assert found.order.state is CANCELLED
        assert found.fills == before.fills
        assert 0 < found.order.filled < 40 * venue.lot

    @pytest.mark.parametrize("mishap", [Mishap.LOST_AFTER, Mishap.RESET_AFTER, Mishap.ERROR_AFTER])
    async def test_b26_a_cancel_without_an_answer_is_found_and_may_be_repeated(
        self, venue: Venue, mishap: Mishap
    ) -> None:
        """The outcome is unknown; the order's end is found; a repeat does no harm."""
        trader = Trader(venue)
        sent = await trader.accepted(trader.resting_buy())
        venue.meet("cancel", mishap)
        (outcome,) = await trader.cancel(sent)
        assert isinstance(outcome, OutcomeUnknown)
        assert (await trader.found(sent)).order.state is CANCELLED
        assert await trader.cancel(sent) == (NotOpen(),)

    @pytest.mark.parametrize("mishap", [Mishap.LOST_BEFORE, Mishap.RESET_BEFORE])
    async def test_b27_a_lost_cancel_leaves_the_order_open(
        self, venue: Venue, mishap: Mishap
    ) -> None:
        """The outcome is unknown; the order is found open; a repeat ends it."""
        trader = Trader(venue)
        sent = await trader.accepted(trader.resting_buy())
        venue.meet("cancel", mishap)
        (outcome,) = await trader.cancel(sent)
        assert isinstance(outcome, OutcomeUnknown)
        assert (await trader.found(sent)).order.state is BrokerOrderState.OPEN
        assert isinstance((await trader.cancel(sent))[0], TOOK_IT)

    @pytest.mark.parametrize("mishap", [Mishap.RATE_LIMIT, Mishap.ERROR_BEFORE])
    async def test_b28_a_refused_cancel_leaves_the_order_open(
        self, venue: Venue, mishap: Mishap
    ) -> None:
        """The venue did not take the request, and says so."""
        trader = Trader(venue)
        sent = await trader.accepted(trader.resting_buy())
        venue.meet("cancel", mishap)
        (outcome,) = await trader.cancel(sent)
        assert isinstance(outcome, CancelRefused | OutcomeUnknown)
        assert len(await venue.broker.open_orders()) == 1
        by_client_id = replace(sent, broker_order_id=None)
        if venue.broker.capabilities.client_order_ids:
            assert isinstance((await trader.cancel(by_client_id))[0], TOOK_IT)
        else:
            assert await trader.cancel(by_client_id) == (NotOpen(),)
