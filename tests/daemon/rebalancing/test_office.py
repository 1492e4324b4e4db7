"""What rebalancing goes by outlives a restart."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError
from daemon.api.errors import ErrorCode, Refused
from daemon.rebalancing.office import RebalancingOffice
from tests.algorithms.rebalancing.houses import targets
from tests.support.loops import in_virtual_time
from tests.support.world import THREE_BOOKS, world

if TYPE_CHECKING:
    from pathlib import Path

WANTED = targets({"stocks": "90", "cash": "10"}, {"stocks": {"TQQQ": "100"}})


def test_a_restart_forgets_neither_thresholds_nor_targets(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            office = RebalancingOffice(here.engine)
            await office.set_thresholds(Decimal("1.50"), None)
            stored = await office.set_targets("main", WANTED, "model 7")
        async with world(tmp_path, clock=here.clock, seed=2) as here:
            office = RebalancingOffice(here.engine)
            thresholds = (await office.thresholds()).thresholds
            assert (thresholds.mp, thresholds.sub_mp) == (Decimal("1.5"), Decimal(5))
            assert await office.targets("main") == [stored]
            assert stored.targets.weights() == {"TQQQ": 90}
            assert await office.targets("other") == []

    in_virtual_time(story())


def test_a_broker_that_is_silent_is_not_taken_for_one_that_knows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> None:
        raise BrokerUnavailableError("no answer")

    async def story() -> None:
        async with world(tmp_path) as here:
            office = RebalancingOffice(here.engine)
            assert await office.unknown_tickers("main", WANTED) == []
            monkeypatch.setattr(here.engine.services.market, "instrument", silent)
            with pytest.raises(Refused) as refused:
                await office.unknown_tickers("main", WANTED)
            assert refused.value.code is ErrorCode.BROKER_SILENT

    in_virtual_time(story())


def test_a_target_that_is_left_alone_is_named_when_it_is_set(tmp_path: Path) -> None:
    async def story() -> None:
        text = THREE_BOOKS + '[rebalancing]\nkeep = ["TQQQ"]\n'
        async with world(tmp_path, text) as here:
            office = RebalancingOffice(here.engine)
            (fault,) = await office.unknown_tickers("main", WANTED)
            assert fault.path == ("sub_mp", "stocks", "TQQQ")
            assert "leaves it alone" in fault.message
            nothing = targets({"stocks": "0", "cash": "100"}, {"stocks": {"TQQQ": "100"}})
            assert await office.unknown_tickers("main", nothing) == []

    in_virtual_time(story())
