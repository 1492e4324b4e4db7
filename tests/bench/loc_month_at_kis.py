"""The month of evenings at the simulated KIS, holidays and half days included.

Each evening is a life of the daemon from a quarter of an hour before the close on. Where nothing
of the ladder traded, another one settles it when the close is final, at midnight in New York.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.clock import LoopClock
from tests.bench.loc_month import STRATEGIES, close_of, ended, orders_of
from tests.kis_days.house import Half, daemon_at, house
from tests.kis_days.judge import wrong_in_the_books
from tests.simulators.kis.hours import Country, Hours, Phase
from tests.support.books import parents
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.bench.loc_month import Evening
    from tests.kis_days.house import House
    from tests.support.world import World

NIGHT = Half("alice", "USD")
BOOKS = [f"{strategy}_{NIGHT.name}" for strategy in STRATEGIES]
FIRST = datetime(2026, 11, 19, 12, tzinfo=ZoneInfo("America/New_York"))
BEFORE = timedelta(minutes=15)
FINAL = timedelta(hours=11, minutes=1)
"""After a close, on half days too, midnight has come in New York."""
TOP = """
[daemon]
live = true
[loc]
mode = "{mode}"
[reconcile]
seconds = 600
"""


async def live(folder: Path, mode: str, evenings: int, seed: int, *, cuts: bool) -> list[Evening]:
    """Live some evenings of an account at one host."""
    random, hours, story = Random(seed), Hours(Country.AMERICA), []
    clock, day, top = LoopClock(FIRST), FIRST.date(), TOP.format(mode=mode)
    async with house(clock, (NIGHT,)) as there:
        market = there.simulator.host.market
        last = market.last("TQQQ")
        if cuts:
            market.auction_depth["TQQQ"] = 7
        for number in range(evenings):
            day = hours.next_day(day)
            session = hours.period(day, Phase.REGULAR)
            assert session is not None
            await _sleep_until(clock, session.end - BEFORE)
            async with daemon_at(folder, there, clock, seed=2 * number + 1, top=top) as here:
                prices = await _order(here, random, last, number)
                last = market.auction["TQQQ"] = close_of(random, prices, last)
                await here.advance_to(session.end + timedelta(seconds=30))
                if not parents(here, "ended_at IS NULL"):
                    story.append(await _looked_at(here, there))
                    continue
            await _sleep_until(clock, session.end + FINAL)
            async with daemon_at(folder, there, clock, seed=2 * number + 2, top=top) as here:
                await here.advance(70)
                assert not parents(here, "ended_at IS NULL"), "an order outlived its close"
                story.append(await _looked_at(here, there))
    return story


async def _order(here: World, random: Random, last: Decimal, number: int) -> list[Decimal]:
    """Send an evening's orders; return their limits."""
    held = {book: int(await here.held(book, "TQQQ", NIGHT.name)) for book in BOOKS}
    made = list(orders_of(random, held, last, moc_buys=False))
    for at, (strategy, place) in enumerate(made):
        await here.submit(strategy, place, key=f"{number}:{at}")
    return [place.price for _, place in made if place.price is not None]


async def _looked_at(here: World, there: House) -> Evening:
    wrong = await wrong_in_the_books(here, there)
    assert not wrong, wrong
    return ended(here)


async def _sleep_until(clock: LoopClock, at: datetime) -> None:
    await clock.sleep((at - clock.now()).total_seconds())


def month(mode: str, evenings: int, seed: int = 1, *, cuts: bool = False) -> list[Evening]:
    """Live a month under virtual time; return how each evening ended."""
    with tempfile.TemporaryDirectory() as name:
        return in_virtual_time(live(Path(name), mode, evenings, seed, cuts=cuts))
