"""One host with its accounts, and a daemon that trades there. The host outlives daemons."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.sessions import Session
from daemon.config.market import Market
from tests.kis_days.shortcut import Shortcut
from tests.simulators.kis import AccountSeed, KisSimulator, Profile
from tests.simulators.kis.hours import Country, Hours, Phase
from tests.simulators.kis.orders import What
from tests.support.world import world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from adapters.clock import LoopClock
    from tests.simulators.kis import Urls
    from tests.simulators.kis.orders import Order
    from tests.support.mortal import Life
    from tests.support.world import World

BOTS = ("alpha", "beta", "gamma")
KOREAN_FUNDS = {"069500": 41_400, "122630": 21_505}
AMERICAN_FUNDS = {"SOXL": Decimal("27.45"), "TQQQ": Decimal("53.20")}
CAPITAL = {"KRW": Decimal(30_000_000), "USD": Decimal(30_000)}
COUNTRIES = {"KRW": Country.KOREA, "USD": Country.AMERICA}
MARKETS = {"KRW": "XKRX", "USD": "XNYS"}
COMMISSIONS = {"KRW": "0.0140527", "USD": "0.25"}

ACCOUNT = """
[accounts.{name}]
broker = "kis"
environment = "{environment}"
market = "{market}"
currency = "{currency}"
account_no = "{number}"
hts_id = "{hts_id}"
commission_percent = "{commission}"
sell_tax_percent = "{tax}"
base_url = "{rest}"
ws_url = "{ws}"
credentials.app_key = {{ file = "{owner}.key" }}
credentials.app_secret = {{ file = "{owner}.secret" }}
"""
BOOK = """
[books.{bot}_{account}]
strategy = "{bot}"
account = "{account}"
capital = "{capital}"
"""


@dataclass(frozen=True, slots=True)
class Half:
    """One market's half of an account at the broker: an account of the daemon."""

    owner: str
    currency: str

    @property
    def name(self) -> str:
        return f"{self.owner}_{self.currency.lower()}"

    @property
    def country(self) -> Country:
        return COUNTRIES[self.currency]


@dataclass(slots=True)
class House:
    """A host that runs, and which halves of its accounts the daemon trades."""

    simulator: KisSimulator
    urls: Urls
    halves: tuple[Half, ...]
    bots: tuple[str, ...] = BOTS

    def orders(self, half: Half) -> list[Order]:
        """Return every order that was placed there, oldest first, without changes of orders."""
        number = self.simulator.host.seeds[half.owner].number
        return [
            order
            for order in self.simulator.host.engine.orders[number]
            if order.draft.listing.country is half.country and order.what is What.NEW
        ]

    def config(self, top: str) -> str:
        real = self.simulator.host.profile is Profile.REAL
        parts = [top]
        for half in self.halves:
            seed = self.simulator.host.seeds[half.owner]
            parts.append(
                ACCOUNT.format(
                    name=half.name,
                    owner=half.owner,
                    environment="live" if real else "paper",
                    market=MARKETS[half.currency],
                    currency=half.currency,
                    number=seed.number,
                    hts_id=seed.hts_id,
                    commission=COMMISSIONS[half.currency],
                    tax="0.20" if half.currency == "KRW" else "0",
                    rest=self.urls.rest,
                    ws=self.urls.ws,
                )
            )
        parts += [f"[strategies.{bot}]\n" for bot in self.bots]
        parts += [
            BOOK.format(bot=bot, account=half.name, capital=CAPITAL[half.currency])
            for bot in self.bots
            for half in self.halves
        ]
        return "".join(parts)


@asynccontextmanager
async def house(
    clock: LoopClock,
    halves: tuple[Half, ...],
    *,
    profile: Profile = Profile.REAL,
    seed: int = 1,
    walk_s: float = 0.0,
    bots: tuple[str, ...] = BOTS,
    networked: bool = True,
) -> AsyncIterator[House]:
    """Run a host where each half of an account holds the capital of its books.

    Not ``networked``, requests reach it by a shortcut; see there.
    """
    owners = dict.fromkeys(half.owner for half in halves)
    traded = {(half.owner, half.currency) for half in halves}

    def cash(owner: str, currency: str) -> Decimal:
        return len(bots) * CAPITAL[currency] if (owner, currency) in traded else Decimal(0)

    seeds = [
        AccountSeed(
            name=owner,
            number=f"50{place:06d}01",
            hts_id="htsuser1",
            won=cash(owner, "KRW"),
            dollars=cash(owner, "USD"),
        )
        for place, owner in enumerate(owners, start=123456)
    ]
    simulator = KisSimulator(clock, profile, seed=seed, walk_s=walk_s, accounts=seeds)
    urls, shortcut = await simulator.start(), Shortcut(simulator)
    try:
        with nullcontext() if networked else shortcut.is_taken():
            yield House(simulator, urls, halves, bots)
    finally:
        await simulator.close()
        await shortcut.close()


@asynccontextmanager
async def daemon_at(
    folder: Path,
    here: House,
    clock: LoopClock,
    *,
    seed: int = 1,
    life: Life | None = None,
    top: str = "",
) -> AsyncIterator[World]:
    """Run a daemon on the house's accounts; entering again is a restart."""
    for half in here.halves:
        key = here.simulator.key(half.owner)
        (folder / f"{half.owner}.key").write_text(key.app_key)
        (folder / f"{half.owner}.secret").write_text(key.app_secret)
    async with world(
        folder,
        here.config(top),
        clock=clock,
        seed=seed,
        life=life,
        compute_sessions=sessions_there,
    ) as day:
        await day.engine.fleet.tried()
        yield day


async def sessions_there(market: Market, first: date, last: date) -> tuple[Session, ...]:
    """List the days on which the simulated host opens: those of a library take seconds."""
    korean = market is Market.XKRX
    hours = Hours(Country.KOREA if korean else Country.AMERICA)
    phases = (Phase.CONTINUOUS, Phase.CLOSING_AUCTION) if korean else (Phase.REGULAR, Phase.REGULAR)
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return tuple(
        Session(day, opened.start, closed.end)
        for day in days
        if (opened := hours.period(day, phases[0])) and (closed := hours.period(day, phases[1]))
    )


def held_by_books(rows: Sequence[Mapping[str, str]], half: Half) -> dict[str, Decimal]:
    """Add up what the books of an account hold, what is in suspense included."""
    found: dict[str, Decimal] = {}
    for row in rows:
        if row["account"] == half.name:
            asset = row["asset"]
            found[asset] = found.get(asset, Decimal(0)) + Decimal(row["quantity"])
    return found
