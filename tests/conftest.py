"""What every test gets: time limits and the depth of property tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

SLOW_TIMEOUT_S = 60
"""For tests marked slow; all others have the `timeout` of pyproject.toml."""

# A shared machine's pauses must not fail a property, so examples have no deadline of their own.
settings.register_profile("default", max_examples=50, deadline=None, print_blob=True)
settings.register_profile("deep", settings.get_profile("default"), max_examples=20_000)


def pytest_configure(config: pytest.Config) -> None:
    profile = os.environ.get("HYPOTHESIS_PROFILE", "default")
    settings.load_profile(profile)
    if profile == "deep":
        config.option.timeout = 0  # 20,000 examples take what they take


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_S))
