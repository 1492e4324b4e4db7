"""What pages are made from: every query is one that the database takes."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from daemon.web.page import queries
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_query_of_pages_fits_the_schema(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        path = here.day.engine.config.database.path
        with sqlite3.connect(path) as database:
            for name, sql in queries().items():
                given = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
                assert database.execute(sql, given).description, name
        database.close()
