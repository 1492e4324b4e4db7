"""No strategy ever ends another one's orders, and none of its own survives its cancel."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.domain import OrderType
from tests.support.houses import house
from tests.support.loops import in_virtual_time
from tests.support.mortal import Life
from tests.support.world import buy, cancel, cancel_all, world

if TYPE_CHECKING:
    from adapters.clock import LoopClock
    from daemon.execution.commands import Command
    from tests.support.world import World

STRATEGIES = ("alpha", "beta")
ACCOUNTS = ("one", "two")
BOOKS = {
    "a1": ("alpha", "one"),
    "a2": ("alpha", "two"),
    "b1": ("beta", "one"),
    "b2": ("beta", "two"),
}
FAULTS = """
latency_ms = {latency}
faults = {{ answer_lost_before = "{p}", answer_lost_after = "{p}", server_error = "{p}", \
rate_limit = "{p}", delay_ms = {latency} }}
seed = {seed}
client_order_ids = {client_ids}
"""


async def hammer(day: World, strategy: str, chance: random.Random, steps: int) -> None:
    """Place, cancel and cancel everything in no particular order, without waiting for answers."""
    known: list[str] = []

    async def step() -> None:
        await day.pass_time(chance.random() * 5)
        told = await day.submit(strategy, *commands(chance, known), key=str(chance.random()))
        known.extend(one["id"] for r in told.body["results"] for one in r["orders"] if one["id"])

    await asyncio.gather(*(step() for _ in range(steps)))


def commands(chance: random.Random, known: list[str]) -> tuple[Command, ...]:
    symbol = chance.choice(("TQQQ", "SOXL"))
    price = chance.choice("456789")
    low = buy(symbol, str(chance.randint(1, 9)), kind=OrderType.LIMIT, price=price)
    match chance.randrange(6):
        case 0:
            return (cancel_all(),)
        case 1 if known:
            return (cancel(chance.choice(known)),)
        case 2:
            return (cancel_all("SOXL"), low)
        case 3:
            return (buy("TQQQ", "2", kind=OrderType.TWAP, slices=2, minutes="2", price="9"),)
        case _:
            return (low,)


async def only_own_orders_were_ended(day: World) -> None:
    """Every order that was cancelled was wanted cancelled by a request of its own strategy."""
    wanted = {(row["parent_id"], row["strategy"]) for row in await day.rows("all_cancel_targets")}
    for parent in await day.rows("all_parents"):
        if parent["cancel_requested_at"] is not None:
            assert (parent["id"], parent["strategy"]) in wanted
        elif parent["order_type"] != "TWAP":
            assert parent["status"] in {"open", "working", "failed", "expired"}


async def rests_what_lives(day: World) -> None:
    """What rests at the exchanges is what the books call alive, strategy by strategy."""
    live = await day.rows("all_live_children")
    for account in ACCOUNTS:
        ours = [row for row in live if row["account"] == account]
        orders = await day.exchange(account).exchange.open_orders()
        assert {row["broker_order_id"] for row in ours} == {order.number for order in orders}


async def a_rough_day(folder: Path, seed: int, *, client_ids: bool, killed: bool) -> None:
    chance = random.Random(seed)
    faults = FAULTS.format(
        latency=chance.choice((0, 20, 200)),
        p=chance.choice(("0", "0.05", "0.2")),
        seed=seed,
        client_ids=str(client_ids).lower(),
    )
    text = house(BOOKS, paper=dict.fromkeys(ACCOUNTS, faults), capital="1000000")
    clock: LoopClock | None = None
    if killed:
        life = Life()
        async with world(folder, text, life=life, seed=seed) as day:
            clock = day.clock
            await day.pass_time(3)
            storm = asyncio.gather(*(hammer(day, name, chance, 10) for name in STRATEGIES))
            await day.pass_time(chance.random() * 6)
            await life.kill()
            await asyncio.gather(storm, return_exceptions=True)
    async with world(folder, text, clock=clock, seed=seed + 1) as day:
        await day.pass_time(3)
        await asyncio.gather(*(hammer(day, name, chance, 15) for name in STRATEGIES))
        await day.pass_time(200)
        await only_own_orders_were_ended(day)
        await rests_what_lives(day)
        before = {name: (await day.resting(name))["beta"] for name in ACCOUNTS}
        told = await day.submit("alpha", cancel_all())
        await day.pass_time(400)
        assert await day.status("alpha", told.body["id"]) is not None
        for name in ACCOUNTS:
            resting = await day.resting(name)
            assert (resting["alpha"], resting["beta"]) == (0, before[name])
        await only_own_orders_were_ended(day)
        await rests_what_lives(day)
        assert await day.rows("unfinished_requests") == []
        assert day.engine.desk.in_hand == 0


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), client_ids=st.booleans(), killed=st.booleans())
def test_strategies_that_share_accounts_never_touch_each_others_orders(
    seed: int, *, client_ids: bool, killed: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        in_virtual_time(a_rough_day(Path(folder), seed, client_ids=client_ids, killed=killed))
