"""The owner of a portfolio in a simulated day: targets, rebalances, and what stopped of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import Symbol
from algorithms.rebalancing.states import RunState
from algorithms.rebalancing.targets import Targets
from daemon.api.errors import Refused
from daemon.api.problems import BadInput
from daemon.rebalancing.office import RebalancingOffice

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from daemon.rebalancing.runs import Run
    from tests.support.world import World

ACCOUNT = "main"
OVER_WITHIN_S = 900


class Owner:
    """Rebalances now and then, and looks after what stopped."""

    def __init__(self, chance: random.Random, tell: Callable[[str], None]) -> None:
        self._chance = chance
        self._tell = tell
        self._has_targets = False

    async def act(self, day: World) -> None:
        """Set targets, start a run, or go on with one that stopped."""
        if not self._has_targets or self._chance.random() < 0.25:
            await self._want(day)
        run = await self._unfinished(day)
        try:
            if run is None:
                started, _ = await day.engine.rebalancing.run(ACCOUNT, None, "owner")
                self._tell(f"rebalance: {'not needed' if started is None else started.id}")
            elif run.state is RunState.STOPPED:
                await day.engine.rebalancing.resume(run.id)
                self._tell(f"rebalance {run.id} is resumed")
            elif self._chance.random() < 0.1:
                await day.engine.rebalancing.cancel(run.id)
                self._tell(f"rebalance {run.id} is cancelled")
        except (Refused, BadInput) as error:
            self._tell(f"rebalance: {error}")

    async def evening(self, day: World) -> str | None:
        """Give up what is not over; return what cannot be ended."""
        left_s = OVER_WITHIN_S
        while (run := await self._unfinished(day)) is not None and left_s:
            try:
                await day.engine.rebalancing.cancel(run.id)
            except Refused as error:
                self._tell(f"rebalance {run.id}: {error}")
            await day.clock.sleep(1)
            left_s -= 1
        if run is None:
            return None
        return f"rebalance {run.id} is {run.state} {OVER_WITHIN_S} s after it was cancelled"

    async def _want(self, day: World) -> None:
        stocks = self._chance.choice((50, 80, 95))
        first = self._chance.choice((0, 30, 60, 100))
        tickers = {Symbol("TQQQ"): Decimal(first), Symbol("SOXL"): Decimal(100 - first)}
        targets = Targets(
            {"stocks": Decimal(stocks), "cash": Decimal(100 - stocks)},
            {"stocks": {ticker: weight for ticker, weight in tickers.items() if weight}},
        )
        await RebalancingOffice(day.engine).set_targets(ACCOUNT, targets, "owner")
        self._has_targets = True
        self._tell(f"the portfolio's targets: {stocks} % stocks, {first} % of them TQQQ")

    async def _unfinished(self, day: World) -> Run | None:
        runs = await day.engine.rebalancing.runs(ACCOUNT)
        return next((run for run, _ in runs if not run.state.is_over), None)
