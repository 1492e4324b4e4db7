"""Writing what must not be lost: tried again until the database takes it.

A result that came from a broker cannot be asked for again by forgetting it. When the disk is full
or another program holds the file, the write waits and is repeated; meanwhile the order keeps the
state it had, which is always one that asks the broker first.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from adapters.sqlite.errors import StorageCorruptError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.clock import Clock
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View

T = TypeVar("T")

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0

log = logging.getLogger(__name__)


class Persistence:
    """A Store for the execution core: waits out what passes, gives up only on damage."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in a transaction, however often that takes.

        Raises StorageCorruptError, and whatever ``work`` itself raises.
        """
        wait = FIRST_WAIT_S
        while True:
            try:
                return await self._store.write(work)
            except StorageCorruptError:
                raise
            except StorageError as error:
                log.warning("cannot store a result, trying again in %.1f s: %s", wait, error)
                await self._clock.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)

    async def read(self, work: Callable[[View], T]) -> T:
        """Run ``work`` on one consistent state of the database."""
        return await self._store.read(work)
