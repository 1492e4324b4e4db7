"""A running daemon and a browser that looks at it, for tests that see what people see."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
SCREENS = os.environ.get("SCREENS_DIR")
"""A folder: every page that is looked at leaves its picture there."""
CONFIG = """
[http]
port = 0
[webhook]
wait_seconds = 1
[accounts.main]
market = "24/7"
currency = "USD"
commission_percent = "0.25"
[accounts.main.paper]
prices = { TQQQ = "100", SOXL = "50" }
[strategies.momentum]
[strategies.dip]
[strategies.careful]
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
[instruments.TQQQ]
lot = 1
[[jobs]]
run = "reconcile"
at = ["09:00", "15:00", "21:00"]
"""


@dataclass(frozen=True, slots=True)
class View:
    """How somebody looks: the size of the window, light or dark, the language."""

    name: str
    width: int
    height: int
    scheme: str
    language: str


DESKTOP = View("desktop", 1280, 850, "light", "en-US")
PHONE = View("phone", 390, 800, "dark", "ko-KR")


@dataclass(frozen=True, slots=True)
class Daemon:
    """The process under test."""

    url: str
    folder: Path

    @property
    def token(self) -> str:
        return (self.folder / "data" / "admin.token").read_text().strip()

    def drop_copy_of(self, request_id: str) -> str:
        """Put a webhook into the database that came too late; return its id."""
        copy = request_id[:-1] + ("0" if request_id[-1] != "0" else "1")
        with closing(sqlite3.connect(self.folder / "data" / "nettingd.db", timeout=5)) as database:
            database.execute(
                "INSERT INTO requests SELECT ?, strategy, source, ?, body_hash, body, cancels, "
                "0, refusals, received_at, 'dropped', deadline, http_status, answer, finished_at "
                "FROM requests WHERE id = ?",
                (copy, f"copy of {request_id}", request_id),
            )
            database.commit()
        return copy


@contextmanager
def running(folder: Path, text: str = CONFIG) -> Iterator[Daemon]:
    """Run the daemon as people do."""
    (folder / "config.toml").write_text(text)
    command = [sys.executable, "-m", "daemon", "run", "--config", str(folder / "config.toml")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(  # noqa: S603 - ourselves
            command, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"ready (\S+)", said)
            assert found, (said, (folder / "log").read_text())
            yield Daemon(found[1], folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)


@dataclass
class Person:
    """Somebody with a browser. ``faults``: what a page did that it must not."""

    page: Page
    daemon: Daemon
    view: View
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page, look at it closely, and leave a picture."""
        self.page.goto(self.daemon.url + path)
        self.look(path)

    def look(self, name: str) -> None:
        """Note what is wrong with what is shown now."""
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > self.view.width:
            self.faults.append(f"{name}: {width} px wide")
        found = Axe().run(self.page)
        self.faults += [
            f"{name}: {each['id']}: {each['nodes'][0]['html'][:120]}"
            for each in found.response["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        if SCREENS:
            file = re.sub(r"\W+", "-", name).strip("-") or "today"
            folder = Path(SCREENS) / self.view.name
            self.page.screenshot(path=folder / f"{file[:60]}.png", full_page=True)

    def log_in(self) -> None:
        self.page.goto(self.daemon.url + "/")
        self.look("login")
        self.page.fill("#token", self.daemon.token)
        self.page.press("#token", "Enter")
        self.page.wait_for_selector("#needs")

    def asked(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.daemon.url).netloc:
            self.faults.append(f"asked {request.url}")


@contextmanager
def person(browser: Browser, daemon: Daemon, view: View) -> Iterator[Person]:
    """Give somebody a browser window; what their pages did wrong fails at the end."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.scheme == "dark" else "light",
        locale=view.language,
        is_mobile=view is PHONE,
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    somebody = Person(page, daemon, view)
    page.on("request", somebody.asked)
    page.on(
        "console",
        lambda said: somebody.faults.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: somebody.faults.append(str(error)))
    yield somebody
    context.close()
    assert somebody.faults == []
