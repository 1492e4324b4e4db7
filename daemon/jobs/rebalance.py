"""The job that starts the rebalance of an account's portfolio book, if one is needed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from daemon.api.errors import ErrorCode, Refused
from daemon.jobs.board import NotNowError
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.execution.services import Services
    from daemon.jobs.runs import JobRun
    from daemon.rebalancing.desk import Prepared, RebalanceDesk
    from daemon.registry import Book
    from daemon.storage.tx import Tx

BY = "job"
"""Who has started its runs."""


class Rebalance:
    """Starts rebalances. The run and the job's own are stored together, so a day has one."""

    once_a_day = False

    def __init__(self, services: Services, desk: RebalanceDesk) -> None:
        self._services = services
        self._desk = desk

    async def run(self, run: JobRun) -> Callable[[Tx], str]:
        book = self._services.registry.portfolio_book(run.account)
        if book is None or book.account.name != run.account:
            return lambda _: "no portfolio book"
        try:
            prepared = await self._desk.prepare(run.account)
        except Refused as refused:
            if refused.code is ErrorCode.BROKER_SILENT:
                raise NotNowError(refused.detail) from refused
            return partial(self._refused, run=run, book=book, refused=refused)
        return partial(self._start, run=run, prepared=prepared)

    def _start(self, tx: Tx, run: JobRun, prepared: Prepared) -> str:
        try:
            started = self._desk.start(tx, prepared, None, BY)
        except Refused as refused:
            return self._refused(tx, run, prepared.book, refused)
        return "no drift reaches its threshold" if started is None else f"run {started.id}"

    def _refused(self, tx: Tx, run: JobRun, book: Book, refused: Refused) -> str:
        """Tell people why nothing was started: a job has nobody else to tell."""
        named = "; ".join(f"{each.path}: {each.message}" for each in refused.problems)
        reason = f"{refused.detail}: {named}" if named else refused.detail
        raise_notice(
            tx, self._services.ids.new(), "rebalance_refused", self._services.clock.now(),
            account=run.account, book=book.name, day=run.day.isoformat(), reason=reason,
        )  # fmt: skip
        return refused.code.value
