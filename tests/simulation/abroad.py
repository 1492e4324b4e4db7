"""Brokers beside the paper exchanges: the simulated Binance and KIS, which outlive the daemon.

The adapters speak to them as they do to the real ones, over HTTP and websockets of this machine.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from adapters.binance.hosts import MarketKind
from algorithms.domain import AccountName, OrderType, Side
from algorithms.invariants import BrokerRecord, BrokerView
from tests.binance_faults.hour import ROUTES, STREAM_FAULTS, harm_streams
from tests.simulation.features import Feature
from tests.simulation.happenings import Happening
from tests.simulation.shares import TRADERS, both_markets, new_york
from tests.simulators.binance import Fault
from tests.support import bots as binance
from tests.support.mortal import apart
from tests.support.world import cancel_all, order

if TYPE_CHECKING:
    import random
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from adapters.clock import LoopClock
    from daemon.engine import Engine
    from daemon.execution.commands import Command
    from tests.simulation.happenings import Tally
    from tests.simulators.binance.faults import Faults, Met
    from tests.support.simulated import SimulatedBinance

CLOSED = (
    Fault.UNAVAILABLE_503_BEFORE,
    Fault.SHUTDOWN_503_BEFORE,
    Fault.SHUTDOWN_400_BEFORE,
)
"""What Binance answers while it is closed."""
STREAMS = {
    "twice": Happening.EVENT_TWICE,
    "late": Happening.EVENT_LATE,
    "before": Happening.EVENT_FIRST,
}
"""What befalls events of Binance that come; all else befalls their stream."""
FUTURES = 0.4
"""How often the account at Binance is one for futures."""


class Abroad(Protocol):
    """A broker and the one account that is there. ``often``: how many requests are for it."""

    account: AccountName
    often: float

    @property
    def may_be_short(self) -> bool:
        """Whether the account may sell what it has not."""
        ...

    async def open(self, folder: Path) -> str:
        """Begin, and return what the configuration says of it."""
        ...

    def wish(self, chance: random.Random) -> tuple[Command, ...]:
        """Draw what a strategy wants there."""
        ...

    def harm(self, chance: random.Random) -> str:
        """Let something go wrong, or the market move; tell what."""
        ...

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        ...

    def view(self) -> BrokerView:
        """Return the account as the broker's own books have it."""
        ...

    def traded(self) -> Decimal:
        """Return how many units all orders of the account have traded."""
        ...

    async def mourn(self, engine: Engine) -> None:
        """Close the connections of a daemon that is dead, as the kernel does."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


def abroad(
    features: AbstractSet[Feature], clock: LoopClock, chance: random.Random, tally: Tally
) -> tuple[Abroad, ...]:
    """Return the brokers of a day."""
    found: list[Abroad] = []
    if Feature.BINANCE in features:
        futures = chance.random() < FUTURES
        kind = MarketKind.FUTURES if futures else MarketKind.SPOT
        found.append(Coins(clock, kind, tally))
    if Feature.SEOUL in features:
        found += both_markets(clock, chance, tally)
    elif Feature.KIS in features:
        found += new_york(clock, chance, tally)
    return tuple(found)


class Coins:
    """An account at the simulated Binance."""

    account = AccountName("coin")
    often = 0.3

    def __init__(self, clock: LoopClock, kind: MarketKind, tally: Tally) -> None:
        self._clock = clock
        self._tally = tally
        self._kind = kind
        self._begun = AsyncExitStack()
        self._there: SimulatedBinance

    @property
    def may_be_short(self) -> bool:
        return self._kind is MarketKind.FUTURES

    async def open(self, folder: Path) -> str:
        books = {f"{name}_coin": (name, str(self.account)) for name in TRADERS}
        with apart():
            self._there = await self._begun.enter_async_context(
                binance.exchange(self._clock, books, self._kind)
            )
        _count(self._there.simulator.faults, self._tally)
        key, _ = self._there.simulator.keys(self.account)
        (folder / f"{self.account}.key").write_text(key.api_key)
        (folder / f"{self.account}.secret").write_text(key.secret)
        hosts = self._there.hosts
        account = binance.ACCOUNT.format(
            name=self.account, kind=self._kind.value, rest=hosts.rest, socket=hosts.socket
        )
        return account + "".join(
            binance.BOOK.format(
                name=name,
                strategy=strategy,
                account=self.account,
                capital=binance.CAPITAL,
                more='symbols = ["BTCUSDT"]',
            )
            for name, (strategy, _) in books.items()
        )

    def wish(self, chance: random.Random) -> tuple[Command, ...]:
        if chance.random() < 0.2:
            return (cancel_all("BTCUSDT"),)
        kind = chance.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET, OrderType.TWAP))
        price = 50_000 * chance.choice((90, 99, 100, 101)) // 100
        return (
            order(
                chance.choice((Side.BUY, Side.BUY, Side.SELL)),
                "BTCUSDT",
                chance.choice(("0.01", "0.02", "0.05")),
                kind=kind,
                price=str(price) if kind is OrderType.LIMIT else None,
                slices=3 if kind is OrderType.TWAP else None,
                minutes="1" if kind is OrderType.TWAP else None,
                nets=chance.choice((None, False)),
                account=self.account,
            ),
        )

    def harm(self, chance: random.Random) -> str:
        simulator = self._there.simulator
        roll = chance.random()
        if roll < 0.4:
            price = Decimal(50_000) * chance.choice((98, 99, 100, 101)) / 100
            simulator.set_price("BTCUSDT", price)
            return f"BTCUSDT trades at {price}"
        if roll < 0.6:
            harm = chance.choice(STREAM_FAULTS)
            harm_streams(simulator, self._kind, harm, chance)
            self._tally.note(STREAMS.get(harm, Happening.STREAM))
            return f"the streams of Binance: {harm}"
        if roll < 0.65:
            harm_streams(simulator, self._kind, "away", chance)
            calls = chance.choice((5, 20, 60))
            simulator.faults.script("*", chance.choice(CLOSED), times=calls)
            self._tally.note(Happening.AWAY)
            return f"Binance is closed for maintenance, for {calls} calls"
        fault, route = chance.choice([*Fault]), chance.choice(ROUTES[self._kind])
        simulator.faults.script(route, fault, times=chance.choice((1, 1, 2)), delay_s=2.0)
        return f"Binance: {route} meets {fault}"

    def calm(self) -> None:
        self._there.simulator.faults.calm()

    def view(self) -> BrokerView:
        records = [
            BrokerRecord(
                client_id=each.draft.client_id,
                number=str(each.id),
                is_alive=each.status.is_open,
                filled=each.executed,
            )
            for each in self._there.orders(self.account)
        ]
        return BrokerView(self.account, self._holdings(), tuple(records))

    def _holdings(self) -> dict[str, Decimal] | None:
        if self._kind is MarketKind.FUTURES:
            return None  # margins and marks: the hours of tests/binance_faults compare those
        balances = self._there.simulator.exchange.spot.balances[self.account]
        return {
            "USDT": balances.get("USDT", Decimal(0)),
            "BTCUSDT": balances.get("BTC", Decimal(0)),
        }

    def traded(self) -> Decimal:
        return sum((each.executed for each in self._there.orders(self.account)), Decimal(0))

    async def mourn(self, engine: Engine) -> None:
        hub = engine._hub  # noqa: SLF001 - what the kernel closes
        if hub is not None:
            await hub.session.close()

    async def close(self) -> None:
        await self._begun.aclose()


def _count(faults: Faults, tally: Tally) -> None:
    """Count what calls meet."""
    meet = faults.meet

    def counted(route: str) -> Met | None:
        met = meet(route)
        if met is not None:
            tally.met(met.fault)
        return met

    faults.meet = counted  # type: ignore[method-assign]
