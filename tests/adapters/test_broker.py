from __future__ import annotations

from adapters.broker import BrokerOrderState, RefusalCode


def test_an_order_has_ended_unless_it_can_still_fill() -> None:
    alive = {state for state in BrokerOrderState if not state.is_final}
    assert alive == {BrokerOrderState.OPEN, BrokerOrderState.PARTIALLY_FILLED}


def test_only_a_venue_that_did_not_judge_may_be_asked_again() -> None:
    again = {code for code in RefusalCode if code.is_transient}
    assert again == {RefusalCode.RATE_LIMITED, RefusalCode.UNAVAILABLE}
