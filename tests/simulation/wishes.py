"""What strategies order where a day is more than usual: for the close, and at other brokers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import OrderType, Side
from tests.simulation.plan import Webhook
from tests.simulation.scene import ACCOUNTS, STRATEGIES, SYMBOLS
from tests.simulation.shares import TRADERS
from tests.support.world import cancel_all, order

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from daemon.execution.commands import Command
    from tests.simulation.abroad import Abroad

FOR_THE_CLOSE = 0.35
AGAINST = 0.12
CANCELLED = 0.12


class Wishes:
    """Draws the orders that only some days have. ``abroad`` draws those at other brokers."""

    def __init__(
        self,
        chance: random.Random,
        *,
        auction: bool,
        against: bool = False,
        abroad: Sequence[Abroad] = (),
    ) -> None:
        self._chance = chance
        self._auction = auction
        self._against = against
        self._other_side: Webhook | None = None
        self._abroad = abroad
        self._drawn = 0

    def draw(self) -> Webhook | None:
        """Return a request; mostly None, for one as on every day."""
        chance = self._chance
        if self._other_side is not None:
            webhook, self._other_side = self._other_side, None
            return webhook
        if self._against and chance.random() < AGAINST:
            return self._two_sides()
        for place in self._abroad:
            if chance.random() < place.often:
                return self._request(place.wish(chance), TRADERS)
        if self._auction and chance.random() < FOR_THE_CLOSE:
            if chance.random() < CANCELLED:
                return self._request((cancel_all("TQQQ"),))
            return self._request((self._for_the_close(),))
        return None

    def _two_sides(self) -> Webhook:
        """Let one strategy want in slices, or at a limit, what the next one gives."""
        chance = self._chance
        account, names = chance.choice((("main", ["alpha", "beta"]), ("bare", ["alpha", "gamma"])))
        symbol, sides = chance.choice(tuple(SYMBOLS)), [Side.BUY, Side.SELL]
        chance.shuffle(names)
        chance.shuffle(sides)
        commands = [
            order(
                side,
                symbol,
                str(chance.choice((3, 5, 12))),
                kind=OrderType.TWAP,
                slices=chance.choice((2, 4)),
                minutes=chance.choice(("0.5", "2")),
                account=account,
            )
            for side in sides
        ]
        self._drawn += 1
        self._other_side = Webhook(names[1], (commands[1],), f"w{self._drawn} too")
        return Webhook(names[0], (commands[0],), f"w{self._drawn}")

    def _request(
        self, commands: tuple[Command, ...], strategies: Sequence[str] = STRATEGIES
    ) -> Webhook:
        self._drawn += 1
        return Webhook(self._chance.choice(strategies), commands, f"w{self._drawn}")

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
