"""Rebalancing: bars, limits, the plan before its run, live progress, history; in two languages."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING, Any

from algorithms.rebalancing.drift import Drift
from daemon.web.rebalancing import Rest, bars, rests, rows
from tests.daemon.rebalancing.portfolios import config
from tests.support.served import Served, served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

BASE = "/api/macro-trading/rebalancing"
TARGETS = {"mp": {"stocks": 80, "cash": 20}, "sub_mp": {"stocks": {"AAA": 50, "BBB": 50}}}
KOREAN = "ko-KR,ko;q=0.9"


async def answered(here: Served, path: str) -> Any:  # noqa: ANN401 - a document
    """Say yes to a question, as the script does."""
    html = await here.page(path)
    (api,) = re.findall(r'<form class="question" data-api="([^"]*)"', html)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))
    return await here.post(api, {key: unescape(value) for key, value in fields.items()})


async def over(here: Served, run_id: str) -> None:
    for _ in range(3000):
        if (await here.get(f"{BASE}/runs/{run_id}"))["ended_at"] is not None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the run never ended")


async def test_from_targets_to_history(tmp_path: Path) -> None:
    async with served(tmp_path, config(rebalancing="max_order_percent = 30")) as here:
        assert "no targets are in force" in await here.page("/rebalancing")
        await here.post(f"{BASE}/targets", {"account": "main", "by": "kim", **TARGETS})

        html = await here.page("/rebalancing?tab=mp")
        assert '<rect class="now" width="0"' in html
        assert '<rect class="goal" y="5.5" width="80"' in html
        assert "over its limit" in html
        assert "kim" in html
        assert "AAA" not in html
        html = await here.page("/rebalancing?tab=sub_mp")
        assert "stocks, percent of its class" in html
        assert "AAA" in html
        korean = await here.page("/rebalancing?tab=sub_mp", KOREAN)
        assert "자산군 내 %" in korean
        assert "리밸런싱 관리" in korean

        today = await here.page("/")
        assert 'needed: stocks <span class="num">+80</span>' in today

        question = await here.page("/ask/rebalance?account=main")
        assert "Place 2 orders?" in question
        assert "buy 400 AAA · 100.01" in question
        told = await answered(here, "/ask/rebalance?account=main")
        await over(here, told["run"]["id"])
        html = await here.page("/rebalancing?tab=settings")
        assert '<svg class="errors"' in html
        assert "not needed" in await here.page("/")
        assert '<td class="wide">page</td>' in html
        assert "nothing to do" in await here.page("/ask/rebalance?account=main")


async def test_limits_and_targets_are_edited_where_the_settings_are(tmp_path: Path) -> None:
    async with served(tmp_path, config()) as here:
        await here.post(f"{BASE}/targets", {"account": "main", **TARGETS})
        html = await here.page("/rebalancing?tab=settings")
        assert f'<form data-api="{BASE}/config"' in html
        assert 'name="mp_threshold_percent" inputmode="decimal" required value="3"' in html
        assert f'<form id="targets" class="edit" data-api="{BASE}/targets"' in html
        assert 'data-field="name" value="AAA"' in html
        assert "<span data-sum>100</span>" in html
        assert "stocks 80 (AAA 50, BBB 50), cash 20" in html
        assert "in force" in html
        await here.post(f"{BASE}/config", {"mp_threshold_percent": "90"})
        html = await here.page("/rebalancing?tab=settings")
        assert 'name="mp_threshold_percent" inputmode="decimal" required value="90"' in html


async def test_a_run_is_followed_and_ended_from_the_page(tmp_path: Path) -> None:
    async with served(tmp_path, config(paper="latency_ms = 500")) as here:
        await here.day.engine.fleet.tried()
        await here.post(f"{BASE}/targets", {"account": "main", **TARGETS})
        run = (await here.post(f"{BASE}/run", {"account": "main"}))["run"]
        html = await here.page("/rebalancing")
        assert '<progress max="400" value="0" aria-label="AAA"' in html
        assert f"/ask/cancel_run?id={run['id']}" in html
        assert "End this run?" in await here.page(f"/ask/cancel_run?id={run['id']}")
        await answered(here, f"/ask/cancel_run?id={run['id']}")
        await over(here, run["id"])
        assert "Let the run go on" in await here.page(f"/ask/resume_run?id={run['id']}")


async def test_without_a_portfolio_book_the_page_says_what_is_missing(tmp_path: Path) -> None:
    async with served(tmp_path, THREE_BOOKS) as here:
        assert "No account has a portfolio book" in await here.page("/rebalancing")


async def test_what_stands_against_a_plan_is_told_before_a_run(tmp_path: Path) -> None:
    async with served(tmp_path, config(book='symbols = ["AAA"]')) as here:
        await here.post(f"{BASE}/targets", {"account": "main", **TARGETS})
        html = await here.page("/ask/rebalance?account=main")
        assert "not feasible" in html
        assert "BBB: portfolio may not trade it" in html
        assert 'data-api=""' in html
        assert "BBB: portfolio may not trade it" in await here.page("/rebalancing")


def test_drifts_are_drawn_from_the_middle_with_their_limits() -> None:
    drifts = {
        "short": Drift(Decimal(60), Decimal(50), Decimal(100)),
        "long": Drift(Decimal(10), Decimal(12), Decimal(100)),
    }
    short, long = rows(drifts, Decimal(3))
    assert (short.begin, short.wide, short.is_over) == ("50", "50", True)
    assert (long.begin, long.wide, long.is_over) == ("40", "10", False)
    assert (short.band, short.band_wide) == ("35", "30")


def test_the_largest_tracking_error_is_as_high_as_the_picture() -> None:
    runs: list[Any] = [
        {"outcome": {"tracking_error": "1"}}, {"outcome": {}}, {"outcome": {"tracking_error": "4"}},
    ]  # fmt: skip
    first, last = bars(runs)
    assert (first.height, first.y, first.x) == ("48", "0", "0")
    assert (last.height, last.y) == ("12", "36")


def test_what_a_run_has_left_over_is_listed_what_did_not_fill_first() -> None:
    row = {"action": "sell", "quantity": "3", "ticker": "AAA", "reason": "not filled in time"}
    odd = {"action": "buy", "quantity": "0.5", "ticker": "BBB", "reason": "below_one_lot"}
    run: Any = {"outcome": {"left": [odd], "unfilled": [row]}}
    assert rests(run) == [
        Rest("sell", "3", "AAA", "not filled in time"),
        Rest("buy", "0.5", "BBB", "below_one_lot"),
    ]
    assert rests({"outcome": {}}) == []  # type: ignore[typeddict-item]
