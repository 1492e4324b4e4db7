"""The job that compares an account with its broker at set times, beside the regular comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from daemon.jobs.board import NotNowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from algorithms.domain import AccountName
    from daemon.execution.account_runtime import AccountRuntime
    from daemon.jobs.runs import JobRun
    from daemon.storage.tx import Tx


class Comparison:
    """Compares an account with its broker."""

    once_a_day = False

    def __init__(self, account_of: Callable[[AccountName], AccountRuntime | None]) -> None:
        self._account_of = account_of

    async def run(self, run: JobRun) -> Callable[[Tx], str]:
        account = self._account_of(run.account)
        if account is None:
            raise NotNowError("the account is not running")
        try:
            differences = await account.compare()
        except BrokerError as error:
            raise NotNowError(str(error)) from error
        return lambda _: f"{len(differences)} differences"
