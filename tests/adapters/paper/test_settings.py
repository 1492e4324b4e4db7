from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.paper.settings import FaultSettings
from tests.support.paper import paper_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_by_default_nothing_goes_wrong(tmp_path: Path) -> None:
    assert paper_settings(tmp_path).faults == FaultSettings()
    assert not FaultSettings().reject


@pytest.mark.parametrize("value", ["-0.1", "1.1"])
def test_a_probability_lies_between_zero_and_one(value: str) -> None:
    with pytest.raises(ValueError, match=f"late_fills is out of range: {value}"):
        FaultSettings(late_fills=Decimal(value))


def test_a_delay_is_milliseconds() -> None:
    assert FaultSettings(delay_ms=250).delay_ms == 250
    with pytest.raises(ValueError, match="delay_ms"):
        FaultSettings(delay_ms=-1)
