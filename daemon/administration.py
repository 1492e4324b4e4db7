"""What a person may do to the running daemon, behind the admin token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.execution.halts import Scope
from daemon.live_netting import live_netting
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from adapters.clock import Clock
    from daemon.api.decode import Json
    from daemon.engine import Engine
    from daemon.storage.tx import Tx

EVERYTHING = "accounts"
"""What a halt without a name covers, as a notice says it."""


class Administration:
    """Halts, resumes, looks: the engine as ``AdminPort`` wants it."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def names(self, scope: Scope) -> Collection[str]:
        registry = self._engine.registry
        match scope:
            case Scope.ALL:
                return ()
            case Scope.ACCOUNT:
                return registry.accounts
            case Scope.STRATEGY:
                return registry.strategies
            case Scope.BOOK:
                return registry.books

    async def halt(self, scope: Scope, name: str, reason: str) -> None:
        await self._engine.halts.halt(scope, name, reason, self._clock.now())
        await self._tell("halted", scope=scope.value, name=name or EVERYTHING, reason=reason)

    async def resume(self, scope: Scope, name: str, reason: str) -> bool:
        found = await self._engine.halts.resume(scope, name)
        if found:
            await self._tell("resumed", scope=scope.value, name=name or EVERYTHING, reason=reason)
            self._engine.fleet.wake()
        return found

    async def preview_live_netting(self, body: Mapping[str, Json]) -> Mapping[str, object]:
        return await live_netting(self._engine.services, body)

    async def _tell(self, code: str, **params: str) -> None:
        now = self._clock.now()
        ids = self._engine.services.ids

        def tell(tx: Tx) -> None:
            raise_notice(tx, ids.new(), code, now, **params)

        await self._engine.store.write(tell)
