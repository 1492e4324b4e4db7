"""The evening job: tells what the ``dip_loc`` books of an account would have at the next close."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from daemon.i18n import words_in
from daemon.jobs.board import NotNowError
from daemon.loc.plans import NoPlanError, plan_symbol, planned_symbols
from daemon.loc.text import plan_text
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.execution.services import Services
    from daemon.jobs.runs import JobRun
    from daemon.loc.plans import SymbolPlan
    from daemon.storage.tx import Tx


class LocSheets:
    """Tells sheets."""

    once_a_day = False

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self, run: JobRun) -> Callable[[Tx], str]:
        plans: list[SymbolPlan] = []
        for symbol in planned_symbols(self._services, run.account):
            try:
                plan = await plan_symbol(self._services, run.account, symbol)
            except NoPlanError as error:
                raise NotNowError(f"{symbol}: {error}") from error
            if plan is not None:
                plans.append(plan)
        return partial(self._tell, run=run, plans=plans)

    def _tell(self, tx: Tx, run: JobRun, plans: Sequence[SymbolPlan]) -> str:
        services = self._services
        locale = services.current.setup.config.daemon.locale
        now = services.clock.now()
        for plan in plans:
            raise_notice(
                tx,
                services.ids.new(),
                "loc_sheet",
                now,
                account=run.account,
                symbol=plan.symbol,
                day=plan.closing.day.isoformat(),
                close=to_text(plan.previous_close),
                sheet=plan_text(plan, words_in(locale), locale),
            )
        return f"{len(plans)} sheets"
