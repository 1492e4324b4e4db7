from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import Accepted, BrokerOrderState
from algorithms.domain import OrderType, Side
from tests.contracts.trader import Trader

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.contracts.venue import Venue


class Accounts:
    """B47-B50: what the account owns, and who else trades in it."""

    async def test_b47_holdings_are_the_start_plus_fills_less_fees(self, venue: Venue) -> None:
        """To the last digit, after buys, sells, a cancel and moved prices."""
        trader = Trader(venue)
        start = venue.clock.now()
        before = await venue.broker.holdings()
        await trader.accepted(trader.order(Side.BUY, 7))
        await venue.set_price(venue.price + 13 * venue.tick)
        await trader.accepted(trader.order(Side.SELL, 3))
        resting = await trader.accepted(trader.resting_buy(2))
        await trader.cancel(resting)
        limit = venue.price + 12 * venue.tick
        await trader.accepted(trader.order(Side.BUY, 1, OrderType.LIMIT, limit=limit))
        await venue.set_price(limit - 10 * venue.tick)
        cash = before.cash[venue.currency]
        units: Decimal = before.positions[venue.symbol]
        fills = await venue.broker.fills_since(start)
        for fill in fills:
            sign = 1 if fill.side is Side.BUY else -1
            units += sign * fill.quantity
            cash -= sign * fill.quantity * fill.price
            if fill.fee_asset == venue.currency:
                cash -= fill.fee
            elif fill.fee_asset == venue.symbol:
                units -= fill.fee
        after = await venue.broker.holdings()
        assert sum(fill.quantity for fill in fills) == 11 * venue.lot
        assert after.positions[venue.symbol] == units
        assert after.cash[venue.currency] == cash
        assert after.cash == (await venue.holdings_there()).cash

    async def test_b48_executions_since_a_time_come_oldest_first(self, venue: Venue) -> None:
        """The time itself belongs to the answer; each trade has an id of its own."""
        trader = Trader(venue)
        start = venue.clock.now()
        for _ in range(3):
            await trader.accepted(trader.order(Side.BUY))
            await venue.pass_time(timedelta(milliseconds=10))
        fills = await venue.broker.fills_since(start)
        assert [fill.at for fill in fills] == sorted(fill.at for fill in fills)
        assert len({fill.trade_id for fill in fills}) == len(fills) == 3
        assert await venue.broker.fills_since(fills[1].at) == fills[1:]
        assert await venue.broker.fills_since(fills[2].at + timedelta(microseconds=1)) == ()

    async def test_b49_orders_of_others_are_seen_and_left_alone(self, venue: Venue) -> None:
        """A person's order is open in the account too, and cancelling ours does not touch it."""
        trader = Trader(venue)
        ours = await trader.accepted(trader.resting_buy())
        theirs = await venue.place_by_hand(Trader(venue, "hand").resting_buy(ticks_below=400))
        assert {order.id for order in await venue.broker.open_orders()} == {
            ours.broker_order_id,
            theirs.id,
        }
        await trader.cancel(ours)
        (left,) = await venue.broker.open_orders()
        assert (left.id, left.state) == (theirs.id, BrokerOrderState.OPEN)

    async def test_b50_orders_placed_at_once_are_each_there_once(self, venue: Venue) -> None:
        """As many as the venue takes at a time: every one answered, with a number of its own."""
        trader = Trader(venue)
        count = min(venue.broker.capabilities.max_in_flight, 20)
        requests = [trader.resting_buy(ticks_below=400 + number) for number in range(count)]
        outcomes = await asyncio.gather(*(venue.broker.place(request) for request in requests))
        numbers = {outcome.order.id for outcome in outcomes if isinstance(outcome, Accepted)}
        there = await venue.orders_there()
        assert len(numbers) == count
        assert {order.number for order in there} == numbers
        assert sorted(order.client_id for order in there) == sorted(
            request.client_id for request in requests
        )
