"""A broker that needs no broker: an exchange of our own, for practice, demos and tests.

``open_paper`` makes one from ``PaperSettings``. See docs/explanation/paper-broker.md.
"""

from __future__ import annotations

from adapters.paper.broker import PaperBroker
from adapters.paper.errors import PaperSettingsError
from adapters.paper.faults import Fault
from adapters.paper.opening import open_paper
from adapters.paper.settings import FaultSettings, PaperSettings

__all__ = [
    "Fault",
    "FaultSettings",
    "PaperBroker",
    "PaperSettings",
    "PaperSettingsError",
    "open_paper",
]
