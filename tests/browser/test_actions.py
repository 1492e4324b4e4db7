"""Every action of the pages, as a person with a browser does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from playwright.sync_api import expect

from tests.browser.stage import (
    CHROMIUM,
    DESKTOP,
    GIFTS,
    NARROW,
    PHONE,
    WIDE,
    asked,
    looked_at,
    name_of,
    order,
    person,
    yes,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.stage import Daemon, View

RESTING = {"order_type": "LIMIT", "symbol": "005930", "side": "buy", "qty": "1", "price": "69000"}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to look with"),
]


@pytest.mark.parametrize(("view", "far"), [(DESKTOP, PHONE), (NARROW, WIDE)], ids=name_of)
def test_a_strategy_is_halted_seen_at_once_elsewhere_and_resumed(
    browser: Browser, daemon: Daemon, view: View, far: View
) -> None:
    with person(browser, daemon, view) as who, person(browser, daemon, far) as other:
        for each in (who, other):
            each.enter()
        other.page.goto(daemon.url + "/")
        who.page.goto(daemon.url + "/strategies")
        halt = who.page.locator("#strategy-dip .head").get_by_role("button", name="Halt")
        halt.focus()
        who.page.keyboard.press("Space")
        who.page.fill('dialog [name="reason"]', "odd fills")
        who.look("halt")
        who.page.click("dialog .danger")
        expect(who.page.locator("#said")).to_contain_text("Halted: strategy dip.")
        expect(who.page.locator("#strategy-dip .head .s-halted")).to_be_visible()
        need = other.page.locator("#needs .need", has_text="odd fills")
        expect(need).to_be_visible()
        need.get_by_role("button").click()
        other.page.click("dialog button.main")
        expect(need).to_have_count(0)
        asked(who, "Halt everything")
        yes(who)
        asked(who, "Resume everything")
        yes(who)
        expect(who.page.locator("#everything")).to_contain_text("Halt everything")


@pytest.mark.parametrize("view", [DESKTOP, NARROW], ids=name_of)
def test_orders_are_placed_shown_and_cancelled_after_a_look_at_what_ends(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    with person(browser, daemon, view) as who:
        who.enter()
        order(who, "dip", "7", "91")
        who.page.goto(daemon.url + "/orders?book=dip")
        expect(who.page.locator("#orders tbody tr", has_text="momentum")).to_have_count(0)
        row = who.page.locator("#live tr", has_text="dip")
        expect(row).to_have_count(1)
        row.get_by_role("button", name="Cancel").click()
        ends = who.page.locator("dialog li", has_text="main / dip: buy 7 TQQQ LIMIT, at the broker")
        expect(ends).to_be_visible()
        who.look("cancel")
        who.page.keyboard.press("Escape")
        expect(row).to_have_count(1)
        row.get_by_role("button", name="Cancel").click()
        yes(who)
        who.page.wait_for_url("**/webhooks/*")
        slow = {"symbol": "TQQQ", "side": "buy", "qty": "3", "order_type": "TWAP"}
        slices = {"slices": 3, "minutes": 600, "id": f"slow {view.name}"}
        daemon.post("/api/orders", {"strategy": "dip", **slow, **slices})
        who.page.goto(daemon.url + "/orders?book=dip")
        who.page.locator("#live tr", has_text="TWAP").locator("a").first.click()
        expect(who.page.locator("#main")).to_contain_text("Next slice")
        who.look("twap")
        asked(who, "Cancel")
        yes(who)
        who.page.wait_for_url("**/webhooks/*")
        for label, within in (
            ("Cancel all", ".head"),
            ("Cancel", ".scroll[aria-labelledby=title-dip]"),
        ):
            order(who, "dip", "7", "91")
            who.page.goto(daemon.url + "/strategies")
            asked(who, label, f"#strategy-dip {within}")
            expect(ends).to_be_visible()
            yes(who)
            who.page.wait_for_url("**/webhooks/*")
        who.page.goto(daemon.url + "/orders")
        expect(who.page.locator("#live tr", has_text="dip")).to_have_count(0)
        who.page.goto(daemon.url + "/netting")
        asked(who, "Net now")
        expect(who.page.locator("dialog")).to_contain_text("nothing to cross")


@pytest.mark.parametrize("view", [DESKTOP, PHONE], ids=name_of)
def test_what_a_halt_kept_apart_is_crossed_and_seen_once_it_is_resumed(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    net, nothing, done = "Net now", "nothing to cross", "done"
    if view is PHONE:
        net, nothing, done = "지금 상계", "상계할 것이 없습니다", "완료"
    slow = {"symbol": "TQQQ", "qty": "3", "order_type": "TWAP", "slices": 2, "minutes": 600}
    dip = {"scope": "book", "name": "dip"}
    with person(browser, daemon, view) as who:
        who.enter()
        page = who.page
        bought = {"symbol": "TQQQ", "side": "buy", "qty": "3", "order_type": "MARKET"}
        daemon.post("/api/orders", {"strategy": "momentum", "id": f"{view.name} 1", **bought})
        page.goto(daemon.url + "/orders")
        latest = page.locator("#all tbody tr").first
        expect(latest).to_contain_text("momentum")
        expect(latest).to_contain_text(done)
        page.goto(daemon.url + "/netting")
        pairs = page.locator("#pairs tbody tr")
        before = pairs.count()
        buying = {"strategy": "dip", "side": "buy", "id": f"{view.name} 3", **slow}
        daemon.post("/api/orders", buying)
        daemon.post("/api/halt", {**dip, "reason": "odd fills"})
        selling = {"strategy": "momentum", "side": "sell", "id": f"{view.name} 2", **slow}
        daemon.post("/api/orders", selling)
        asked(who, net)
        expect(page.locator("dialog")).to_contain_text(nothing)
        page.click("dialog [data-close]")
        daemon.post("/api/resume", dip)
        expect(pairs).to_have_count(before + 1)
        who.look("netted")


@pytest.mark.parametrize("view", [DESKTOP, NARROW], ids=name_of)
def test_what_a_price_kept_apart_is_crossed_by_a_click(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    def trade(strategy: str, side: str, **more: object) -> None:
        what = {"strategy": strategy, "side": side, "symbol": "UPRO", "qty": 1}
        daemon.post("/api/orders", {**what, "id": f"{view.name} {side} {more}", **more})

    def costs(price: str, name: str) -> None:
        what = {"id": f"{view.name} {name}", "symbol": "UPRO", "price": price}
        daemon.post("/api/paper/main/price", what)

    slow = {"order_type": "TWAP", "slices": 2, "minutes": 600}
    with person(browser, daemon, view) as who:
        who.enter()
        page = who.page
        trade("momentum", "buy", order_type="MARKET")
        page.goto(daemon.url + "/orders?symbol=UPRO")
        expect(page.locator("#all tbody tr").first).to_contain_text("done")
        page.goto(daemon.url + "/netting")
        pairs = page.locator("#pairs tbody tr", has_text="UPRO")
        before = pairs.count()
        costs("120", "far")
        trade("momentum", "sell", **slow)
        trade("dip", "buy", **slow)
        asked(who, "Net now")
        dialog, said = page.locator("dialog"), page.locator("#said")
        expect(dialog).to_contain_text("not netted, the price is too far from the previous close")
        who.look("not netted")
        page.click("dialog [data-close]")
        costs("80", "near")
        asked(who, "Net now")
        expect(dialog).to_contain_text("main: 1 UPRO, price 80")
        costs("120", "away")
        yes(who)
        expect(said).to_contain_text("Nothing was crossed")
        costs("80", "back")
        asked(who, "Net now")
        expect(dialog).to_contain_text("Cross 1 pair now?")
        who.look("net now")
        yes(who)
        expect(said).to_have_text("Pairs crossed: 1.")
        expect(pairs).to_have_count(before + 1)


@pytest.mark.parametrize("view", [PHONE, WIDE], ids=name_of)
def test_an_order_waits_for_a_yes_and_a_dropped_webhook_is_replayed(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    with person(browser, daemon, view) as who:
        who.enter()
        who.page.goto(daemon.url + "/")
        waiting = who.page.locator("#needs .need", has_text="careful 승인 대기")
        before = waiting.count()
        address = order(who, "careful", "1", "92")
        replay, approve, reject = "다시 실행", "승인", "거절"
        looked_at_late = f"/webhooks/{daemon.drop_copy_of(address.rpartition('/')[2])}"
        for path, within in (("/webhooks", "#requests"), (looked_at_late, "#head")):
            who.page.goto(daemon.url + path)
            looked_at(who, replay, within)
        order(who, "careful", "2", "92")
        who.page.goto(daemon.url + "/orders?book=careful")
        for label in (approve, reject):
            looked_at(who, label, "#live tbody tr:first-child")
        who.page.locator("#live tbody a").first.click()
        who.page.wait_for_url("**/orders/*")
        for label in (approve, reject):
            looked_at(who, label, "#head")
        who.page.goto(daemon.url + "/")
        expect(waiting).to_have_count(before + 2)
        who.look("waiting")
        waiting.first.get_by_role("button", name=approve).click()
        who.page.click("dialog button.main")
        expect(waiting).to_have_count(before + 1)
        waiting.first.get_by_role("button", name=reject).click()
        who.page.click("dialog button.danger")
        expect(waiting).to_have_count(before)
        dropped = who.page.locator("#needs .need", has_text="너무 늦게")
        dropped.first.get_by_role("button").click()
        who.look("replay")
        who.page.click("dialog button.danger")
        who.page.wait_for_url("**/webhooks/*")
        who.page.goto(daemon.url + "/")
        expect(dropped).to_have_count(0)


@pytest.mark.parametrize("view", [DESKTOP, PHONE], ids=name_of)
def test_alarms_go_when_they_have_been_seen_one_or_all_and_the_log_says_so(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    one, every = "Mark as seen", "Mark all alarms as seen"
    if view is PHONE:
        one, every = "확인함", "경보 모두 확인함"
    with person(browser, daemon, view) as who:
        who.enter()
        daemon.raise_alarms(3)
        who.go("/")
        page, alarms = who.page, who.page.locator("#needs .need", has_text="no sum")
        expect(alarms).to_have_count(3)
        alarms.nth(1).get_by_role("button", name=one).focus()
        page.keyboard.press("Enter")
        expect(alarms).to_have_count(2)
        expect(page.locator("#needs :focus")).to_have_count(1)
        page.get_by_role("button", name=every).click()
        expect(alarms).to_have_count(0)
        page.goto(daemon.url + "/log?level=alarm")
        seen = page.locator("#log li", has_text="(page)")
        assert seen.count() >= 3
        who.look("log-seen")


@pytest.mark.parametrize("view", [DESKTOP, NARROW], ids=name_of)
def test_what_only_a_person_can_know_is_settled_where_it_is_seen(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    def lost(key: str) -> None:
        daemon.post("/api/orders", {"strategy": "lone", "id": f"{view.name} {key}", **RESTING})
        for _ in range(5):  # the daemon may just be asking the broker, and find it
            daemon.forget_answer_of("lone")
            who.page.goto(daemon.url + "/")
            if unknown.count():
                return

    with person(browser, daemon, view) as who:
        who.enter()
        unknown = who.page.locator("#needs .need", has_text="lone: nobody knows yet")
        lost("first")
        asked(who, "It is at the broker", "#needs")
        who.look("found")
        number = who.page.locator("dialog datalist option").first.get_attribute("value") or ""
        who.page.fill('dialog [name="broker_order_id"]', "999")
        yes(who)
        expect(who.page.locator("dialog output.fault")).to_contain_text("no such order under 999")
        who.faults.clear()  # a browser counts a refusal as an error on its console
        who.page.fill('dialog [name="broker_order_id"]', number)
        yes(who)
        expect(unknown).to_have_count(0)
        lost("second")
        looked_at(who, "It was never there", "#needs")
        unknown.locator("a").first.click()
        who.page.wait_for_url("**/orders/*")
        looked_at(who, "It is at the broker")
        asked(who, "It was never there")
        who.look("absent")
        yes(who)
        expect(who.page.locator("#children .s-rejected")).to_be_visible()


@pytest.mark.parametrize("view", [DESKTOP, NARROW], ids=name_of)
def test_an_account_is_halted_and_what_it_had_before_gets_an_owner(
    browser: Browser, daemon: Daemon, view: View
) -> None:
    with person(browser, daemon, view) as who:
        who.enter()
        page, gift = who.page, GIFTS[view]
        page.goto(daemon.url + "/accounts")
        asked(who, "Halt", "#account-second")
        yes(who)
        expect(page.locator("#account-second .s-halted")).to_be_visible()
        asked(who, "Resume", "#account-second")
        yes(who)
        expect(page.locator("#account-second .s-halted")).to_have_count(0)
        page.goto(daemon.url + "/")
        need = page.locator(f"#needs .need:has-text('{gift}')")
        expect(need).to_be_visible()
        looked_at(who, "Assign", f"#needs .need:has-text('{gift}')")
        page.goto(daemon.url + "/accounts")
        asked(who, "Assign", f"#account-main .need:has-text('{gift}')")
        who.look("assign")
        page.select_option('dialog [name="book"]', "careful")
        page.fill('dialog [name="price"]', "50")
        yes(who)
        books = page.locator("#account-main table")
        expect(books).to_contain_text(f"4 {gift}")
        expect(need).to_have_count(0)
