from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError, UnknownSymbolError
from algorithms.domain import Symbol
from tests.contracts.venue import Mishap

if TYPE_CHECKING:
    from tests.contracts.venue import Venue

NOWHERE = Symbol("NOSUCH")


class Questions:
    """B01-B06: what can be asked at any time."""

    async def test_b01_a_quote_is_the_present_price(self, venue: Venue) -> None:
        """Last price between bid and ask, as old as the answer; a new price shows at once."""
        quote = await venue.broker.quote(venue.symbol)
        assert (quote.symbol, quote.last) == (venue.symbol, venue.price)
        assert quote.bid is None or 0 < quote.bid <= quote.last
        assert quote.ask is None or quote.ask >= quote.last
        assert abs(quote.at - venue.clock.now()) < timedelta(seconds=1)
        dearer = venue.price + 3 * venue.tick
        await venue.set_price(dearer)
        assert (await venue.broker.quote(venue.symbol)).last == dearer

    async def test_b02_a_symbol_not_traded_here_is_unknown(self, venue: Venue) -> None:
        """Both questions about a symbol say so, and as a kind of BrokerError."""
        with pytest.raises(UnknownSymbolError):
            await venue.broker.quote(NOWHERE)
        with pytest.raises(UnknownSymbolError):
            await venue.broker.instrument(NOWHERE)

    async def test_b03_an_instrument_has_the_venues_lot_and_ticks(self, venue: Venue) -> None:
        """The present price is on the tick, and the steps are the venue's."""
        instrument = await venue.broker.instrument(venue.symbol)
        assert instrument.lot == venue.lot
        assert instrument.is_on_tick(venue.price)
        assert instrument.next_tick_up(venue.price) == venue.price + venue.tick

    async def test_b04_the_venues_clock_and_day_are_known(self, venue: Venue) -> None:
        """The server's time is now, and now belongs to some market day."""
        now = venue.clock.now()
        assert abs(await venue.broker.server_time() - now) < timedelta(seconds=5)
        assert abs(venue.broker.market_day(now) - now.date()) <= timedelta(days=1)

    @pytest.mark.parametrize("mishap", [Mishap.ERROR_BEFORE, Mishap.RATE_LIMIT])
    async def test_b05_a_question_without_an_answer_says_so(
        self, venue: Venue, mishap: Mishap
    ) -> None:
        """BrokerUnavailableError, never an empty answer; the next one is answered."""
        venue.meet("open_orders", mishap)
        with pytest.raises(BrokerUnavailableError):
            await venue.broker.open_orders()
        assert await venue.broker.open_orders() == ()
        venue.meet("holdings", mishap)
        with pytest.raises(BrokerUnavailableError):
            await venue.broker.holdings()
        assert (await venue.broker.holdings()).cash[venue.currency] > 0

    async def test_b06_the_account_begins_as_the_venue_says(self, venue: Venue) -> None:
        """Holdings are the venue's, without symbols that are not held."""
        holdings = await venue.broker.holdings()
        there = await venue.holdings_there()
        assert holdings.positions == {venue.symbol: venue.lot * venue.lots_held}
        assert (holdings.positions, holdings.cash) == (there.positions, there.cash)
