from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.support.world import THREE_BOOKS, world

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_book_begins_with_its_capital_and_a_restart_adds_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert await w.held("a", "USD") == 100_000
    async with world(tmp_path) as w:
        assert await w.held("a", "USD") == 100_000


async def test_another_capital_posts_the_difference(tmp_path: Path) -> None:
    more = THREE_BOOKS.replace(
        'account = "main"\ncapital = "100000"', 'account = "main"\ncapital = "120000.5"', 1
    )
    async with world(tmp_path):
        pass
    async with world(tmp_path, more) as w:
        assert await w.held("a", "USD") == Decimal("120000.5")
        assert await w.held("b", "USD") == 100_000
    async with world(tmp_path) as w:
        assert await w.held("a", "USD") == 100_000
