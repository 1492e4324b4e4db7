"""What every test gets: time limits, the depth of property tests, an order that can be repeated."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.terminal import TerminalReporter

SLOW_TIMEOUT_S = 300
"""For tests marked slow; all others have the `timeout` of pyproject.toml."""

# A shared machine's pauses must not fail a property, so examples have no deadline of their own.
settings.register_profile("default", max_examples=50, deadline=None, print_blob=True)
settings.register_profile("deep", settings.get_profile("default"), max_examples=20_000)


def pytest_configure(config: pytest.Config) -> None:
    profile = os.environ.get("HYPOTHESIS_PROFILE", "default")
    settings.load_profile(profile)
    if profile == "deep":
        config.option.timeout = 0  # 20,000 examples take what they take


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep the collected tests out of every later search for garbage: they are for good."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    limited = config.option.timeout != 0
    for item in items:
        if limited and item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_S))


def pytest_terminal_summary(
    terminalreporter: TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    seed = getattr(config.option, "randomly_seed", None)
    if exitstatus == pytest.ExitCode.TESTS_FAILED and seed is not None:
        terminalreporter.write_line(f"the same order again: pytest --randomly-seed={seed}")
