"""One browser and one daemon for tests that follow each other, and a look at what none has used.

The tests may be spread over several processes. Each leaves behind which of them have passed and
what they used; who sees that all have passed says what of the pages nobody has used.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.controls import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.browser.stage import Daemon

HERE = Path(__file__).parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_all: set[str] = set()
_passed: set[str] = set()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Know all tests that have a browser, before some are left out."""
    _all.update(
        item.nodeid
        for item in items
        if item.path.parent == HERE and "browser" in getattr(item, "fixturenames", ())
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Know which tests have passed here."""
    if report.when == "call" and report.passed and report.nodeid in _all:
        _passed.add(report.nodeid)


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Open a browser; when all tests have passed, everything must have been used."""
    pytest.importorskip("playwright", reason="the browser tests need playwright")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may not be there

    from tests.browser.stage import ARGUMENTS, CHROMIUM  # noqa: PLC0415 - as above

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
    own = tmp_path_factory.getbasetemp()
    _look_for_what_nobody_used(own.parent if WORKER else own)


def _look_for_what_nobody_used(folder: Path) -> None:
    """Leave behind what was done here, and check the whole if this is the last of it."""
    left = folder / f"browser-{WORKER}.json"
    text = json.dumps({"passed": sorted(_passed), "used": sorted(CONTROLS.used)})
    unfinished = left.with_suffix(".part")
    unfinished.write_text(text)
    unfinished.replace(left)
    found = [json.loads(each.read_text()) for each in folder.glob("browser-*.json")]
    files = {each.partition("::")[0].rpartition("/")[2] for each in _all}
    if files != {path.name for path in HERE.glob("test_*.py") if "browser:" in path.read_text()}:
        return  # only some were asked for
    if _all <= {each for one in found for each in one["passed"]}:
        used = {(what, is_narrow) for one in found for what, is_narrow in one["used"]}
        missing = CONTROLS.missing(used)
        assert not missing, "nobody has used: " + ", ".join(missing)


@pytest.fixture(scope="package")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon for all who do not need one of their own."""
    from tests.browser.stage import GIFTS, running  # noqa: PLC0415 - as above

    with running(tmp_path_factory.mktemp("daemon")) as process:
        for asset in GIFTS.values():
            process.post("/api/paper/main/adjust", {"id": asset, "asset": asset, "amount": "4"})
        yield process
