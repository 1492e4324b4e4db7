"""More orders than may wait."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from adapters.sqlite.driver import connect_to_look
from adapters.sqlite.errors import StorageBusyError
from algorithms.domain import OrderType
from daemon.execution import desk
from tests.support.houses import house
from tests.support.world import buy, cancel_all, started, world

if TYPE_CHECKING:
    from pathlib import Path

LOW = buy("TQQQ", "1", kind=OrderType.LIMIT, price="90")
TWAP = buy("TQQQ", "1", kind=OrderType.TWAP, slices=2, minutes="600")


async def test_orders_beyond_what_may_wait_are_refused_and_cancels_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue is slow, and a bot sends more than it can take."""
    monkeypatch.setattr(desk, "MOST_IN_HAND", 3)
    books = {"a": ("alpha", "main"), "b": ("beta", "main")}
    text = house(books, paper={"main": "latency_ms = 600"})
    async with world(tmp_path, text) as here:
        await here.pass_time(5)
        waiting = [started(here.submit("alpha", LOW, key=f"{n}")) for n in range(3)]
        await here.pass_time(0.2)
        for strategy in ("alpha", "beta"):
            with pytest.raises(StorageBusyError):
                await here.submit(strategy, LOW)
        cancelled = await here.submit("beta", cancel_all())
        assert cancelled.http_status == 200
        assert {(await each).http_status for each in waiting} <= {200, 202}
        await here.pass_time(5)
        assert (await here.submit("beta", LOW)).http_status in {200, 202}


async def test_bots_that_never_pause_do_not_keep_each_other_waiting(tmp_path: Path) -> None:
    """The first price came late. Orders that need none any more are stored as they come."""
    text = house({"a": ("alpha", "main")}, paper={"main": "latency_ms = 200"})
    async with world(tmp_path, text) as here:
        await here.pass_time(5)

        async def bot(name: str) -> None:
            for number in range(10):
                told = await here.submit("alpha", TWAP, key=f"{name}{number}")
                assert told.http_status == 200

        bots = [started(bot(name)) for name in "abc"]
        await here.pass_time(60)
        assert all(each.done() for each in bots)
        with closing(connect_to_look(here.engine.config.database.path)) as looked:
            stored = looked.execute("SELECT COUNT(*) FROM requests").fetchone()[0]
            waited = looked.execute("SELECT COUNT(*) FROM request_targets").fetchone()[0]
        assert (stored, waited) == (30, 3)
