"""Mistakes that the hours must notice: each breaks one rule that trading at a venue stands on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.binance import broker, outcomes
from adapters.binance.broker import BinanceBroker
from adapters.broker import OutcomeUnknown, RefusalCode, Refused
from adapters.limits import Gate
from algorithms.domain import StrategyName
from daemon.execution.cancels import CancelDesk

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from adapters.broker import FindOutcome, OrderRequest, PlaceOutcome, SentOrder
    from algorithms.domain import ParentOrder
    from daemon.execution.commands import CancelAll
    from daemon.storage.tx import View

    Mutant = Callable[[pytest.MonkeyPatch], None]


def take_no_answer_for_a_refusal_that_judged_nothing(patch: pytest.MonkeyPatch) -> None:
    place = BinanceBroker.place

    async def hasty(self: BinanceBroker, request: OrderRequest) -> PlaceOutcome:
        outcome = await place(self, request)
        if isinstance(outcome, OutcomeUnknown):
            return Refused(RefusalCode.UNAVAILABLE, outcome.reason)
        return outcome

    patch.setattr(BinanceBroker, "place", hasty)


def believe_the_first_no_such_order(patch: pytest.MonkeyPatch) -> None:
    find = BinanceBroker.find

    async def hasty(self: BinanceBroker, sent: SentOrder) -> FindOutcome:
        settle = self.capabilities.settle_time
        object.__setattr__(self.capabilities, "settle_time", timedelta())
        try:
            return await find(self, sent)
        finally:
            object.__setattr__(self.capabilities, "settle_time", settle)

    patch.setattr(BinanceBroker, "find", hasty)


def go_on_asking_after_a_refusal_for_the_rate(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gate, "close_for", lambda _, __: None)


def cancel_what_another_strategy_has_in_the_account(patch: pytest.MonkeyPatch) -> None:
    matching = CancelDesk.matching

    def all_of_them(
        self: CancelDesk, view: View, strategy: StrategyName, command: CancelAll
    ) -> list[ParentOrder]:
        del strategy
        return [
            parent
            for each in ("alpha", "beta")
            for parent in matching(self, view, StrategyName(each), command)
        ]

    patch.setattr(CancelDesk, "matching", all_of_them)


def take_the_venue_s_own_time_out_for_a_refusal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        broker,
        "not_placed",
        lambda seen, kind, side: (
            Refused(RefusalCode.REJECTED, "taken for refused")
            if getattr(seen, "status", 0) in {408, 503}
            else outcomes.not_placed(seen, kind, side)
        ),
    )


SOON_NOTICED: tuple[Mutant, ...] = (
    take_no_answer_for_a_refusal_that_judged_nothing,
    cancel_what_another_strategy_has_in_the_account,
    take_the_venue_s_own_time_out_for_a_refusal,
)
MUTANTS: tuple[Mutant, ...] = (
    *SOON_NOTICED,
    believe_the_first_no_such_order,
    go_on_asking_after_a_refusal_for_the_rate,
)
