"""What the daemon stands on: clock, disk, network. The real ones, or those of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from adapters.clock import SystemClock
from adapters.sqlite.driver import ThreadedDriver
from daemon.api.app import serve
from daemon.api.webhook_model import commands_from_stored
from daemon.calendars import compute_in_child
from daemon.ids import IdSource
from daemon.jobs.schedule import ApSchedule
from daemon.service.logs import start_logging

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from adapters.clock import Clock
    from adapters.sqlite.driver import OpenDriver
    from adapters.tasks import TaskSupervisor
    from daemon.calendars import ComputeSessions
    from daemon.config.service import DaemonConfig, HttpConfig
    from daemon.execution.commands import Command
    from daemon.jobs.schedule import Schedule


class Listening(Protocol):
    """A door that is open. ``url`` says where.

    ``renew_certificate`` reads the certificate's files again, and raises OSError for bad ones.
    """

    url: str
    renew_certificate: Callable[[], None]

    async def close(self) -> None:
        """Let requests under way end, and take no more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything that the daemon does not bring itself.

    ``watched`` says whether the lag of the event loop and the disk are looked at again and again;
    under virtual time that would be most of what happens.
    """

    clock: Clock
    open_driver: OpenDriver
    schedule_of: Callable[[TaskSupervisor], Schedule]
    serve: Callable[[web.Application, HttpConfig], Awaitable[Listening]]
    ids: IdSource
    compute_sessions: ComputeSessions = compute_in_child
    log_as: Callable[[DaemonConfig], None] = lambda _: None
    commands_of: Callable[[str], tuple[Command, ...]] = commands_from_stored
    dice: random.Random | None = None
    """Spreads what many accounts would do at the same moment; None: as the system's chance."""
    watched: bool = True


def real_outside() -> Outside:
    """The system's clock, files and sockets."""
    clock = SystemClock()
    return Outside(
        clock=clock,
        open_driver=ThreadedDriver.open,
        schedule_of=lambda _: ApSchedule(),
        serve=serve,
        ids=IdSource(clock),
        log_as=start_logging,
    )
