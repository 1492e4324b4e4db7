"""Runs over HTTP: what is answered, and what is refused with which words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.daemon.rebalancing.portfolios import config
from tests.support.served import Served, served

if TYPE_CHECKING:
    from pathlib import Path

BASE = "/api/macro-trading/rebalancing"
STATUS = "/api/macro-trading/rebalancing-status"
TARGETS = {
    "account": "main",
    "mp": {"stocks": 80, "cash": 20},
    "sub_mp": {"stocks": {"AAA": 50, "BBB": 50}},
}


async def ended(here: Served, run_id: str) -> dict[str, Any]:
    for _ in range(3000):
        run: dict[str, Any] = await here.get(f"{BASE}/runs/{run_id}")
        if run["ended_at"] is not None:
            return run
        await asyncio.sleep(0.02)
    raise AssertionError("the run never ended")


async def test_a_whole_rebalance_from_the_first_look_to_history(tmp_path: Path) -> None:
    async with served(tmp_path, config(rebalancing="max_order_percent = 30")) as here:
        problem = await here.get(STATUS, 409)
        assert problem["code"] == "no_targets"
        await here.post(f"{BASE}/targets", TARGETS)

        status = await here.get(STATUS)
        assert (status["account"], status["book"], status["run"]) == ("main", "portfolio", None)
        assert (status["needed"], status["equity"]) == (True, "100000")
        assert status["weights"] == {"AAA": "0", "BBB": "0", "cash": "100"}
        assert status["target_weights"] == {"AAA": "40", "BBB": "40", "cash": "20"}
        assert status["mp_weights"] == {"stocks": "0", "cash": "100"}
        assert status["mp_drift"] == {"stocks": "80", "cash": "-80"}
        assert status["problems"] == []

        plan = await here.post(f"{BASE}/preview", {"account": "main"})
        assert plan["needs_confirmation"] == ["AAA", "BBB"]
        wanted = {"account": "main"}
        problem = await here.post(f"{BASE}/run", wanted, 409)
        assert problem["code"] == "needs_confirmation"
        assert [each["path"] for each in problem["errors"]] == ["AAA", "BBB"]
        confirmed = {**wanted, "confirm": plan["plan_id"], "by": "kim"}
        answer = await here.post(f"{BASE}/run", confirmed)
        assert answer["plan"]["buy_orders"] == plan["buy_orders"]
        run = await ended(here, answer["run"]["id"])
        assert (run["state"], run["by"], run["plan_id"]) == ("done", "kim", plan["plan_id"])
        assert [trade["status"] for trade in run["trades"]] == ["done", "done"]
        assert run["trades"][0]["filled"] == run["trades"][0]["quantity"] == "400"
        assert run["trades"][0]["average_price"] == "100"
        assert run["outcome"]["beyond"] == []

        assert (await here.post(f"{BASE}/run", wanted))["run"] is None
        assert (await here.get(STATUS))["needed"] is False
        assert await here.get(f"{BASE}/runs?account=main&limit=1") == {
            "account": "main", "items": [run],
        }  # fmt: skip
        for change in ("resume", "cancel"):
            problem = await here.post(f"{BASE}/runs/{run['id']}/{change}", {}, 409)
            assert problem["code"] == "run_state"


async def test_a_run_is_cancelled_over_http(tmp_path: Path) -> None:
    async with served(tmp_path, config(paper="latency_ms = 300")) as here:
        await here.day.engine.fleet.tried()
        await here.post(f"{BASE}/targets", TARGETS)
        run = (await here.post(f"{BASE}/run", {"account": "main"}))["run"]
        problem = await here.post(f"{BASE}/run", {"account": "main"}, 409)
        assert problem["code"] == "run_unfinished"
        assert run["id"] in problem["detail"]
        await here.post(f"{BASE}/runs/{run['id']}/cancel", {})
        assert (await ended(here, run["id"]))["state"] in {"failed", "done"}


async def test_every_fault_of_a_question_has_its_place(tmp_path: Path) -> None:
    async with served(tmp_path, config()) as here:
        for path, where in (
            (f"{STATUS}?account=nobody", "account"),
            (f"{STATUS}?book=portfolio", "book"),
            (f"{BASE}/runs?account=main&account=main", "account"),
            (f"{BASE}/runs?limit=0", "limit"),
            (f"{BASE}/runs?limit=ten", "limit"),
        ):
            problem = await here.get(path, 400)
            assert [each["path"] for each in problem["errors"]] == [where], path
        assert (await here.get(f"{BASE}/runs/none", 404))["code"] == "not_found"
        problem = await here.post(f"{BASE}/run", {"account": "main", "confirmed": True}, 400)
        assert problem["errors"][0]["path"] == "confirmed"
        problem = await here.post(f"{BASE}/preview", {"account": "main", "cash": "5"}, 400)
        assert problem["errors"][0]["path"] == "cash"
