from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from adapters.paper.faults import Fault, Faults, Trouble
from adapters.paper.settings import FaultSettings

ALWAYS = Decimal(1)
NONE = FaultSettings()


def faults(settings: FaultSettings = NONE, *, seed: int = 1, session: int = 0) -> Faults:
    return Faults(settings, seed, session)


def test_nothing_goes_wrong_unless_told_to() -> None:
    calm = faults()
    assert {calm.of_call("place") for _ in range(100)} == {Trouble(None, 0.0)}
    assert {calm.of_event(is_fill=True) for _ in range(100)} == {None}


def test_a_script_strikes_the_calls_it_names_in_its_order() -> None:
    scripted = faults()
    scripted.script("place", Fault.RATE_LIMIT)
    scripted.script("place", Fault.DELAY, delay_s=2.5)
    scripted.script("cancel", Fault.RESET_AFTER)
    assert scripted.of_call("quote") == Trouble(None, 0.0)
    assert scripted.of_call("place") == Trouble(Fault.RATE_LIMIT, 0.0)
    assert scripted.of_call("place") == Trouble(None, 2.5)
    assert scripted.of_call("place") == Trouble(None, 0.0)
    assert scripted.of_call("cancel") == Trouble(Fault.RESET_AFTER, 0.0)


def test_a_scripted_fill_fault_waits_for_a_fill() -> None:
    scripted = faults()
    scripted.script_event(Fault.LATE_FILL)
    scripted.script_event(Fault.LOST_EVENT)
    assert scripted.of_event(is_fill=False) is None
    assert scripted.of_event(is_fill=True) is Fault.LATE_FILL
    assert scripted.of_event(is_fill=False) is Fault.LOST_EVENT


def test_calls_and_stream_have_faults_of_their_own() -> None:
    with pytest.raises(ValueError, match="of the stream"):
        faults().script("place", Fault.DUPLICATE_FILL)
    with pytest.raises(ValueError, match="of a call"):
        faults().script_event(Fault.REJECT)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            FaultSettings(answer_lost_before=ALWAYS),
            {Fault.ANSWER_LOST_BEFORE, Fault.RESET_BEFORE},
        ),
        (FaultSettings(answer_lost_after=ALWAYS), {Fault.ANSWER_LOST_AFTER, Fault.RESET_AFTER}),
        (
            FaultSettings(server_error=ALWAYS),
            {Fault.SERVER_ERROR_BEFORE, Fault.SERVER_ERROR_AFTER},
        ),
        (FaultSettings(rate_limit=ALWAYS), {Fault.RATE_LIMIT}),
        (FaultSettings(reject=ALWAYS), {Fault.REJECT}),
    ],
)
def test_each_switch_brings_its_faults_in_all_their_kinds(
    settings: FaultSettings, expected: set[Fault]
) -> None:
    striking = faults(settings)
    assert {striking.of_call("place").fault for _ in range(50)} == expected


def test_only_orders_and_cancels_are_rejected() -> None:
    rejecting = faults(FaultSettings(reject=ALWAYS))
    assert rejecting.of_call("cancel").fault is Fault.REJECT
    assert rejecting.of_call("holdings").fault is None


def test_only_fills_come_twice_or_late() -> None:
    for settings in (FaultSettings(duplicate_fills=ALWAYS), FaultSettings(late_fills=ALWAYS)):
        striking = faults(settings)
        assert striking.of_event(is_fill=False) is None
        assert striking.of_event(is_fill=True) is not None
    assert faults(FaultSettings(lost_events=ALWAYS)).of_event(is_fill=False) is Fault.LOST_EVENT
    assert faults(FaultSettings(disconnect=ALWAYS)).of_event(is_fill=True) is Fault.DISCONNECT


def test_a_tenth_of_the_calls_is_about_a_tenth() -> None:
    some = faults(FaultSettings(rate_limit=Decimal("0.1")))
    struck = Counter(some.of_call("place").fault for _ in range(5000))
    assert 400 < struck[Fault.RATE_LIMIT] < 600


def test_chance_repeats_for_a_seed_but_not_after_a_restart() -> None:
    settings = FaultSettings(rate_limit=Decimal("0.5"))

    def run(seed: int, session: int) -> list[Trouble]:
        drawn = faults(settings, seed=seed, session=session)
        return [drawn.of_call("place") for _ in range(50)]

    assert run(1, 0) == run(1, 0)
    assert run(1, 0) != run(1, 1)
    assert run(1, 0) != run(2, 0)


def test_requests_are_held_up_by_up_to_the_delay() -> None:
    slow = faults(FaultSettings(delay_ms=40))
    delays = {slow.of_call("find").delay_s for _ in range(500)}
    assert 0 <= min(delays) < max(delays) <= 0.04
    assert len(delays) > 20
