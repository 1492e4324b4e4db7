"""Every page, as a person with a browser meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import expect

from daemon.web.menu import MENU
from tests.browser.stage import (
    CHROMIUM,
    DESKTOP,
    NARROW,
    PHONE,
    asked,
    name_of,
    order,
    person,
    yes,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.stage import Daemon, View

EMPTY = (
    "/orders?book=lone&side=sell",
    "/webhooks?strategy=lone",
    "/log?book=lone",
    "/netting?symbol=X",
)
QUESTIONS = ("cancel?strategy=momentum", "halt?scope=all", "net", "cancel?book=lone")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to look with"),
]


@pytest.mark.parametrize("view", [DESKTOP, PHONE, NARROW], ids=name_of)
def test_every_page_is_fit_to_be_looked_at(browser: Browser, daemon: Daemon, view: View) -> None:
    with person(browser, daemon, view) as who:
        who.log_in()
        order(who, "momentum", "3")
        who.look("webhook")
        who.page.click("#orders a")
        who.page.wait_for_url("**/orders/*")
        who.look("order")
        for path in MENU:
            who.go(path)
            expect(who.page.locator("h1")).to_have_count(1)
        if view is not DESKTOP:
            return
        for path in (*EMPTY, *(f"/ask/{question}" for question in QUESTIONS)):
            who.go(path)


@pytest.mark.parametrize("view", [DESKTOP, NARROW], ids=name_of)
def test_lists_show_what_somebody_chooses(browser: Browser, daemon: Daemon, view: View) -> None:
    with person(browser, daemon, view) as who:
        who.enter()
        for path, name, value in (
            ("/orders", "side", "sell"),
            ("/webhooks", "strategy", "lone"),
            ("/log", "level", "warning"),
        ):
            who.page.goto(daemon.url + path)
            who.page.select_option(f'form.filters [name="{name}"]', value)
            who.page.wait_for_url(f"**{path}?*{name}={value}*")
            expect(who.page.locator(f'form.filters [name="{name}"]')).to_have_value(value)


def test_all_is_done_by_keyboard_alone(browser: Browser, daemon: Daemon) -> None:
    with person(browser, daemon, DESKTOP) as who:
        page, keys = who.page, who.page.keyboard
        page.goto(daemon.url + "/strategies")
        expect(page.locator("input:focus")).to_be_visible()
        keys.type(daemon.token)
        keys.press("Enter")
        page.wait_for_selector("#strategy-dip")
        keys.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to content")
        keys.press("Enter")
        expect(page.locator("#main:focus")).to_be_visible()
        keys.press("Tab")
        halt = page.locator(":focus")
        expect(halt).to_have_text("Halt everything")
        keys.press("Enter")
        expect(page.locator("dialog[open]")).to_be_visible()
        for _ in range(6):
            keys.press("Tab")
            assert page.evaluate("!document.activeElement.closest('nav, .head, section')")
        keys.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(page.locator(":focus")).to_have_text("Halt everything")


def test_a_restart_is_seen_and_one_logs_in_again(browser: Browser, daemon: Daemon) -> None:
    with person(browser, daemon, DESKTOP) as who:
        who.enter()
        who.page.goto(daemon.url + "/strategies")
        expect(who.page.locator("#link.on")).to_be_visible()
        asked(who, "Halt everything")
        daemon.stop()
        yes(who)
        expect(who.page.locator("dialog output")).to_contain_text("It may have been done")
        who.page.keyboard.press("Escape")
        expect(who.page.locator("#stale")).to_contain_text("No connection to nettingd")
        who.look("stale")
        daemon.start()
        expect(who.page.locator("#token")).to_be_visible()
        who.faults.clear()  # as above
        who.page.fill("#token", daemon.token)
        who.page.press("#token", "Enter")
        who.page.wait_for_selector("#strategy-dip")


def test_a_fault_is_told_where_it_was_made_and_a_log_out_ends_it_all(
    browser: Browser, daemon: Daemon
) -> None:
    with person(browser, daemon, DESKTOP) as who:
        who.page.goto(daemon.url + "/log")
        who.page.fill("#token", "wrong")
        who.page.press("#token", "Enter")
        expect(who.page.get_by_role("alert")).to_contain_text("not the admin token")
        who.log_in()
        page = who.page
        page.goto(daemon.url + "/ask/order?strategy=dip&side=buy&symbol=TQQQ&qty=-1")
        page.click("form.question button:not([data-close])")
        expect(page.locator("output.fault")).to_contain_text("qty")
        page.goto(daemon.url + "/orders/nothing")
        who.faults.clear()  # a browser counts a refusal as an error on its console
        expect(page.locator("h1")).to_have_text("Nothing is here")
        who.look("fault")
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("#token")).to_be_visible()


def test_a_page_whose_session_has_ended_leads_to_the_login(
    browser: Browser, daemon: Daemon
) -> None:
    with person(browser, daemon, NARROW) as who, person(browser, daemon, DESKTOP) as other:
        for each in (who, other):
            each.enter()
        who.page.goto(daemon.url + "/log")
        expect(who.page.locator("#link.on")).to_be_visible()
        second = who.page.context.new_page()
        second.goto(daemon.url + "/netting")
        second.get_by_role("button", name="Log out").click()
        expect(second.locator("#token")).to_be_visible()
        order(other, "momentum", "1", "93")
        expect(who.page.locator("#token")).to_be_visible()
        who.faults.clear()  # as above


@pytest.mark.parametrize("view", [DESKTOP, PHONE], ids=name_of)
def test_a_closing_price_is_moved_and_shows_what_each_book_would_get(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    with person(browser, daemon, view) as who:
        who.log_in()
        order(who, "dips", "5")
        who.page.goto(daemon.url + "/order-book?of=main+TQQQ&view=next")
        page, slider = who.page, who.page.locator("#slider")
        page.click("form.filters button")
        page.wait_for_url("**/order-book?*")
        expect(page.locator("#sheet tbody tr")).to_have_count(3)
        slider.focus()
        page.keyboard.press("Home")
        expect(page.locator("#sheet tr[aria-current]")).to_contain_text("< $")
        page.keyboard.press("End")
        expect(page.locator("#sheet tr[aria-current]")).to_contain_text("> $")
        expect(page.locator("#ladder tr[aria-current]")).to_have_count(1)
        chart = page.locator("#chart svg")
        chart.click(position={"x": 0.5 * (chart.bounding_box() or {"width": 0})["width"], "y": 20})
        netted = "퉁치기 후" if view is PHONE else "after netting"
        expect(page.locator("#sheet tr[aria-current]")).to_contain_text(netted)
        price = slider.input_value()
        expect(page.locator("#outcome h2")).to_contain_text(price)
        expect(page.locator("#close")).to_have_value(price)
        page.fill("#close", "1")
        expect(page.locator("#sheet tr[aria-current]")).to_contain_text("< $")
        stops = page.locator("#stops details").first
        expect(stops.locator("table")).not_to_be_visible()
        stops.locator("summary").click()
        expect(stops.locator("tbody tr")).to_be_visible()
        who.look("order-book")
