"""A whole daemon inside a test, on the paper broker, with time in the test's hands.

See docs/how-to/test-my-rule.md.
"""

from __future__ import annotations

from daemon.testing.loops import RealTimeError, play, pytest_asyncio_loop_factories
from daemon.testing.running import NotInTimeError, RunningDaemon, running_daemon
from daemon.testing.wire import Answer

__all__ = [
    "Answer",
    "NotInTimeError",
    "RealTimeError",
    "RunningDaemon",
    "play",
    "pytest_asyncio_loop_factories",
    "running_daemon",
]
