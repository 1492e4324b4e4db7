"""What tests of commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.cli.voice import speak

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def in_korean() -> Iterator[None]:
    """Speak Korean for one test."""
    speak("ko")
    yield
    speak("en")
