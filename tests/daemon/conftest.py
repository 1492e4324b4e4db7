from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run a module's tests on its own ``loop_factory``, if it names one, in real time if not."""
    module = getattr(item, "module", None)
    return {"loop": getattr(module, "loop_factory", asyncio.new_event_loop)}
