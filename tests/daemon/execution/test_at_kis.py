"""Orders at KIS, which knows no ids of ours: what a daemon makes of a number told wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

import adapters.kis.wire
from adapters.clock import LoopClock
from adapters.http import Answer, exchanged
from algorithms.domain import OrderType
from tests.kis_days.house import Half, daemon_at, house
from tests.kis_days.judge import wrong_in_the_books
from tests.support.books import children, parents, told
from tests.support.world import buy, cancel_all

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MORNING = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("Asia/Seoul"))
DAY = Half("alice", "KRW")
ADOPTING = """
[daemon]
live = true
[reconcile]
seconds = 10
adopt_orphans = ["beta_alice_krw"]
"""
OTHER_NUMBER = "0000987654"


def telling_wrong(patch: pytest.MonkeyPatch) -> None:
    """Let the host tell another number in its next answer to an order."""
    wrong = [OTHER_NUMBER]

    async def misnamed(*words: Any, **more: Any) -> Any:  # noqa: ANN401 - as it is
        seen = await exchanged(*words, **more)
        if wrong and isinstance(seen, Answer) and b'"ODNO"' in seen.body:
            said = orjson.loads(seen.body)
            said["output"]["ODNO"] = wrong.pop()
            seen = replace(seen, body=orjson.dumps(said))
        return seen

    patch.setattr(adapters.kis.wire, "exchanged", misnamed)


async def test_an_order_told_under_a_wrong_number_is_found_cancelled_and_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison finds it at KIS as an order of nobody's, which another book would take."""
    clock = LoopClock(MORNING)
    async with house(clock, (DAY,)) as there:
        telling_wrong(monkeypatch)
        async with daemon_at(tmp_path, there, clock, top=ADOPTING) as here:
            low = buy("069500", "3", kind=OrderType.LIMIT, price="40000")
            await here.submit("alpha", low)
            (order,) = there.orders(DAY)
            await here.pass_time(60)
            assert told(here, "orphan_order") == told(here, "orphan_adopted") == []
            (child,) = children(here)
            assert (child["broker_order_id"], child["state"]) == (str(order.number), "open")
            await here.submit("alpha", cancel_all())
            await here.pass_time(10)
            assert parents(here)[0]["status"] == "cancelled"
            assert await wrong_in_the_books(here, there) == []
            assert await here.reserved("alpha_alice_krw", "KRW", "alice_krw") == Decimal(0)
