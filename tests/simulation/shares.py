"""An account at the simulated KIS: its American half, on some days its Korean half beside it.

Both halves are accounts of the daemon, with markets, hours, ticks and money of their own.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import AccountName, OrderType, Side
from algorithms.invariants import BrokerView
from tests.kis_days import house as kis
from tests.kis_days.harm import set_odds, set_switches
from tests.simulation.happenings import Happening
from tests.simulators.kis import Fault, Met
from tests.support.mortal import apart
from tests.support.world import cancel_all, order

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from adapters.clock import LoopClock
    from daemon.engine import Engine
    from daemon.execution.commands import Command
    from tests.kis_days.house import Half, House
    from tests.simulation.happenings import Tally
    from tests.simulators.kis import KisSimulator
    from tests.simulators.kis.listings import Listing

TRADERS = ("alpha", "beta")
"""The strategies that trade abroad."""
AMERICAN = kis.Half("alice", "USD")
KOREAN = kis.Half("alice", "KRW")
SYMBOLS = {"USD": ("TQQQ", "SOXL"), "KRW": ("069500", "091990")}
"""In Seoul a fund and a stock; the stock's price is where its tick doubles."""
ORDERS = (
    *(OrderType.LIMIT, OrderType.LIMIT, OrderType.TWAP, OrderType.TWAP),
    *(OrderType.MARKET, OrderType.STOP_LIMIT, OrderType.LOC),
)
"""What is ordered in Seoul, where no order waits for the close."""
TAXES = {"USD": "0", "KRW": "0.20"}
AWAY_S = (5.0, 60.0, 240.0)
"""How long the host of KIS is closed for maintenance."""


class Firm:
    """The broker's host, with one account. ``halves``: what of it the daemon trades."""

    def __init__(
        self, clock: LoopClock, halves: tuple[Half, ...], chance: random.Random, tally: Tally
    ) -> None:
        self.halves = halves
        self._clock = clock
        self._seed = chance.randrange(2**32)
        self._chance = chance
        self._tally = tally
        self._begun = AsyncExitStack()
        self.house: House

    @property
    def simulator(self) -> KisSimulator:
        return self.house.simulator

    async def open(self, folder: Path) -> None:
        """Begin, once, whatever its halves ask."""
        if hasattr(self, "house"):
            return
        with apart():
            self.house = await self._begun.enter_async_context(
                kis.house(self._clock, self.halves, seed=self._seed, walk_s=60.0, bots=TRADERS)
            )
        set_switches(self.simulator, self._chance)
        self._tally.note(Happening.EVENT_TWICE, self.simulator.switches.repeated_notices)
        self._tally.note(Happening.EVENT_LATE, self.simulator.switches.shuffled_notices)
        owner = self.halves[0].owner
        key = self.simulator.key(owner)
        (folder / f"{owner}.key").write_text(key.app_key)
        (folder / f"{owner}.secret").write_text(key.app_secret)

    def harm(self, chance: random.Random) -> str:
        simulator = self.simulator
        match chance.choice(("drop", "token", "odds", "odds", "calm", "down")):
            case "drop":
                simulator.sockets.drop_all()
                self._tally.note(Happening.STREAM)
                return "KIS drops its sockets"
            case "token":
                simulator.host.tokens.expire_all()
                return "KIS forgets its tokens"
            case "odds":
                simulator.faults.clear()
                set_odds(simulator, percent := chance.choice((4, 12)))
                return f"of the calls of KIS {percent} % meet something"
            case "down":
                return self._go_down(chance.choice(AWAY_S), says_so=chance.random() < 0.5)
            case _:
                self.calm()
                return "KIS is calm"

    def _go_down(self, seconds: float, *, says_so: bool) -> str:
        """Close for maintenance: a page says so to every request, or nobody takes any."""
        if says_so:
            self.simulator.faults.clear()
            self.simulator.faults.odds("*", 100, Met(Fault.HTML_BEFORE))
            self.simulator.sockets.drop_all()
        else:
            self.simulator.switches.down = True
        self._tally.note(Happening.AWAY)
        asyncio.get_running_loop().call_later(seconds, self._open_again, says_so)
        return f"KIS is closed for maintenance, for {seconds} s"

    def _open_again(self, said_so: bool) -> None:  # noqa: FBT001 - as it is called later
        if said_so:
            self.simulator.faults.clear()
        else:
            self.simulator.switches.down = False

    def calm(self) -> None:
        """Let nothing fail any more."""
        switches = self.simulator.switches
        self.simulator.faults.clear()
        switches.down = switches.stalled = False
        switches.stray_throttle_percent = 0

    async def close(self) -> None:
        """End it, once, whatever its halves ask."""
        if hasattr(self, "house"):
            for _, fault in self.simulator.faults.met:
                self._tally.met(fault)
            self.simulator.faults.met.clear()
        await self._begun.aclose()


class Shares:
    """One half of an account at the simulated KIS."""

    def __init__(self, firm: Firm, half: Half, often: float) -> None:
        self.account = AccountName(half.name)
        self.often = often
        self._firm = firm
        self._half = half
        self._symbols = SYMBOLS[half.currency]

    @property
    def may_be_short(self) -> bool:
        return False

    async def open(self, folder: Path) -> str:
        await self._firm.open(folder)
        here, half = self._firm.house, self._half
        seed = here.simulator.host.seeds[half.owner]
        account = kis.ACCOUNT.format(
            name=self.account,
            owner=half.owner,
            environment="live",
            market=kis.MARKETS[half.currency],
            currency=half.currency,
            number=seed.number,
            hts_id=seed.hts_id,
            commission=kis.COMMISSIONS[half.currency],
            tax=TAXES[half.currency],
            rest=here.urls.rest,
            ws=here.urls.ws,
        )
        symbols = ", ".join(f'"{symbol}"' for symbol in self._symbols)
        books = "".join(
            kis.BOOK.format(bot=bot, account=self.account, capital=kis.CAPITAL[half.currency])
            + f"symbols = [{symbols}]\n"
            for bot in TRADERS
        )
        return account + books

    def wish(self, chance: random.Random) -> tuple[Command, ...]:
        symbol = chance.choice(self._symbols)
        if chance.random() < 0.15:
            return (cancel_all(symbol),)
        return (
            self._korean(chance, symbol) if self._is_korean else self._american(chance, symbol),
        )

    @property
    def _is_korean(self) -> bool:
        return self._half is KOREAN

    def _american(self, chance: random.Random, symbol: str) -> Command:
        last = self._firm.simulator.host.market.last(symbol)
        price = (last * chance.choice((95, 99, 100, 101)) / 100).quantize(Decimal("0.01"))
        kind = chance.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.LOC))
        side = chance.choice((Side.BUY, Side.BUY, Side.SELL))
        quantity = str(chance.randint(1, 9))
        return order(side, symbol, quantity, kind=kind, price=str(price), account=self.account)

    def _korean(self, chance: random.Random, symbol: str) -> Command:
        """Draw an order for Seoul; one price in many is off its tick, or outside the day's band."""
        last = self._firm.simulator.host.market.last(symbol)
        percent = chance.choice((97, 99, 100, 100, 101, 103, 140))
        price = (last * percent / 100).to_integral_value()
        if chance.random() < 0.8:
            price -= price % self._listing(symbol).tick(price)
        kind = chance.choice(ORDERS)
        has_price = kind not in {OrderType.MARKET, OrderType.TWAP}
        return order(
            chance.choice((Side.BUY, Side.BUY, Side.SELL)),
            symbol,
            str(chance.randint(1, 30)),
            kind=kind,
            price=str(price) if has_price else None,
            stop=str(price) if kind is OrderType.STOP_LIMIT else None,
            slices=3 if kind is OrderType.TWAP else None,
            minutes="1" if kind is OrderType.TWAP else None,
            account=self.account,
        )

    def harm(self, chance: random.Random) -> str:
        if self._is_korean and chance.random() < 0.4:
            return self._move(chance)
        return self._firm.harm(chance)

    def _move(self, chance: random.Random) -> str:
        """Let the market of Seoul be thin, or run to an end of its band."""
        market, symbol = self._firm.simulator.host.market, chance.choice(self._symbols)
        if chance.random() < 0.5:
            market.depth[symbol] = depth = chance.choice((3, 20, 100_000))
            return f"{depth} shares of {symbol} wait at each price"
        listing, tape = self._listing(symbol), market.tapes[symbol]
        low, high = listing.limits(tape.base)
        price = chance.choice((low, tape.base, tape.base, high))
        market.set_price(symbol, price)
        return f"{symbol} trades at {price}"

    def _listing(self, symbol: str) -> Listing:
        return self._firm.simulator.host.market.listings[symbol]

    def calm(self) -> None:
        self._firm.calm()
        if self._is_korean:
            for symbol in self._symbols:
                self._firm.simulator.host.market.depth[symbol] = 100_000

    def view(self) -> BrokerView:
        account, half = self._firm.simulator.account(self._half.owner), self._half
        holdings = {half.currency: account.cash(half.country)}
        for symbol in self._symbols:
            held = account.holdings.get(symbol)
            holdings[symbol] = Decimal(0 if held is None else held.quantity)
        return BrokerView(self.account, holdings)

    def traded(self) -> Decimal:
        orders = self._firm.house.orders(self._half)
        return Decimal(sum(each.state.filled for each in orders))

    async def mourn(self, engine: Engine) -> None:
        hub = engine._kis_hub  # noqa: SLF001 - what the kernel closes
        if hub is not None:
            await hub.connections.close()

    async def close(self) -> None:
        await self._firm.close()


def new_york(clock: LoopClock, chance: random.Random, tally: Tally) -> list[Shares]:
    """Return the American half of an account."""
    return [Shares(Firm(clock, (AMERICAN,), chance, tally), AMERICAN, 0.2)]


def both_markets(clock: LoopClock, chance: random.Random, tally: Tally) -> list[Shares]:
    """Return both halves of an account. Each is traded by day and by night."""
    firm = Firm(clock, (KOREAN, AMERICAN), chance, tally)
    return [Shares(firm, KOREAN, 0.4), Shares(firm, AMERICAN, 0.2)]
