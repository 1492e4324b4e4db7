from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.sqlite.errors import StorageError
from daemon.api.errors import ErrorCode, Refused
from daemon.book_office import BookOffice
from tests.daemon.execution.test_bookkeeper import TWO
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path


TWO_DOLLARS = Decimal(2)


async def test_a_day_is_the_market_s_unless_one_is_asked_for(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        office = BookOffice(day.engine)
        await day.submit("alpha", buy("TQQQ", "2"))
        await day.pass_time(1)
        today = await office.reports(None, None, None)
        assert [(one["book"], one["day"], one["trades"]) for one in today] == [
            ("a", "2026-11-20", 1),
            ("b", "2026-11-20", 0),
        ]
        assert await office.reports(date(2026, 11, 20), "main", "a") == today[:1]
        assert await office.reports(None, "elsewhere", None) == []


async def test_an_exchange_that_cannot_write_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise StorageError("the disk is full")

    async with world(tmp_path, TWO) as day:
        office = BookOffice(day.engine)
        exchange = day.exchange().exchange
        with monkeypatch.context() as patch:
            patch.setattr(exchange._driver, "run", broken)  # noqa: SLF001 - a broken disk
            with pytest.raises(Refused) as refused:
                await office.adjust_paper("main", "k", None, TWO_DOLLARS)
        assert refused.value.code is ErrorCode.BROKER_SILENT
