"""Suites that every implementation of a protocol must pass."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.contracts.broker_cases", "tests.contracts.trader")
