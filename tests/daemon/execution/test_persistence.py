from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.sqlite.errors import StorageCorruptError, StorageFullError
from daemon.execution.persistence import Persistence
from tests.support.world import START

if TYPE_CHECKING:
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx


class TroubledStore:
    """Fails as it was told, then writes."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.written = 0

    async def write(self, _: object) -> str:
        if self.troubles:
            raise self.troubles.pop(0)
        self.written += 1
        return "written"


def persistence(store: TroubledStore, clock: LoopClock) -> Persistence:
    given: Store = store  # type: ignore[assignment]
    return Persistence(given, clock)


def nothing(_: Tx) -> str:
    return "written"


async def test_a_result_waits_until_the_disk_has_room_again() -> None:
    clock = LoopClock(START)
    store = TroubledStore(*[StorageFullError("disk full") for _ in range(8)])

    assert await persistence(store, clock).write(nothing) == "written"

    assert store.written == 1
    assert 10 < (clock.now() - START).total_seconds() < 60


async def test_a_damaged_database_is_not_tried_again() -> None:
    store = TroubledStore(StorageCorruptError("malformed"))

    with pytest.raises(StorageCorruptError):
        await persistence(store, LoopClock(START)).write(nothing)

    assert store.written == 0


async def test_a_mistake_in_the_work_itself_is_not_repeated() -> None:
    store = TroubledStore(ValueError("no such order"))

    with pytest.raises(ValueError, match="no such order"):
        await persistence(store, LoopClock(START)).write(nothing)
