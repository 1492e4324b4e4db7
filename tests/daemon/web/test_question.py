"""A form's key makes a second click the same request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path


async def test_each_form_has_a_key_of_its_own(tmp_path: Path) -> None:
    path = "/ask/order?strategy=alpha&side=buy&symbol=TQQQ&qty=3&order_type=MARKET"
    async with served(tmp_path) as here:
        keys = {
            key
            for _ in range(3)
            for key in re.findall(r'name="id" value="(page:[^"]+)"', await here.page(path))
        }
        assert len(keys) == 3


async def test_what_a_person_adds_stands_in_labelled_fields(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        html = await here.page("/ask/halt?scope=all")
        assert re.search(
            r'<label>Reason, for the log<input name="reason"[^>]*maxlength="200"', html
        )
        assert "required" not in html, "a reason may be left out"
