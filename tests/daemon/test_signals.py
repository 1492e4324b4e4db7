from __future__ import annotations

from algorithms.domain import AccountName, Symbol
from daemon.signals import RequestSettled, SignalBus, WorkArrived

WORK = WorkArrived(AccountName("main"), Symbol("TQQQ"))
SETTLED = RequestSettled("r", 200, b"{}")


def test_a_signal_reaches_whoever_asked_for_its_kind_and_nobody_else() -> None:
    bus = SignalBus()
    work: list[WorkArrived] = []
    settled: list[RequestSettled] = []
    bus.subscribe(WorkArrived, work.append)
    bus.subscribe(RequestSettled, settled.append)

    bus.deliver([WORK, SETTLED, WORK])

    assert work == [WORK, WORK]
    assert settled == [SETTLED]


def test_several_may_hear_the_same_signal_in_the_order_they_asked() -> None:
    bus = SignalBus()
    heard: list[str] = []
    bus.subscribe(WorkArrived, lambda _: heard.append("worker"))
    bus.subscribe(WorkArrived, lambda _: heard.append("page"))

    bus.deliver([WORK])

    assert heard == ["worker", "page"]


def test_a_signal_nobody_waits_for_is_no_fault() -> None:
    SignalBus().deliver([WORK, "something else"])
