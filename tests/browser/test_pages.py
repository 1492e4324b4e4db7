"""Every page and every action, as a person with a browser meets them."""

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
    WIDE,
    Daemon,
    Person,
    View,
    person,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

RESTING = {"order_type": "LIMIT", "symbol": "005930", "side": "buy", "qty": "1", "price": "69000"}
GIFTS = {DESKTOP: "SOXL", NARROW: "TNA"}
"""What the account had before, and somebody has to say whose it is."""
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


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("daemon")) as process:
        for asset in GIFTS.values():
            process.post("/api/paper/main/adjust", {"id": asset, "asset": asset, "amount": "4"})
        yield process


def name_of(view: View) -> str:
    return view.name


def asked(who: Person, label: str, within: str = "#main") -> None:
    """Press what opens a question, and wait for it."""
    who.page.locator(within).get_by_role("button", name=label, exact=True).click()
    expect(who.page.locator("dialog")).to_be_visible()


def yes(who: Person) -> None:
    who.page.click("dialog form button:not([data-close])")


def looked_at(who: Person, label: str, within: str = "#main") -> None:
    """Open a question, and leave it."""
    asked(who, label, within)
    who.page.click("dialog [data-close]")
    expect(who.page.locator("dialog")).not_to_be_visible()


def order(who: Person, strategy: str, quantity: str, price: str = "") -> str:
    """Try an order by the form; return the address of the webhook it became."""
    page = who.page
    who.page.goto(who.daemon.url + "/webhooks")
    page.select_option('form[data-ask] [name="strategy"]', strategy)
    page.fill('form[data-ask] [name="symbol"]', "TQQQ")
    page.fill('form[data-ask] [name="qty"]', quantity)
    if price:
        page.select_option('form[data-ask] [name="order_type"]', "LIMIT")
        page.fill('form[data-ask] [name="price"]', price)
    page.press('form[data-ask] [name="price"]', "Enter")
    expect(page.locator("dialog")).to_be_visible()
    page.click("dialog form button:not([data-close])")
    page.wait_for_url("**/webhooks/*")
    return page.url


@pytest.mark.parametrize("view", [DESKTOP, PHONE, NARROW, WIDE], ids=name_of)
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
        expect(need).to_be_visible(timeout=15_000)
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
