"""A portfolio's targets are set, its plan looked at, its run followed, with a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import expect

from tests.browser.stage import (
    CHROMIUM,
    DESKTOP,
    NARROW,
    PHONE,
    Daemon,
    Person,
    View,
    person,
    running,
)
from tests.daemon.rebalancing.portfolios import config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to look with"),
]
SETTINGS = "/rebalancing?tab=settings"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    text = config(rebalancing="max_order_percent = 100", paper="latency_ms = 300")
    with running(tmp_path, f"[http]\nport = 0\n{text}") as process:
        yield process


def write(who: Person, kind: str, *rows: tuple[str, ...]) -> None:
    """Write rows, the first ones where there are some already; by keyboard alone."""
    page = who.page
    table = page.locator(f'[data-rows="{kind}"] > tr')
    for number, values in enumerate(rows):
        if number == table.count():
            page.locator(f'[data-add="{kind}"]').focus()
            page.keyboard.press("Enter")
        fields = table.nth(number).locator("input")
        for at, value in enumerate(values):
            fields.nth(at).fill(value)


@pytest.mark.parametrize("view", [DESKTOP, PHONE], ids=lambda view: view.name)
def test_targets_are_written_refused_mended_and_followed_to_their_end(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    with person(browser, daemon, view) as who:
        who.log_in()
        who.go(SETTINGS)
        page = who.page
        write(who, "mp", ("stocks", "70"), ("cash", "20"), ("bonds", ""))
        page.locator('[data-rows="mp"] > tr').nth(2).locator("[data-drop]").click()
        write(who, "sub_mp", ("AAA", "stocks", "50"), ("NOPE", "stocks", "50"))
        expect(page.locator("[data-sum]")).to_have_text("90")
        page.click("#targets button.main")
        refused = page.locator("#targets output.fault")
        expect(refused).to_contain_text(re.compile("mp: .*90.*100|mp: .*100.*90"))
        wrong = page.locator('#targets [aria-invalid="true"]')
        expect(wrong).to_have_count(1)
        expect(wrong).to_be_focused()
        expect(page.locator("[data-why]", has_text=re.compile(r"\w"))).to_have_count(1)
        who.look("targets refused")
        who.faults.clear()  # a browser counts a refusal as an error on its console

        write(who, "sub_mp", ("AAA", "stocks", "50"), ("AAA", "stocks", "50"))
        page.click("#targets button.main")
        expect(refused).to_contain_text("AAA")
        expect(page.locator("#settings tbody tr")).to_have_count(0)
        who.faults.clear()  # as above

        write(who, "mp", ("stocks", "80"))
        expect(page.locator("[data-sum]")).to_have_text("100")
        expect(page.locator("[data-sum].fault")).to_have_count(0)
        page.locator('[data-rows="sub_mp"] > tr').nth(1).locator("[data-drop]").click()
        write(who, "sub_mp", ("AAA", "stocks", "50"), ("BBB", "stocks", "50"))
        page.fill('#targets [name="by"]', "kim")
        page.press('#targets [name="by"]', "Enter")
        expect(page.locator("#settings tbody tr")).to_have_count(1)
        expect(page.locator("#settings")).to_contain_text("stocks 80 (AAA 50, BBB 50), cash 20")
        expect(page.locator("#settings .s-open")).to_be_visible()
        who.look("targets stored")

        limits = page.locator('form[data-api$="/config"]')
        limits.locator('[name="sub_mp_threshold_percent"]').fill("101")
        limits.locator("button").click()
        expect(limits.locator("output.fault")).to_contain_text("sub_mp_threshold_percent")
        who.faults.clear()  # as above
        limits.locator('[name="sub_mp_threshold_percent"]').fill("7.5")
        limits.locator("button").click()
        expect(limits.locator("output")).to_be_empty()
        page.reload()
        expect(limits.locator('[name="sub_mp_threshold_percent"]')).to_have_value("7.5")

        page.locator(".head a[data-ask]").first.click()
        expect(page.locator("dialog li").first).to_be_visible()
        who.look("plan")
        page.click("dialog form button:not([data-close])")
        expect(page.locator("#history .s-done")).to_be_visible()
        expect(page.locator("#history svg rect")).to_have_count(1)
        for tab in ("mp", "sub_mp", "settings"):
            who.go(f"/rebalancing?tab={tab}")


def test_a_run_that_waits_for_tomorrow_is_ended(browser: Browser, tmp_path: Path) -> None:
    two_days = config(rebalancing="max_order_percent = 100\nslices_days = 2")
    base = "/api/macro-trading/rebalancing"
    wanted = {"mp": {"stocks": 80, "cash": 20}, "sub_mp": {"stocks": {"AAA": 50, "BBB": 50}}}
    with running(tmp_path, f"[http]\nport = 0\n{two_days}") as daemon:
        daemon.post(f"{base}/targets", {"account": "main", **wanted})
        for runs, view in enumerate((DESKTOP, NARROW), start=1):
            daemon.post(f"{base}/run", {"account": "main"})
            with person(browser, daemon, view) as who:
                who.enter()
                page = who.page
                page.goto(daemon.url + "/rebalancing")
                expect(page.locator("#run .head")).to_contain_text("day 2 of 2")
                expect(page.locator("#run progress")).not_to_have_count(0)
                who.look("waits")
                page.locator("#run").get_by_role("button", name="Cancel", exact=True).click()
                expect(page.locator("dialog")).to_contain_text("End this run?")
                page.click("dialog form button:not([data-close])")
                expect(page.locator("#run .head")).to_have_count(0)
                expect(page.locator("#history tbody tr")).to_have_count(runs)


def test_a_run_that_sold_and_did_not_buy_is_let_go_on(browser: Browser, tmp_path: Path) -> None:
    in_pieces = config(
        rebalancing="max_order_percent = 100\nsell_timeout_seconds = 2", paper='fill = "partial"'
    )
    base = "/api/macro-trading/rebalancing"
    wanted = {"mp": {"stocks": 80, "cash": 20}, "sub_mp": {"stocks": {"BBB": 100}}}
    owned = {"id": "owner", "book": "portfolio", "asset": "AAA", "amount": "600", "price": "100"}
    with running(tmp_path, f"[http]\nport = 0\n[reconcile]\nseconds = 1\n{in_pieces}") as daemon:
        with person(browser, daemon, DESKTOP) as who:
            who.enter()
            who.page.goto(daemon.url + "/accounts")
            account = who.page.locator("#account-main")
            expect(account).to_contain_text("connected")
            daemon.post("/api/paper/main/adjust", {"id": "gift", "asset": "AAA", "amount": "600"})
            expect(account.locator(".need", has_text="AAA")).to_be_visible()
        daemon.post("/api/ledger/assign", owned)
        daemon.post(f"{base}/targets", {"account": "main", **wanted})
        daemon.post(f"{base}/run", {"account": "main"})
        for view in (DESKTOP, NARROW):
            with person(browser, daemon, view) as who:
                who.enter()
                page = who.page
                page.goto(daemon.url + "/rebalancing")
                go_on = page.locator("#run").get_by_role("button", name="Resume", exact=True)
                expect(go_on).to_be_visible()
                who.look("stopped")
                bought = page.locator("#run tbody tr", has_text="BBB")
                before = bought.count()
                go_on.click()
                expect(page.locator("dialog")).to_contain_text("Let the run go on")
                page.click("dialog form button:not([data-close])")
                expect(bought).to_have_count(before + 1)
