"""Evenings at an exchange where much goes wrong: ladders are settled, and books are right."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.bench.loc_month import STRATEGIES, TQQQ, clock_at, config, orders_of
from tests.support.books import all_is_well, paper, parents, select
from tests.support.loops import in_virtual_time
from tests.support.world import START, World, cancel_all, world

IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
SEEDS = range(1, 200 if IS_DEEP else 2)
EVENINGS = 6 if IS_DEEP else 2
BEFORE = timedelta(minutes=8)
SETTLED_WITHIN = timedelta(minutes=20)
"""Comparisons find what lost events did not tell; they fail now and then as well."""
FAULTS = """
[accounts.main.paper.faults]
answer_lost_before = 0.05
answer_lost_after = 0.05
server_error = 0.1
rate_limit = 0.05
reject = 0.05
duplicate_fills = 0.2
late_fills = 0.2
lost_events = 0.2
delay_ms = 800
[strategies.alpha]
"""


async def live(folder: Path, seed: int) -> None:
    """Live evenings of orders that come and go while requests, answers and events are lost."""
    random, last = Random(seed), Decimal(100)
    text = config("ladder", cuts=seed % 2 == 0).replace("[strategies.alpha]", FAULTS)
    for number in range(EVENINGS):
        close = START.replace(hour=0) + timedelta(days=number + 1)
        async with world(folder, text, clock=clock_at(close - BEFORE), seed=number + 1) as here:
            held = {book: int(await here.held(book, "TQQQ")) for book in STRATEGIES.values()}
            made = list(orders_of(random, held, last))
            for at, (strategy, place) in enumerate(made):
                await here.submit(strategy, place, key=f"{number}:{at}")
                await here.advance(random.choice([0, 0.1, 5, 20]))
            if random.random() < 0.5:
                await here.submit("beta", cancel_all(), key=f"{number}:cancel")
            last = random.choice([place.price or last for _, place in made] or [last])
            await here.advance_to(max(here.now, close - timedelta(seconds=1)))
            await paper(here).exchange.set_price(TQQQ, last)
            await here.until(lambda: is_settled(here), within=SETTLED_WITHIN)
            assert select(here, "SELECT * FROM positions WHERE book = '@suspense'") == []
            await all_is_well(here)


def is_settled(here: World) -> bool:
    unsettled = "SELECT id FROM loc_ladders WHERE outcome IS NOT 'settled'"
    return not parents(here, "ended_at IS NULL") and not select(here, unsettled)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_every_ladder_is_settled_whatever_is_lost(seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        in_virtual_time(live(Path(name), seed))
