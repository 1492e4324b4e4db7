"""A running daemon and a browser that looks at it, for tests that see what people see."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from adapters.clock import SystemClock
from daemon.ids import id_before
from daemon.storage.rows import to_us
from tests.browser.controls import CONTROLS, WATCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, Page, Request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
PATIENCE_MS = 60_000
"""How long anything may take to be seen: a busy machine fails no test."""
expect.set_options(timeout=PATIENCE_MS)
AXE = Axe().axe_script
SERIOUS = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations
        .filter((each) => ["serious", "critical"].includes(each.impact))
        .map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 120)}`);
}"""
SCREENS = os.environ.get("SCREENS_DIR")
"""A folder: every page that is looked at leaves its picture there."""
CONFIG = """
[http]
port = 0
[reconcile]
seconds = 2
[webhook]
wait_seconds = 1
[accounts.main]
market = "24/7"
currency = "USD"
commission_percent = "0.25"
[accounts.main.paper]
prices = { TQQQ = "100", SOXL = "50", UPRO = "80", TNA = "40" }
[accounts.second]
market = "24/7"
currency = "KRW"
[accounts.second.paper]
client_order_ids = false
prices = { "005930" = "70000" }
[accounts.mute]
market = "24/7"
currency = "USD"
[accounts.mute.paper]
prices = { TQQQ = "100" }
faults = { server_error = 1 }
[strategies.momentum]
[strategies.dip]
[strategies.careful]
[strategies.lone]
[books.momentum]
strategy = "momentum"
account = "main"
capital = "100000"
[books.dip]
strategy = "dip"
account = "main"
capital = "100000"
[books.careful]
strategy = "careful"
account = "main"
capital = "100000"
mode = "approve"
[strategies.dips]
[books.dips]
strategy = "dips"
account = "main"
symbols = ["TQQQ"]
capital = "100000"
[books.dips.rule]
type = "dip_loc"
budget = "2000"
buy_percent = 2
tp_percent = 1
sl_percent = 20
spread = { step = 1, floor_percent = 10 }
[books.lone]
strategy = "lone"
account = "second"
capital = "10000000"
[instruments.TQQQ]
lot = 1
[[jobs]]
run = "reconcile"
at = ["09:00", "15:00", "21:00"]
"""


SIDEWAYS = """() => [...document.querySelectorAll(".scroll")]
    .filter((each) => each.scrollWidth > each.clientWidth)
    .map((each) => `${each.scrollWidth} px of table in ${each.clientWidth}`)"""
"""Tells which tables must be moved sideways to be read."""


@dataclass(frozen=True, slots=True)
class View:
    """How somebody looks: the size of the window, light or dark, the language.

    ``closely``: with axe, which takes longest. Both sizes and both schemes have it.
    """

    name: str
    width: int
    height: int
    scheme: str
    language: str
    closely: bool = True


DESKTOP = View("desktop", 1280, 850, "light", "en-US")
PHONE = View("phone", 360, 780, "dark", "ko-KR")
NARROW = View("narrow", 360, 780, "light", "en-US", closely=False)
WIDE = View("wide", 1280, 850, "dark", "ko-KR", closely=False)


class Daemon:
    """The process under test, and what happens to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.url = "http://127.0.0.1:0"

    @property
    def token(self) -> str:
        return (self._folder / "data" / "admin.token").read_text().strip()

    def start(self) -> None:
        """Run it as people do, at the address it had before if there was one."""
        config, log = self._folder / "config.toml", self._folder / "log"
        command = [sys.executable, "-m", "daemon", "run", "--config", str(config)]
        with log.open("a") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "NETTINGD_HTTP__PORT": str(urlsplit(self.url).port)},
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        found = re.search(r"ready (\S+)", said)
        assert found, (said, log.read_text())
        self.url = found[1]

    def stop(self) -> None:
        if self._process is not None:
            with self._process as process:
                process.send_signal(signal.SIGTERM)
                process.wait(60)

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, str]:
        """Do something as a program with the admin token does."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - ours
            told: dict[str, str] = json.loads(answer.read())
            return told

    def drop_copy_of(self, request_id: str) -> str:
        """Put a webhook into the database that came too late; return its id."""
        copy = request_id[:-1] + ("0" if request_id[-1] != "0" else "1")
        with self._database() as database:
            database.execute(
                "INSERT INTO requests SELECT ?, strategy, source, ?, body_hash, body, cancels, "
                "0, refusals, received_at, 'dropped', deadline, http_status, answer, finished_at "
                "FROM requests WHERE id = ?",
                (copy, f"copy of {request_id}", request_id),
            )
        return copy

    def forget_answer_of(self, book: str) -> None:
        """Make the newest order of a book one whose answer never came."""
        with self._database() as database:
            database.execute(
                "UPDATE child_orders SET state = 'unknown', broker_order_id = NULL WHERE id = "
                "(SELECT MAX(id) FROM child_orders WHERE book = ? AND state = 'open')",
                (book,),
            )

    def raise_alarms(self, count: int) -> None:
        """Put alarms into the database, as if they had just been raised."""
        now = SystemClock().now()
        with self._database() as database:
            database.executemany(
                "INSERT INTO notices (id, at, level, code, params) "
                "VALUES (?, ?, 'alarm', 'invariant_broken', ?)",
                [
                    (
                        f"{id_before(now)[:-1]}{number}",
                        to_us(now),
                        json.dumps({"number": str(number), "text": "no sum"}),
                    )
                    for number in range(count)
                ],
            )

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        path = self._folder / "data" / "nettingd.db"
        with closing(sqlite3.connect(path, timeout=60)) as database, database:
            yield database


@contextmanager
def running(folder: Path, text: str = CONFIG) -> Iterator[Daemon]:
    """Run a daemon as long as it is needed."""
    (folder / "config.toml").write_text(text)
    daemon = Daemon(folder)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()


@dataclass
class Person:
    """Somebody with a browser. ``faults``: what a page did that it must not.

    ``question``: what they were asked last.
    """

    page: Page
    daemon: Daemon
    view: View
    faults: list[str] = field(default_factory=list)
    question: str = ""

    def go(self, path: str) -> None:
        """Open a page, look at it closely, and leave a picture."""
        self.page.goto(self.daemon.url + path)
        self.look(path)

    def look(self, name: str) -> None:
        """Note what is wrong with what is shown now."""
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > self.view.width:
            self.faults.append(f"{name}: {width} px wide")
        self.faults += [f"{name}: {each}" for each in self.page.evaluate(SIDEWAYS)]
        if self.view.closely:
            if self.page.evaluate("typeof axe === 'undefined'"):
                self.page.evaluate(AXE)
            self.faults += [f"{name}: {each}" for each in self.page.evaluate(SERIOUS)]
        if SCREENS:
            file = re.sub(r"\W+", "-", name).strip("-") or "today"
            folder = Path(SCREENS) / self.view.name
            self.page.screenshot(path=folder / f"{file[:60]}.png", full_page=True)

    def enter(self) -> None:
        """Have a session, however it was begun."""
        context = self.page.context
        assert context.request.post(
            self.daemon.url + "/login", data={"token": self.daemon.token}
        ).ok

    def log_in(self) -> None:
        """Begin a session as people do."""
        self.page.goto(self.daemon.url + "/")
        self.look("login")
        self.page.fill("#token", self.daemon.token)
        self.page.press("#token", "Enter")
        self.page.wait_for_selector("#needs")

    def used(self, what: str, path: str) -> None:
        """Note what somebody used on a page."""
        CONTROLS.use(what, path, self.question, self.view.width)

    def asked(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if path.startswith("/ask/"):
            self.question = path.removeprefix("/ask/")
        if urlsplit(request.url).netloc != urlsplit(self.daemon.url).netloc:
            self.faults.append(f"asked {request.url}")


@contextmanager
def person(browser: Browser, daemon: Daemon, view: View) -> Iterator[Person]:
    """Give somebody a browser window; what their pages did wrong fails at the end."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.scheme == "dark" else "light",
        locale=view.language,
        is_mobile=view.width < 600,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    somebody = Person(page, daemon, view)
    context.expose_binding("controlUsed", lambda _, what, path: somebody.used(what, path))
    context.add_init_script(WATCH)
    page.on("request", somebody.asked)
    page.on(
        "console",
        lambda said: somebody.faults.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: somebody.faults.append(str(error)))
    yield somebody
    context.close()
    assert not somebody.faults, "; ".join(somebody.faults)


GIFTS = {DESKTOP: "SOXL", NARROW: "TNA"}
"""What the account had before, and somebody has to say whose it is."""


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
