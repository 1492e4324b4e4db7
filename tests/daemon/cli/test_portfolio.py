"""A person rebalances a running daemon's portfolio book from a terminal."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from daemon.service.exits import Exit
from tests.daemon.rebalancing.portfolios import config
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path

WANTED = {"mp": {"stocks": 80, "cash": 20}, "sub_mp": {"stocks": {"AAA": 50, "BBB": 50}}}
MAIN = ("rebalance", "--account", "main")


async def test_from_a_file_with_targets_to_a_run_that_is_done(tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    async with served(tmp_path, config(rebalancing="max_order_percent = 30")) as here:
        file.write_text(json.dumps(WANTED))
        code, out, _ = await here.nettingd(*MAIN, "--targets", str(file), "--by", "kim")
        assert (code, out.endswith("are stored\n")) == (Exit.OK, True)
        history = await here.get("/api/macro-trading/rebalancing/targets?account=main")
        assert history["targets"]["by"] == "kim"

        code, out, _ = await here.nettingd(*MAIN, "--status")
        assert code == Exit.OK
        assert "AAA           0      40\n" in out
        assert "stocks is 80 percent from its weight\n" in out

        code, out, _ = await here.nettingd(*MAIN, "--preview")
        assert "to be confirmed, being large: AAA, BBB" in out
        code, _, err = await here.nettingd(*MAIN, "--run")
        assert code == Exit.FAILED
        assert "AAA: its order is larger" in err

        code, out, _ = await here.nettingd(*MAIN, "--preview", "--json")
        plan = json.loads(out)["plan_id"]
        code, out, _ = await here.nettingd(*MAIN, "--run", "--confirm", plan)
        assert code == Exit.OK
        assert out.startswith("run ")
        for _ in range(1200):
            _, out, _ = await here.nettingd(*MAIN, "--status")
            if "no run is needed" in out:
                break
            await asyncio.sleep(0.05)
        code, out, _ = await here.nettingd(*MAIN, "--run")
        assert (code, "no run is needed" in out) == (Exit.OK, True)

        file.write_text(json.dumps({**WANTED, "mp": {"stocks": 90}}))
        code, _, err = await here.nettingd(*MAIN, "--targets", str(file))
        assert code == Exit.BAD_INPUT
        assert "mp: the weights sum to 90, not to 100" in err


async def test_what_cannot_be_meant_is_said(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    async with served(tmp_path, config()) as here:
        for words in ((), ("--run", "--preview"), ("--status", "--confirm", "x")):
            code, _, err = await here.nettingd(*MAIN, *words)
            assert code == Exit.BAD_INPUT
            assert "give one of --preview" in err
        code, _, err = await here.nettingd(*MAIN, "--targets", str(bad))
        assert (code, "No such file" in err) == (Exit.BAD_INPUT, True)
        for text, why in (("{", "bad.json"), ("[]", "must be a JSON object")):
            bad.write_text(text)
            code, _, err = await here.nettingd(*MAIN, "--targets", str(bad))
            assert (code, why in err) == (Exit.BAD_INPUT, True)
        for change in ("--resume", "--cancel"):
            code, _, err = await here.nettingd(*MAIN, change, "nobody's")
            assert (code, "there is no run" in err) == (Exit.FAILED, True)
