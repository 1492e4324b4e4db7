"""What strategies order where a day is more than usual: for the close, and at other brokers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import OrderType, Side
from tests.simulation.plan import Webhook
from tests.simulation.scene import ACCOUNTS, STRATEGIES, SYMBOLS
from tests.support.world import cancel_all, order

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from daemon.execution.commands import Command
    from tests.simulation.abroad import Abroad

FOR_THE_CLOSE = 0.35
CANCELLED = 0.12


class Wishes:
    """Draws the orders that only some days have. ``abroad`` draws those at other brokers."""

    def __init__(
        self,
        chance: random.Random,
        *,
        auction: bool,
        abroad: Sequence[Abroad] = (),
    ) -> None:
        self._chance = chance
        self._auction = auction
        self._abroad = abroad
        self._drawn = 0

    def draw(self) -> Webhook | None:
        """Return a request; mostly None, for one as on every day."""
        chance = self._chance
        for place in self._abroad:
            if chance.random() < place.often:
                return self._request(place.wish(chance))
        if self._auction and chance.random() < FOR_THE_CLOSE:
            if chance.random() < CANCELLED:
                return self._request((cancel_all("TQQQ"),))
            return self._request((self._for_the_close(),))
        return None

    def _request(self, commands: tuple[Command, ...]) -> Webhook:
        self._drawn += 1
        return Webhook(self._chance.choice(STRATEGIES), commands, f"w{self._drawn}")

    def _for_the_close(self) -> Command:
        chance = self._chance
        symbol = chance.choice(("TQQQ", "TQQQ", "SOXL"))
        at_market = chance.random() < 0.2
        price = Decimal(SYMBOLS[symbol]) * chance.choice((97, 99, 100, 101, 103)) / 100
        return order(
            chance.choice(tuple(Side)),
            symbol,
            str(chance.choice((1, 3, 8, 15))),
            kind=OrderType.MOC if at_market else OrderType.LOC,
            price=None if at_market else str(price),
            nets=chance.choice((None, None, None, False)),
            account=chance.choice((None, *ACCOUNTS)),
        )
