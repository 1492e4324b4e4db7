"""What a run has come to is told from the books, with what it cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.rebalancing.states import RunState
from tests.daemon.rebalancing.portfolios import HALVES, TURNED, config, house

if TYPE_CHECKING:
    from pathlib import Path


async def test_weights_fees_and_what_was_not_filled_are_in_the_outcome(tmp_path: Path) -> None:
    async with house(tmp_path, config(paper="latency_ms = 200")) as here:
        await here.want(HALVES)
        first = await here.until(await here.start(), RunState.DONE)
        assert first.outcome["fees"] == {"USD": "199.5"}
        assert first.outcome["targets"] == {"AAA": "40", "BBB": "40", "cash": "20"}
        weights = {n: Decimal(w) for n, w in first.outcome["weights"].items()}  # type: ignore[attr-defined]
        assert sum(weights.values()) == 100
        assert first.outcome["unfilled"] == []

        await here.want(TURNED)
        run = await here.start()
        await here.world.set_price("AAA", "90")
        second = await here.until(run, RunState.DONE)
        assert set(second.outcome["beyond"]) == {"AAA", "CCC"}  # type: ignore[call-overload]
        (unfilled,) = second.outcome["unfilled"]  # type: ignore[misc]
        assert unfilled["ticker"] == "AAA"  # type: ignore[has-type]
        assert Decimal(str(second.outcome["tracking_error"])) > 10
