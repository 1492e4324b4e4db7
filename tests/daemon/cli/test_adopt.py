"""What an account held before is shown, and a person says whose it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from daemon.execution import reconcile
from daemon.service.exits import Exit
from tests.support.books import MAIN
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_what_nobody_owns_becomes_a_book_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "SECOND_LOOK_AFTER", timedelta())
    async with served(tmp_path) as here:
        assert (await here.nettingd("adopt"))[:2] == (Exit.OK, "nothing stands in suspense\n")
        for asset, amount in (("TQQQ", "10"), ("USD", "50")):
            await here.post(
                "/api/paper/main/adjust", {"id": asset, "asset": asset, "amount": amount}
            )
        await here.day.engine.accounts[MAIN].reconcile()
        code, out, _ = await here.nettingd("adopt", "--json")
        assert code == Exit.OK
        left = {item["asset"]: item["quantity"] for item in orjson.loads(out)["items"]}
        assert left == {"TQQQ": "10", "USD": "50"}
        assert "TQQQ" in (await here.nettingd("adopt"))[1]
        code, out, err = await here.nettingd("adopt", "a", "TQQQ", "4", "--price", "93")
        assert (code, err) == (Exit.OK, "")
        assert out.startswith("4 TQQQ of suspense are a's now")
        words = ("adopt", "b", "USD", "50", "--id", "found", "--note", "was there", "--json")
        code, out, err = await here.nettingd(*words)
        assert (code, err) == (Exit.OK, "")
        assert orjson.loads(out)["duplicate"] is False
        assert orjson.loads((await here.nettingd(*words))[1])["duplicate"] is True
        _, out, _ = await here.nettingd("adopt", "--json")
        assert [item["quantity"] for item in orjson.loads(out)["items"]] == ["6"]


async def test_what_cannot_be_adopted_is_told(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        code, _, err = await here.nettingd("adopt", "a", "TQQQ")
        assert (code, err.count("\n")) == (Exit.BAD_INPUT, 1)
        code, _, err = await here.nettingd("adopt", "none", "TQQQ", "x")
        assert code == Exit.BAD_INPUT
        assert "amount" in err
