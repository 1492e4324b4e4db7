from __future__ import annotations

from adapters.clock import SystemClock
from adapters.sqlite.driver import ThreadedDriver
from adapters.tasks import TaskSupervisor
from daemon.jobs.schedule import ApSchedule
from daemon.outside import real_outside


def test_in_production_the_daemon_stands_on_the_real_things() -> None:
    outside = real_outside()

    assert isinstance(outside.clock, SystemClock)
    assert outside.open_driver == ThreadedDriver.open
    assert isinstance(outside.schedule_of(TaskSupervisor()), ApSchedule)
    assert outside.watched
