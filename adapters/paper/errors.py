"""What can be wrong with a paper exchange before it opens."""

from __future__ import annotations


class PaperSettingsError(ValueError):
    """The settings, or the price recording they name, cannot make a market."""
