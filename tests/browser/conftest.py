"""One browser for all tests, which sees at the end whether everything was used that pages offer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.controls import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.browser.stage import Daemon

HERE = Path(__file__).parent
_all: set[str] = set()
_passed: set[str] = set()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Know all tests, before some are left out."""
    _all.update(item.nodeid for item in items if item.path.parent == HERE)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Know which tests have passed here."""
    if report.when == "call" and report.passed:
        _passed.add(report.nodeid)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Open a browser; when all tests have passed, everything must have been used."""
    pytest.importorskip("playwright", reason="the browser tests need playwright")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may not be there

    from tests.browser.stage import ARGUMENTS, CHROMIUM  # noqa: PLC0415 - as above

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
    files = {path.name for path in HERE.glob("test_*.py")}
    if files == {each.partition("::")[0].rpartition("/")[2] for each in _all} and _all <= _passed:
        assert not (missing := CONTROLS.missing()), "nobody has used: " + ", ".join(missing)


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon for all who do not need one of their own."""
    from tests.browser.stage import GIFTS, running  # noqa: PLC0415 - as above

    with running(tmp_path_factory.mktemp("daemon")) as process:
        for asset in GIFTS.values():
            process.post("/api/paper/main/adjust", {"id": asset, "asset": asset, "amount": "4"})
        yield process
