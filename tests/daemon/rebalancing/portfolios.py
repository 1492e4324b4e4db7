"""A portfolio book beside two bots, in an account on paper; and what people do with it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from daemon.rebalancing.office import RebalancingOffice
from daemon.rebalancing.runs import find_run, trades_of
from tests.algorithms.rebalancing.houses import targets
from tests.support.world import World, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.clock import LoopClock
    from algorithms.rebalancing.states import RunState
    from algorithms.rebalancing.targets import Targets
    from daemon.rebalancing.desk import RebalanceDesk
    from daemon.rebalancing.runs import Run, Trade
    from tests.support.mortal import Life

CONFIG = """
[rebalancing]
{rebalancing}
[accounts.main]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "0.25"
[accounts.main.paper]
prices = {{ AAA = "100", BBB = "50", CCC = "20" }}
{paper}
[strategies.house]
[strategies.alpha]
[strategies.beta]
[books.portfolio]
strategy = "house"
account = "main"
capital = "100000"
rule = {{ type = "portfolio" }}
{book}
[books.a]
strategy = "alpha"
account = "main"
capital = "100000"
[books.b]
strategy = "beta"
account = "main"
capital = "100000"
[instruments]
AAA = {{ lot = "1" }}
BBB = {{ lot = "1" }}
CCC = {{ lot = "1" }}
{more}
"""
HALVES = targets({"stocks": "80", "cash": "20"}, {"stocks": {"AAA": "50", "BBB": "50"}})
TURNED = targets({"stocks": "80", "cash": "20"}, {"stocks": {"BBB": "50", "CCC": "50"}})
"""AAA is no target any more, CCC is new."""


def config(*, rebalancing: str = "", paper: str = "", book: str = "", more: str = "") -> str:
    return CONFIG.format(rebalancing=rebalancing, paper=paper, book=book, more=more)


def listed(run: Run, name: str) -> list[Any]:
    """Return a list of a run's outcome: ``left``, ``unfilled``, ``beyond``."""
    found = run.outcome[name]
    assert isinstance(found, list)
    return found


class House:
    """A world with a portfolio book, as its owner sees it."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def desk(self) -> RebalanceDesk:
        return self.world.engine.rebalancing

    async def want(self, wanted: Targets, by: str = "analyst") -> None:
        """Set targets."""
        await RebalancingOffice(self.world.engine).set_targets("main", wanted, by)

    async def start(self, confirm: str | None = None) -> Run:
        """Start a run that is needed."""
        run, _ = await self.desk.run("main", confirm, "admin")
        assert run is not None
        return run

    async def look(self, run: Run) -> Run:
        """Read a run as it is now."""
        found = await self.world.engine.store.read(lambda view: find_run(view, run.id))
        assert found is not None
        return found

    async def trades(self, run: Run) -> list[Trade]:
        return await self.world.engine.store.read(lambda view: trades_of(view, run.id))

    async def until(self, run: Run, *states: RunState, within: float = 3600) -> Run:
        """Let time pass until a run is in one of these states."""

        async def arrived() -> bool:
            return (await self.look(run)).state in states

        await self.world.until(arrived, within=within)
        return await self.look(run)

    async def holds(self) -> dict[str, int]:
        """Units in the portfolio book."""
        rows = await self.world.rows("positions_of_account", account="main")
        return {
            row["asset"]: int(Decimal(row["quantity"]))
            for row in rows
            if row["book"] == "portfolio" and row["asset"] != "USD" and Decimal(row["quantity"])
        }

    async def orders(self) -> list[dict[str, Any]]:
        """Every order of the portfolio book at the exchange, ended ones included."""
        rows = await self.world.rows("all_children")
        return [row for row in rows if row["book"] == "portfolio"]


@asynccontextmanager
async def house(
    folder: Path,
    text: str | None = None,
    *,
    clock: LoopClock | None = None,
    seed: int = 1,
    life: Life | None = None,
) -> AsyncIterator[House]:
    """Run a daemon with a portfolio book."""
    async with world(folder, text or config(), clock=clock, seed=seed, life=life) as here:
        yield House(here)
