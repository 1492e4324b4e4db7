from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Absent,
    BrokerOrderState,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from algorithms.domain import OrderType, Side, Symbol, TimeInForce
from tests.contracts.trader import Trader
from tests.contracts.venue import Mishap

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.broker import OrderRequest, SentOrder
    from tests.contracts.venue import Venue

OPEN, FILLED = BrokerOrderState.OPEN, BrokerOrderState.FILLED
LIMIT = OrderType.LIMIT


def skip_unless(venue: Venue, *order_types: OrderType) -> None:
    missing = set(order_types) - venue.broker.capabilities.order_types
    if missing:
        pytest.skip(f"this venue has no {', '.join(sorted(missing))}")


async def state_of(trader: Trader, sent: SentOrder) -> BrokerOrderState:
    return (await trader.found(sent)).order.state


def off_lot(trader: Trader) -> OrderRequest:
    request = trader.resting_buy()
    return replace(request, quantity=request.quantity * 3 / 2)


def off_tick(trader: Trader) -> OrderRequest:
    venue = trader.venue
    return trader.order(Side.BUY, 1, LIMIT, limit=venue.price - venue.tick / 2)


SHORT = "more than is held"
REFUSALS: dict[str, tuple[Callable[[Trader], OrderRequest], set[RefusalCode]]] = {
    "unknown symbol": (
        lambda trader: replace(trader.resting_buy(), symbol=Symbol("NOSUCH")),
        {RefusalCode.UNKNOWN_SYMBOL},
    ),
    "price off the tick": (off_tick, {RefusalCode.BAD_PRICE}),
    "price missing": (lambda trader: trader.order(Side.BUY, 1, LIMIT), {RefusalCode.BAD_PRICE}),
    "quantity off the lot": (off_lot, {RefusalCode.BAD_QUANTITY}),
    "nothing": (lambda trader: trader.resting_buy(lots=0), {RefusalCode.BAD_QUANTITY}),
    "more than the cash buys": (
        lambda trader: trader.resting_buy(lots=1_000_000),
        {RefusalCode.INSUFFICIENT_FUNDS},
    ),
    SHORT: (
        lambda trader: trader.order(Side.SELL, trader.venue.lots_held + 1),
        {RefusalCode.INSUFFICIENT_HOLDINGS},
    ),
    "a TWAP": (
        lambda trader: trader.order(Side.BUY, 1, OrderType.TWAP),
        {RefusalCode.UNSUPPORTED},
    ),
}


class Placing:
    """B07-B19: what becomes of an order."""

    async def test_b07_a_market_order_fills_at_the_touch(self, venue: Venue) -> None:
        """A buy costs the ask, a sell brings the bid, and both are done."""
        trader = Trader(venue)
        quote = await venue.broker.quote(venue.symbol)
        for side, price in ((Side.BUY, quote.ask), (Side.SELL, quote.bid)):
            found = await trader.found(await trader.accepted(trader.order(side, 3)))
            assert found.order.state is FILLED
            assert found.order.filled == 3 * venue.lot
            assert {fill.price for fill in found.fills} == {price or quote.last}

    async def test_b08_a_limit_beyond_the_touch_fills_no_worse(self, venue: Venue) -> None:
        """A buy above the ask takes the ask, not its own limit."""
        trader = Trader(venue)
        limit = venue.price + 20 * venue.tick
        sent = await trader.accepted(trader.order(Side.BUY, 2, LIMIT, limit=limit))
        found = await trader.found(sent)
        assert found.order.state is FILLED
        assert all(fill.price < limit for fill in found.fills)

    @pytest.mark.parametrize("side", Side)
    async def test_b09_a_resting_limit_fills_when_the_price_comes(
        self, venue: Venue, side: Side
    ) -> None:
        """Open until the price reaches it, then filled at the limit or better."""
        trader = Trader(venue)
        away = -5 if side is Side.BUY else 5
        limit = venue.price + away * venue.tick
        sent = await trader.accepted(trader.order(side, 2, LIMIT, limit=limit))
        assert await state_of(trader, sent) is OPEN
        await venue.set_price(limit + (venue.tick if side is Side.BUY else -venue.tick))
        assert await state_of(trader, sent) is OPEN
        await venue.set_price(limit + 2 * away * venue.tick)
        found = await trader.found(sent)
        assert found.order.state is FILLED
        for fill in found.fills:
            assert fill.price <= limit if side is Side.BUY else fill.price >= limit

    @pytest.mark.parametrize("side", Side)
    async def test_b10_a_stop_sleeps_until_the_last_price_reaches_it(
        self, venue: Venue, side: Side
    ) -> None:
        """A buy stop is above the market, a sell stop below; reached, it trades at market."""
        skip_unless(venue, OrderType.STOP_MARKET)
        trader = Trader(venue)
        away = venue.tick if side is Side.BUY else -venue.tick
        stop = venue.price + 10 * away
        sent = await trader.accepted(trader.order(side, 1, OrderType.STOP_MARKET, stop=stop))
        await venue.set_price(stop - away)
        assert await state_of(trader, sent) is OPEN
        await venue.set_price(stop)
        found = await trader.found(sent)
        assert found.order.state is FILLED
        assert found.order.order_type is OrderType.STOP_MARKET

    async def test_b11_a_reached_stop_limit_keeps_to_its_limit(self, venue: Venue) -> None:
        """Set off by a jump beyond its limit it waits, and fills when the price is back."""
        skip_unless(venue, OrderType.STOP_LIMIT)
        trader = Trader(venue)
        stop, limit = venue.price + 10 * venue.tick, venue.price + 12 * venue.tick
        sent = await trader.accepted(
            trader.order(Side.BUY, 1, OrderType.STOP_LIMIT, limit=limit, stop=stop)
        )
        await venue.set_price(limit + 20 * venue.tick)
        assert await state_of(trader, sent) is OPEN
        await venue.set_price(limit - 10 * venue.tick)
        found = await trader.found(sent)
        assert found.order.state is FILLED
        assert all(fill.price <= limit for fill in found.fills)

    async def test_b12_a_stop_already_reached_goes_off_at_once(self, venue: Venue) -> None:
        """Venues that refuse such a stop say so; none lets it sleep."""
        skip_unless(venue, OrderType.STOP_MARKET)
        trader = Trader(venue)
        stop = venue.price - 10 * venue.tick
        outcome, sent = await trader.send(
            trader.order(Side.BUY, 1, OrderType.STOP_MARKET, stop=stop)
        )
        if isinstance(outcome, Refused):
            assert outcome.code in {RefusalCode.BAD_PRICE, RefusalCode.REJECTED}
        else:
            assert await state_of(trader, sent) is FILLED

    async def test_b13_closing_orders_wait_for_the_close_and_get_its_price(
        self, venue: Venue
    ) -> None:
        """At the close a LOC fills if its limit allows, a MOC in any case; the rest expires."""
        skip_unless(venue, OrderType.LOC, OrderType.MOC)
        trader = Trader(venue)
        close = venue.price - 10 * venue.tick
        dear, cheap = close + 5 * venue.tick, close - 5 * venue.tick
        fills = await trader.accepted(trader.order(Side.BUY, 2, OrderType.LOC, limit=dear))
        expires = await trader.accepted(trader.order(Side.BUY, 1, OrderType.LOC, limit=cheap))
        any_price = await trader.accepted(trader.order(Side.SELL, 1, OrderType.MOC))
        await venue.set_price(cheap - 5 * venue.tick)
        await venue.set_price(close)
        assert {await state_of(trader, sent) for sent in (fills, expires, any_price)} == {OPEN}
        await venue.reach_close()
        for sent in (fills, any_price):
            found = await trader.found(sent)
            assert found.order.state is FILLED
            assert {fill.price for fill in found.fills} == {close}
        assert await state_of(trader, expires) is BrokerOrderState.EXPIRED

    async def test_b14_a_day_order_ends_with_the_day_and_a_gtc_order_does_not(
        self, venue: Venue
    ) -> None:
        """The end is EXPIRED, and what was set aside for the order is free again."""
        if not venue.broker.capabilities.good_till_cancelled:
            pytest.skip("this venue has no orders good till cancelled")
        if not venue.broker.capabilities.day_orders:
            pytest.skip("this venue has no orders for the day")
        trader = Trader(venue)
        day = await trader.accepted(trader.resting_buy())
        gtc = await trader.accepted(replace(trader.resting_buy(), time_in_force=TimeInForce.GTC))
        await venue.reach_close()
        assert await state_of(trader, day) is BrokerOrderState.EXPIRED
        assert await state_of(trader, gtc) is OPEN

    @pytest.mark.parametrize("case", REFUSALS)
    async def test_b15_what_cannot_be_is_refused_with_its_reason(
        self, venue: Venue, case: str
    ) -> None:
        """A refusal has a code and words, and leaves nothing at the venue."""
        make, codes = REFUSALS[case]
        if case == SHORT and venue.broker.capabilities.short_selling:
            pytest.skip("this venue sells what is not held")
        trader = Trader(venue)
        outcome, _ = await trader.send(make(trader))
        assert isinstance(outcome, Refused)
        assert outcome.code in codes
        assert outcome.message
        assert not outcome.code.is_transient
        assert await venue.orders_there() == ()

    async def test_b16_what_open_orders_set_aside_cannot_be_spent_again(self, venue: Venue) -> None:
        """Two sells of one holding, two buys with one cash: the second is refused."""
        if venue.broker.capabilities.short_selling:
            pytest.skip("this venue sells what is not held")
        trader = Trader(venue)
        high = venue.price + 500 * venue.tick
        await trader.accepted(trader.order(Side.SELL, venue.lots_held, LIMIT, limit=high))
        outcome, _ = await trader.send(trader.order(Side.SELL, 1))
        assert isinstance(outcome, Refused)
        assert outcome.code is RefusalCode.INSUFFICIENT_HOLDINGS
        cash = (await venue.broker.holdings()).cash[venue.currency]
        most = int(cash // ((venue.price - 500 * venue.tick) * venue.lot))
        await trader.accepted(trader.resting_buy(most * 2 // 3))
        outcome, _ = await trader.send(trader.resting_buy(most * 2 // 3))
        assert isinstance(outcome, Refused)
        assert outcome.code is RefusalCode.INSUFFICIENT_FUNDS

    async def test_b17_a_client_id_is_unique_among_open_orders(self, venue: Venue) -> None:
        """The same id again is refused as a duplicate while the first order lives."""
        if not venue.broker.capabilities.client_order_ids:
            pytest.skip("this venue has no client order ids")
        trader = Trader(venue)
        request = trader.resting_buy()
        await trader.accepted(request)
        outcome = await venue.broker.place(request)
        assert isinstance(outcome, Refused)
        assert outcome.code is RefusalCode.DUPLICATE
        assert len(await venue.orders_there()) == 1

    @pytest.mark.parametrize(
        ("mishap", "codes"),
        [
            (Mishap.RATE_LIMIT, {RefusalCode.RATE_LIMITED}),
            (Mishap.ERROR_BEFORE, {RefusalCode.UNAVAILABLE}),
        ],
    )
    async def test_b18_a_venue_that_did_not_judge_says_so(
        self, venue: Venue, mishap: Mishap, codes: set[RefusalCode]
    ) -> None:
        """A transient refusal, or an unknown outcome; sent again, the order is there once."""
        trader = Trader(venue)
        venue.meet("place", mishap)
        request = trader.resting_buy()
        outcome, sent = await trader.send(request)
        if isinstance(outcome, OutcomeUnknown):
            assert isinstance(await trader.resolve(sent), Absent)
        else:
            assert isinstance(outcome, Refused)
            assert outcome.code in codes
            assert outcome.code.is_transient
            await venue.pass_time(timedelta(seconds=outcome.retry_after_s or 0))
        assert await venue.orders_there() == ()
        await trader.accepted(request)
        assert len(await venue.orders_there()) == 1

    async def test_b19_an_order_may_fill_in_pieces(self, venue: Venue) -> None:
        """Pieces add up; ``cumulative`` counts them; the state goes from part to whole."""
        await venue.fill_in_pieces()
        trader = Trader(venue)
        sent = await trader.accepted(await trader.buy_at_the_touch(40))
        first = await trader.found(sent)
        assert first.order.state is BrokerOrderState.PARTIALLY_FILLED
        assert 0 < first.order.filled < 40 * venue.lot
        await venue.pass_time(timedelta(minutes=1))
        found = await trader.found(sent)
        assert found.order.state is FILLED
        assert len(found.fills) > 1
        assert found.fills[: len(first.fills)] == first.fills
        so_far = 0 * venue.lot
        for fill in found.fills:
            assert fill.quantity > 0
            so_far += fill.quantity
            assert fill.cumulative == so_far
        assert so_far == found.order.filled == 40 * venue.lot
