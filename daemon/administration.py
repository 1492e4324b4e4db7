"""What a person may do to the running daemon, behind the admin token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import BookName, StrategyName
from daemon.api.errors import ErrorCode, Refused
from daemon.api.marks import SeenMark
from daemon.cancel_preview import cancel_preview
from daemon.execution.answers import RequestStatus
from daemon.execution.halts import Scope
from daemon.execution.requests import cancel_standing
from daemon.execution.verdicts import Verdicts
from daemon.live_netting import live_netting
from daemon.loc.live import live_loc
from daemon.netting_run import netting_run
from daemon.notices import raise_notice
from daemon.restore import RESTORED
from daemon.storage.rows import from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from adapters.clock import Clock
    from algorithms.domain import AccountName, Symbol
    from daemon.api.decode import Json
    from daemon.engine import Engine
    from daemon.execution.commands import Cancel, CancelAll
    from daemon.storage.tx import Tx, View

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
        if scope is Scope.ALL:
            await self._require_comparison()
        found = await self._engine.halts.resume(scope, name)
        if found:
            await self._tell("resumed", scope=scope.value, name=name or EVERYTHING, reason=reason)
            self._engine.fleet.wake()
        return found

    async def approve(self, order_id: str) -> None:
        await self._engine.approvals.approve(order_id)

    async def reject(self, order_id: str) -> None:
        await self._engine.approvals.reject(order_id)

    async def see(self, ids: Sequence[str], by: str) -> list[SeenMark]:
        at = to_us(self._clock.now())

        def mark(tx: Tx) -> list[SeenMark]:
            found = []
            for notice in ids:
                tx.execute("see_notice", id=notice, at=at, by=by)
                row = tx.fetch_one("seen_notice", id=notice)
                if row is None:
                    raise Refused(ErrorCode.NOT_FOUND, f"there is no alarm {notice}")
                seen_at = from_us(row["seen_at"]).isoformat()
                found.append(SeenMark(id=notice, seen_at=seen_at, seen_by=row["seen_by"]))
            return found

        return await self._engine.store.write(mark)

    async def settle(self, child_id: str, number: str | None) -> None:
        verdicts = Verdicts(self._engine.services)
        if number is None:
            await verdicts.absent(child_id)
        else:
            await verdicts.found(child_id, number)

    async def preview_live_netting(self, body: Mapping[str, Json]) -> Mapping[str, object]:
        return await live_netting(self._engine.services, body)

    def book(self, name: str) -> tuple[StrategyName, AccountName] | None:
        book = self._engine.registry.books.get(BookName(name))
        return None if book is None else (book.strategy, book.account.name)

    async def stored_request(
        self, request_id: str
    ) -> tuple[StrategyName, RequestStatus, str] | None:
        row = await self._engine.store.read(lambda view: view.fetch_one("request", id=request_id))
        if row is None:
            return None
        return StrategyName(row["strategy"]), RequestStatus(row["status"]), str(row["body"])

    async def strategy_of(self, order_id: str) -> StrategyName | None:
        def read(view: View) -> StrategyName | None:
            row = view.fetch_one("parent_order", id=order_id)
            row = row or view.fetch_one("child_order", id=order_id)
            return None if row is None else StrategyName(row["strategy"])

        return await self._engine.store.read(read)

    async def preview_cancel(
        self, strategy: StrategyName, commands: Sequence[Cancel | CancelAll]
    ) -> Mapping[str, object]:
        return await self._engine.store.read(
            lambda view: cancel_preview(view, self._engine.cancels, strategy, commands)
        )

    async def cancel_standing(self, request_id: str) -> bytes | None:
        standing = await self._engine.store.read(lambda view: cancel_standing(view, request_id))
        return None if standing is None else standing.body

    async def run_netting(self, account: str | None, symbol: Symbol | None) -> Mapping[str, object]:
        return await netting_run(self._engine.services, self._engine.accounts, account, symbol)

    async def loc_sheet(self, account: str, symbol: str) -> Mapping[str, object]:
        return await live_loc(self._engine.services, account, symbol)

    async def _require_comparison(self) -> None:
        """Keep a restored database halted until every account was compared with its broker."""
        engine = self._engine
        if await engine.store.read(lambda view: view.fetch_one("fact", name=RESTORED)) is None:
            return
        waiting = {
            name: account.problem
            for name, account in engine.accounts.items()
            if account.problem is not None
        }
        if waiting:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(waiting.items()))
            raise Refused(ErrorCode.NOT_RECONCILED, f"not compared with the broker yet: {reasons}")
        await engine.store.write(lambda tx: tx.execute("forget_fact", name=RESTORED))

    async def _tell(self, code: str, **params: str) -> None:
        now = self._clock.now()
        ids = self._engine.services.ids

        def tell(tx: Tx) -> None:
            raise_notice(tx, ids.new(), code, now, **params)

        await self._engine.store.write(tell)
