"""Style sheet, script and icon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.web import assets
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path


async def test_files_are_kept_by_browsers_for_as_long_as_they_are_the_same(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        for name, kind in assets.TYPES.items():
            response = await here.client.get(assets.address(name))
            assert (response.status, response.content_type) == (200, kind)
            assert "immutable" in response.headers["Cache-Control"]
            anew = await here.client.get(f"/static/{name}?v=older")
            assert anew.headers["Cache-Control"] == "no-store"
            assert await anew.read() == await response.read()
