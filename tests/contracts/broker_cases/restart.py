from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.broker import Absent, BrokerOrderState, CancelConfirmed, Found, OutcomeUnknown
from algorithms.domain import Side
from tests.contracts.broker_cases.cancelling import TOOK_IT
from tests.contracts.trader import Trader
from tests.contracts.venue import Mishap

if TYPE_CHECKING:
    from tests.contracts.venue import Venue


class Restart:
    """B38-B41: a new session on an old account."""

    async def test_b38_a_second_session_sees_all_that_was(self, venue: Venue) -> None:
        """Open orders, executions, holdings and each order: as the first session saw them."""
        trader = Trader(venue)
        start = venue.clock.now()
        resting = await trader.accepted(trader.resting_buy())
        filled = await trader.accepted(trader.order(Side.BUY, 2))
        before = (
            await venue.broker.open_orders(),
            await venue.broker.fills_since(start),
            (await venue.broker.holdings()).positions,
            (await venue.broker.holdings()).cash,
            await venue.broker.find(resting),
            await venue.broker.find(filled),
        )
        broker = await venue.second_session()
        after = (
            await broker.open_orders(),
            await broker.fills_since(start),
            (await broker.holdings()).positions,
            (await broker.holdings()).cash,
            await broker.find(resting),
            await broker.find(filled),
        )
        assert after == before

    async def test_b39_a_second_session_finds_an_order_the_first_lost(self, venue: Venue) -> None:
        """What was stored before sending is enough: accepted is found, lost is absent."""
        trader = Trader(venue)
        venue.meet("place", Mishap.RESET_AFTER)
        _, accepted = await trader.send(trader.resting_buy(ticks_below=400))
        venue.meet("place", Mishap.RESET_BEFORE)
        _, lost = await trader.send(trader.resting_buy(ticks_below=401))
        trader.broker = await venue.second_session()
        found = await trader.resolve(accepted)
        assert isinstance(found, Found)
        assert isinstance(await trader.resolve(lost), Absent)
        (there,) = await venue.orders_there()
        assert there.number == found.order.id

    async def test_b40_a_second_session_cancels_an_order_of_the_first(self, venue: Venue) -> None:
        """Orders outlive the session that placed them."""
        trader = Trader(venue)
        sent = await trader.accepted(trader.resting_buy())
        trader.broker = await venue.second_session()
        (outcome,) = await trader.cancel(sent)
        assert isinstance(outcome, TOOK_IT)
        if isinstance(outcome, CancelConfirmed):
            assert outcome.order.state is BrokerOrderState.CANCELLED
        assert await trader.broker.open_orders() == ()

    async def test_b41_a_session_that_closed_says_so(self, venue: Venue) -> None:
        """A closed broker loses nothing silently; closing twice is harmless."""
        trader = Trader(venue)
        await venue.broker.close()
        await venue.broker.close()
        outcome = await venue.broker.place(trader.resting_buy())
        assert not isinstance(outcome, OutcomeUnknown)
        assert await venue.orders_there() == ()
