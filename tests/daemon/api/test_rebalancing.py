"""Thresholds and targets are set over HTTP, and previews go by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.algorithms.rebalancing.houses import CASES, named
from tests.daemon.api.test_rebalancing_preview import body_of_drift, body_of_targets
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path

BASE = "/api/macro-trading/rebalancing"
GOOD = {
    "account": "main",
    "mp": {"stocks": 60, "cash": "40.00"},
    "sub_mp": {"stocks": {"tqqq": 70, "SOXL": 30}},
}


async def test_the_published_cases_hold(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        for case in CASES:
            if "current" in case:
                plan = await here.post(f"{BASE}/preview", body_of_drift(case))
                assert plan["mp_drift"] == case["mp_drift"]
                assert plan["needed"] is case["needed"]
        plan = await here.post(f"{BASE}/preview", body_of_targets())
        expected = named("target quantities and net trades")
        assert {t: int(units) for t, units in plan["target"].items()} == expected["target"]
        assert {t: int(units) for t, units in plan["net_trade"].items()} == expected["net_trade"]
        for row in named("tick follows the instrument")["prices"]:
            body = {
                "cash": 10_000_000,
                "prices": {row["ticker"]: row["price"]},
                "instruments": {row["ticker"]: {"type": row["type"]}},
                "mp": {"one": 100},
                "sub_mp": {"one": {row["ticker"]: 100}},
            }
            (order,) = (await here.post(f"{BASE}/preview", body))["buy_orders"]
            assert order["limit_price"] == str(row["buy_limit"])


async def test_thresholds_are_changed_one_by_one_and_kept(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        first = await here.get(f"{BASE}/config")
        assert first == {
            "mp_threshold_percent": "3",
            "sub_mp_threshold_percent": "5",
            "updated_at": None,
        }
        changed = await here.post(f"{BASE}/config", {"mp_threshold_percent": "2.50"})
        assert changed["mp_threshold_percent"] == "2.5"
        assert changed["sub_mp_threshold_percent"] == "5"
        assert changed["updated_at"] is not None
        changed = await here.post(f"{BASE}/config", {"sub_mp_threshold_percent": 100})
        assert await here.get(f"{BASE}/config") == changed
        assert changed["mp_threshold_percent"] == "2.5"


async def test_a_preview_without_thresholds_goes_by_the_stored_ones(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        body = body_of_targets()
        assert (await here.post(f"{BASE}/preview", body))["needed"] is True
        wide = {"mp_threshold_percent": 100, "sub_mp_threshold_percent": 100}
        await here.post(f"{BASE}/config", wide)
        kept = {**body, "keep": ["Z"], "equity": None}
        assert (await here.post(f"{BASE}/preview", kept))["needed"] is False
        narrow = {**kept, "thresholds": {"sub_mp": 5}}
        assert (await here.post(f"{BASE}/preview", narrow))["needed"] is True


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, ["mp_threshold_percent"]),
        ({"mp_threshold_percent": -1}, ["mp_threshold_percent"]),
        ({"sub_mp_threshold_percent": "101", "x": 1}, ["sub_mp_threshold_percent", "x"]),
    ],
)
async def test_thresholds_that_are_none_are_refused(
    body: dict[str, object], paths: list[str], tmp_path: Path
) -> None:
    async with served(tmp_path) as here:
        told = await here.post(f"{BASE}/config", body, status=400)
        assert [fault["path"] for fault in told["errors"]] == paths


async def test_targets_are_kept_with_who_set_them_and_when(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        nothing = await here.get(f"{BASE}/targets?account=main")
        assert nothing == {"account": "main", "targets": None, "history": []}
        first = await here.post(f"{BASE}/targets", GOOD)
        assert first["mp"] == {"stocks": "60", "cash": "40"}
        assert first["sub_mp"] == {"stocks": {"TQQQ": "70", "SOXL": "30"}}
        assert first["by"] == "admin"
        cash = {"account": "main", "mp": {"cash": 100}, "by": "the analyst"}
        second = await here.post(f"{BASE}/targets", cash)
        told = await here.get(f"{BASE}/targets?account=main")
        assert told == {"account": "main", "targets": second, "history": [second, first]}


def faults(told: dict[str, Any]) -> list[str]:
    return [f"{fault['path']}: {fault['message']}" for fault in told["errors"]]


async def test_everything_that_is_wrong_with_targets_is_told_at_once(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        bad = {
            "account": "main",
            "mp": {"stocks": 70, "bonds": 20},
            "sub_mp": {"stocks": {"TQQQ": 50, "tqqq": 50, "NOSUCH": 50}},
        }
        told = faults(await here.post(f"{BASE}/targets", bad, status=400))
        assert "mp: the weights sum to 90, not to 100" in told
        assert "mp.bonds: weight 20 but no Sub-MP of this class" in told
        assert "sub_mp.stocks.tqqq: TQQQ is there twice" in told
        assert "sub_mp.stocks.NOSUCH: the broker of main does not trade it" in told
        told = faults(await here.post(f"{BASE}/targets", {**GOOD, "account": "x"}, status=400))
        assert told == ["account: must be the name of a configured account"]
        many = {"account": "main", "mp": {"a": 100}, "sub_mp": {"a": {}}}
        many["sub_mp"] = {"a": {f"T{number}": "0.04" for number in range(2500)}}
        told = faults(await here.post(f"{BASE}/targets", many, status=400))
        assert told == ["sub_mp: more than 2000 tickers"]
        assert (await here.get(f"{BASE}/targets?account=main"))["history"] == []


@pytest.mark.parametrize("query", ["", "?account=nobody", "?account=main&account=main"])
async def test_targets_are_those_of_one_account(query: str, tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        told = await here.get(f"{BASE}/targets{query}", status=400)
        assert [fault["path"] for fault in told["errors"]] == ["account"]
        told = await here.get(f"{BASE}/targets?account=main&x=1", status=400)
        assert [fault["path"] for fault in told["errors"]] == ["x"]
