from __future__ import annotations

from adapters.paper import PaperSettingsError


def test_settings_that_make_no_market_are_a_value_error() -> None:
    """Who checks a configuration catches it with the others."""
    assert issubclass(PaperSettingsError, ValueError)
