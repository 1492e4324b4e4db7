"""What strategies, people and misfortune do in a simulated day, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import OrderType, Side
from daemon.execution.entries import Split
from tests.simulation.paperwork import draw
from tests.simulation.scene import ACCOUNTS, BOOKS, STRATEGIES, SYMBOLS
from tests.support.world import cancel, cancel_all, order

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from daemon.execution.commands import Command, Place
    from tests.simulation.paperwork import Paperwork

MEAN_GAP_S = 10.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request of a strategy. ``key`` None: known by its body alone."""

    strategy: str
    commands: tuple[Command, ...]
    key: str | None


@dataclass(frozen=True, slots=True)
class Halt:
    """A person stops new orders for a while."""

    scope: str
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Kill:
    """The process dies and is started again ``down_s`` later."""

    down_s: float


@dataclass(frozen=True, slots=True)
class LoseEvent:
    """The broker's stream drops its next event."""

    account: str


@dataclass(frozen=True, slots=True)
class ClockStep:
    """Somebody, or NTP, sets the wall clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is no order reaches the accounts, and a person enters it."""

    works: tuple[Paperwork, ...]


Action = Webhook | Halt | Kill | LoseEvent | ClockStep | Event


class Planner:
    """Draws one action after the other; ``known`` are order ids that strategies have seen."""

    def __init__(
        self,
        chance: random.Random,
        lost_events: float,
        *,
        pace: float = 1.0,
        wish: Callable[[], Webhook | None] = lambda: None,
    ) -> None:
        self._chance = chance
        self._lost_events = lost_events
        self._pace = pace
        self._wish = wish
        self._sent: list[Webhook] = []
        self._doomed = False
        self._events = 0
        self._prices = {symbol: Decimal(price) for symbol, price in SYMBOLS.items()}
        self.known: list[str] = []

    def gap(self) -> float:
        """Seconds until the next action; many come in bursts."""
        chance = self._chance
        if self._doomed:
            return chance.choice((0.0, 0.1, 0.3, 0.8, 1.2))
        if chance.random() < 0.4:
            return chance.choice((0.0, 0.001, 0.05, 0.3))
        return round(chance.expovariate(1 / MEAN_GAP_S), 3) * self._pace

    def action(self) -> Action:
        """Draw what happens next."""
        if len(self._sent) < len(STRATEGIES):
            return self._first_buy(STRATEGIES[len(self._sent)])
        if self._doomed:
            self._doomed = False
            return Kill(self._chance.choice((0.0, 0.2)))
        misfortune = self._misfortune()
        if misfortune is not None:
            return misfortune
        if self._sent and self._chance.random() < 0.06:
            return self._chance.choice(self._sent[-5:])
        webhook = self._wish() or self._webhook()
        self._sent.append(webhook)
        self._doomed = self._chance.random() < 0.04
        return webhook

    def _misfortune(self) -> Action | None:
        """Draw what nobody wanted; mostly nothing."""
        roll = self._chance.random()
        if roll < 0.03:
            return Kill(self._chance.choice((0.0, 0.5, 5.0, 45.0, 400.0)))
        if roll < 0.07:
            return self._halt()
        if roll < 0.085:
            return ClockStep(self._chance.choice((-30.0, -1.0, 0.5, 20.0)))
        if roll < 0.085 + self._lost_events:
            return LoseEvent(self._chance.choice(ACCOUNTS))
        if roll > 0.93:
            return self._event()
        return None

    def _event(self) -> Event:
        self._events += 1
        works = draw(self._chance, self._events)
        for work in works[:1]:
            if isinstance(work.entered, Split):
                ratio = work.entered.ratio
                self._prices[work.entered.symbol] *= Decimal(ratio.old) / ratio.new
        return Event(works)

    def _first_buy(self, strategy: str) -> Webhook:
        """Give every book something to sell."""
        buys = tuple(order(Side.BUY, symbol, "20") for symbol in SYMBOLS)
        self._sent.append(Webhook(strategy, buys, f"first {strategy}"))
        return self._sent[-1]

    def _halt(self) -> Halt:
        scope, names = self._chance.choice(
            (
                ("all", ("",)),
                ("account", ACCOUNTS),
                ("strategy", STRATEGIES),
                ("book", tuple(BOOKS)),
            )
        )
        return Halt(scope, self._chance.choice(names), self._chance.choice((1.0, 20.0, 90.0)))

    def _webhook(self) -> Webhook:
        chance = self._chance
        has_key = chance.random() >= 0.2
        strategy = chance.choice(STRATEGIES)
        # Strategies number their requests, each for itself: their keys are the same.
        number = sum(each.strategy == strategy for each in self._sent)
        return Webhook(strategy, self._commands(), f"k{number}" if has_key else None)

    def _commands(self) -> tuple[Command, ...]:
        roll = self._chance.random()
        if roll < 0.1 and self.known:
            return (cancel(self._chance.choice(self.known[-20:])),)
        if roll < 0.2:
            return (self._cancel_all(),)
        if roll < 0.25:
            return (self._cancel_all(), self._order())
        if roll < 0.3:
            return (self._order(), self._order())
        return (self._order(),)

    def _cancel_all(self) -> Command:
        chance = self._chance
        return cancel_all(
            chance.choice((None, None, *SYMBOLS)), chance.choice((None, None, Side.BUY, Side.SELL))
        )

    def _order(self) -> Place:
        chance = self._chance
        symbol = chance.choice(("TQQQ", "TQQQ", "TQQQ", "SOXL"))
        side = chance.choice(tuple(Side))
        account = chance.choice((None, None, None, *ACCOUNTS))
        nets = chance.choice((None, None, False))
        quantity: str | None = str(chance.choice((1, 2, 3, 7, 12)))
        percent: str | None = None
        if chance.random() < 0.15:
            quantity, percent = None, str(chance.choice((5, 40)))
            if side is Side.SELL:
                percent = str(-chance.choice((30, 100)))
        kind = chance.choice(
            (
                OrderType.MARKET,
                OrderType.MARKET,
                OrderType.LIMIT,
                OrderType.LIMIT,
                OrderType.TWAP,
                OrderType.TWAP,
                OrderType.TWAP,
                OrderType.STOP_MARKET,
                OrderType.STOP_LIMIT,
            )
        )
        price = stop = slices = minutes = None
        if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
            price = self._near(symbol)
        if kind in {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}:
            stop = self._near(symbol)
        if kind is OrderType.TWAP:
            slices = chance.randint(1, 6)
            minutes = str(chance.choice(("0.5", 1, 2, 5)))
            price = self._near(symbol) if chance.random() < 0.3 else None
        return order(
            side,
            symbol,
            quantity,
            kind=kind,
            price=price,
            stop=stop,
            percent=percent,
            slices=slices,
            minutes=minutes,
            nets=nets,
            account=account,
        )

    def _near(self, symbol: str) -> str:
        price = float(self._prices[symbol]) * self._chance.uniform(0.96, 1.04)
        return f"{max(price, 0.02):.2f}"


def spell(command: Command) -> str:
    """Write a command short: what is not said does not matter."""
    fields = (
        f"{name}={value}"
        for name in command._fields
        if (value := getattr(command, name)) is not None and name != "venue"
    )
    at = f" at {command.venue.account}" if command.venue.account else ""
    return f"{type(command).__name__} {' '.join(fields)}{at}"
