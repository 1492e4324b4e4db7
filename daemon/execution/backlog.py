"""Requests whose orders could not be placed when they were stored, worked when they can be."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from adapters.sqlite.errors import StorageError
from daemon.execution import answers
from daemon.execution.answers import Item, Outcome
from daemon.execution.commands import CancelAll, Place, as_of
from daemon.notices import raise_notice
from daemon.signals import RequestWorked
from daemon.storage.rows import from_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from adapters.clock import Clock
    from algorithms.domain import AccountName, ParentId, StrategyName, Symbol
    from daemon.execution.commands import Command
    from daemon.execution.enquiries import Enquiries
    from daemon.execution.intake import Intake
    from daemon.execution.requests import Requests
    from daemon.execution.sizing import Terms
    from daemon.ids import IdSource
    from daemon.setup import Current
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View

log = logging.getLogger(__name__)


class Backlog:
    """Works stored requests. Each is worked once, however often that is tried."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: IdSource,
        intake: Intake,
        enquiries: Enquiries,
        requests: Requests,
        current: Current,
        commands_of: Callable[[str], tuple[Command, ...]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._intake = intake
        self._enquiries = enquiries
        self._requests = requests
        self._current = current
        self._commands_of = commands_of

    async def work(self, strategy: StrategyName, request_ids: Sequence[str]) -> None:
        """Work some requests. One that cannot be worked must not hold up the others for ever.

        Raises StorageError; then what was not worked yet can be tried again.
        """
        try:
            await self._work_together(strategy, request_ids)
        except StorageError:
            raise
        except Exception:
            log.exception("strategy %s: a request cannot be worked", strategy)
            if len(request_ids) > 1:
                for request_id in request_ids:
                    await self.work(strategy, [request_id])
                return
            await self._give_up(request_ids[0])

    async def _give_up(self, request_id: str) -> None:
        now = self._clock.now()
        answer = answers.broken(request_id)
        await self._store.write(lambda tx: self._requests.finish(tx, answer, request_id, now))

    async def _work_together(self, strategy: StrategyName, request_ids: Sequence[str]) -> None:
        """Ask for the prices of all at once, and keep the order of their arrival."""

        def stored(view: View) -> list[sqlite3.Row]:
            rows = (view.fetch_one("unfinished_request", id=one) for one in request_ids)
            return [row for row in rows if row is not None and row["unworked"]]

        rows = await self._store.read(stored)
        wanted = [
            [
                c
                for c in as_of(row["source"], self._commands_of(row["body"]))
                if isinstance(c, Place)
            ]
            for row in rows
        ]
        terms = await self._enquiries.ask(
            strategy, [place for places in wanted for place in places]
        )
        # The writer takes them in the order in which they are handed over.
        await asyncio.gather(
            *(
                self._work_one(strategy, row, places, terms)
                for row, places in zip(rows, wanted, strict=True)
            )
        )

    async def _work_one(
        self,
        strategy: StrategyName,
        row: sqlite3.Row,
        places: Sequence[Place],
        terms: Mapping[tuple[AccountName, Symbol], Terms],
    ) -> None:
        """Place the orders of a stored request, unless it is too old or was cancelled since."""
        request_id = row["id"]
        now = self._clock.now()
        age = now - from_us(row["received_at"])

        def work(tx: Tx) -> None:
            current = tx.fetch_one("unfinished_request", id=request_id)
            if current is None or not current["unworked"]:
                return  # worked already; an earlier try was cut short by the database
            targets: list[ParentId] = []
            refusals: list[Item] = []
            if age > self._current.setup.desk.max_age:
                refusals = self._drop(tx, strategy, request_id, places, age, now)
            else:
                vetoes = self._cancels_after(tx, strategy, request_id)
                for command in places:
                    placed = self._intake.place(
                        tx,
                        command,
                        request_id=request_id,
                        strategy=strategy,
                        terms=terms,
                        now=now,
                        vetoes=vetoes,
                    )
                    targets += [parent.id for parent in placed.parents]
                    refusals += placed.refusals
            tx.signal(RequestWorked(strategy, request_id))
            self._requests.worked(tx, request_id, targets=targets, refusals=refusals, now=now)

        await self._store.write(work)

    def _cancels_after(self, tx: Tx, strategy: StrategyName, request_id: str) -> list[CancelAll]:
        """Return the cancels that came after a request, and mean its orders too."""
        return [
            command
            for later in tx.fetch("cancels_after", strategy=strategy, id=request_id)
            for command in self._commands_of(later["body"])
            if isinstance(command, CancelAll)
        ]

    def _drop(
        self,
        tx: Tx,
        strategy: StrategyName,
        request_id: str,
        places: Sequence[Place],
        age: timedelta,
        now: datetime,
    ) -> list[Item]:
        seconds = str(int(age.total_seconds()))
        raise_notice(
            tx,
            self._ids.new(),
            "request_dropped",
            now,
            strategy=strategy,
            request=request_id,
            age=seconds,
        )
        return [
            Item(
                account=account,
                order_id=None,
                exchange_order_id=None,
                symbol=command.symbol,
                outcome=Outcome.FAILED,
                error=f"{answers.TOO_OLD} {seconds} s old when it could be worked",
            )
            for command in places
            for account in self._accounts(strategy, command)
        ]

    def _accounts(self, strategy: StrategyName, command: Place) -> list[str]:
        return [book.account.name for book in self._intake.books(strategy, command)] or [""]
