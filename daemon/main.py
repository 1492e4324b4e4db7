"""The daemon's process: opens everything, says that it is ready, closes in the reverse order."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import TYPE_CHECKING

import uvloop

from adapters.sqlite.errors import StorageError, StorageFailedError
from adapters.tasks import TaskSupervisor
from daemon.administration import Administration
from daemon.api.app import Parts, make_app, make_door
from daemon.api.health import LoopLag, Readiness
from daemon.api.ledger import Ledger
from daemon.api.metrics import Metrics
from daemon.api.rebalancing import Rebalancing
from daemon.api.restoring import Restoring
from daemon.api.sessions import Sessions
from daemon.api.stream import EventStream
from daemon.api.views import Lists
from daemon.book_office import BookOffice
from daemon.config import ConfigErrors, exposed, load_config, unsupported
from daemon.config.changes import load_again
from daemon.engine import Engine
from daemon.measures import Measures
from daemon.notify.office import NotifyOffice
from daemon.outside import real_outside
from daemon.rebalancing.office import RebalancingOffice
from daemon.reload import Reload
from daemon.restore import is_armed, put_in_place
from daemon.service.address import note_address
from daemon.service.exits import Exit
from daemon.service.heartbeat import Heartbeat
from daemon.service.logs import log_notices, say_error, start_logging
from daemon.service.process import StopSignals, allow_files, keep_secrets_in, spare_the_collector
from daemon.service.systemd import Systemd
from daemon.service.watch import DatabaseWatch, FailedTasks
from daemon.storage.lock import AlreadyRunningError, DirectoryLock
from daemon.telegram.commands import Commands
from daemon.web.page import Sources
from daemon.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from algorithms.domain import AccountName
    from daemon.api.door import Door
    from daemon.config import Config
    from daemon.outside import Listening, Outside

    Reread = Callable[[Config], Awaitable[Config]]

STOP_S = 9.0
"""An orderly stop takes no longer; whatever hangs then is cut off, which loses nothing."""
CLOSE_TASKS_S = 1.0

log = logging.getLogger(__name__)


def run(config_path: Path, environ: Mapping[str, str]) -> int:
    """Run the daemon until a signal ends it; return the exit code.

    What keeps it from starting goes to stderr, every fault of the configuration at once.
    """
    keep_secrets_in()
    allow_files()
    try:
        config = load_config(config_path, environ)
        start_logging(config.daemon)
        for warning in (*unsupported(config), *exposed(config)):
            log.warning("%s", warning)
        with ExitStack() as locks:
            for directory in _directories(config):
                locks.callback(_locked(directory).release)

            async def reread(running: Config) -> Config:
                return await asyncio.to_thread(load_again, config_path, environ, running)

            while True:
                put_in_place(config)
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    ended = runner.run(serve(config, environ=environ, reread=reread))
                if isinstance(ended, int):
                    return ended
                config = ended
    except ConfigErrors as error:
        return _refuse(Exit.BAD_INPUT, str(error))
    except AlreadyRunningError as error:
        return _refuse(Exit.ALREADY_RUNNING, f"{error}; only one daemon may use it")
    except (StorageError, sqlite3.Error) as error:
        return _refuse(Exit.DATABASE, str(error))
    except OSError as error:
        return _refuse(Exit.FAILED, str(error))


async def serve(config: Config, *, environ: Mapping[str, str], reread: Reread) -> int | Config:
    """Start, work until a signal comes, stop.

    Returns the exit code, or the configuration on which it is to be started again.
    ``reread`` reads the configuration for a daemon that runs on the one it is given. Raises
    ConfigErrors, StorageError, or OSError when the address cannot be had.
    """
    systemd = Systemd(environ)
    daemon = Daemon(config, real_outside(), systemd, reread)
    StopSignals(daemon.stop_wanted, daemon.reload_wanted.set).listen(asyncio.get_running_loop())
    try:
        url = await daemon.start()
        spare_the_collector()
        sys.stdout.write(f"nettingd ready {url}\n")
        sys.stdout.flush()
        systemd.tell("READY=1", f"STATUS=ready at {url}")
        log.info("ready at %s", url)
        await daemon.stop_wanted.wait()
        systemd.tell("STOPPING=1")
    finally:
        await _stop_in_time(daemon)
    log.info("stopped")
    return daemon.config if daemon.starts_again else Exit.OK


class Daemon:
    """The engine with its doors: HTTP in front, and those who watch it beside."""

    engine: Engine
    door: Door
    reload: Reload
    server: Listening

    def __init__(self, config: Config, outside: Outside, systemd: Systemd, reread: Reread) -> None:
        self.config = config
        """The configuration in force."""
        self._outside = outside
        self._clock = outside.clock
        self._systemd = systemd
        self._reread = reread
        self.reload_wanted = asyncio.Event()
        """Set it to have the configuration read again."""
        self.starts_again = False
        """Whether it stops only to start again, on restored databases."""
        self.stop_wanted = asyncio.Event()
        """Set it to have everything stopped."""
        secure = config.http.tls is not None or bool(config.http.trusted_proxies)
        self._sessions = Sessions(outside.clock, secure=secure)
        self._metrics = Metrics()
        self._readiness = Readiness()
        self._failed = FailedTasks(self._metrics)
        self._opened = AsyncExitStack()

    async def start(self) -> str:
        """Open everything in its order; return the URL. Raises as ``serve`` does."""
        self.door = make_door(self.config, self._clock)
        self.engine = engine = self._make_engine()
        await engine.start()
        self._opened.push_async_callback(engine.stop)
        watchers = TaskSupervisor(on_failure=self._failed.add)
        self._opened.push_async_callback(watchers.close, CLOSE_TASKS_S)
        self._watch(engine, watchers)
        self.reload = Reload(
            engine=engine,
            door=self.door,
            clock=self._clock,
            systemd=self._systemd,
            load=lambda: self._reread(engine.config),
            door_of=lambda config: make_door(config, self._clock),
            renew_certificate=lambda: self.server.renew_certificate(),  # noqa: PLW0108 - opens later
            log_out=self._sessions.end_all,
            on_change=partial(self._changed, engine),
            wanted=self.reload_wanted,
        )
        url = await self._listen(engine)
        watchers.spawn(self.reload.run(), name="reload")
        watchers.spawn(self._site.run(), name="sums of pages")
        return url

    async def stop(self) -> None:
        """Close what was opened, last first: accept nothing new, let work end, close."""
        await self._opened.aclose()

    def _make_engine(self) -> Engine:
        outside, tasks = self._outside, TaskSupervisor(on_failure=self._failed.add)
        engine = Engine(
            self.config,
            clock=outside.clock,
            open_driver=outside.open_driver,
            tasks=tasks,
            schedule=outside.schedule_of(tasks),
            commands_of=outside.commands_of,
            ids=outside.ids,
            compute_sessions=outside.compute_sessions,
            dice=outside.dice,
            on_failure=self._failed.add,
        )
        log_notices(engine.bus, lambda: engine.config.daemon)
        self._measures = Measures(engine.bus, self._metrics)
        return engine

    def _watch(self, engine: Engine, watchers: TaskSupervisor) -> None:
        lag = LoopLag(self._clock, self._metrics.loop_lag)
        database = DatabaseWatch(engine.store, self._clock, self._metrics)
        checks = self._readiness
        checks.register("database", database.reason)
        self._metrics.ready_while(lambda: not checks.reasons())
        checks.register(
            "scheduler", lambda: None if engine.schedule.is_running else "it does not run"
        )
        checks.register("loop", lag.reason)
        checks.register("tasks", self._failed.reason)
        for name in engine.accounts:
            checks.register(*_account_check(engine, name))
            self._metrics.account(name)
        if self._outside.watched:
            lag.start(watchers)
            watchers.spawn(database.run(), name="database watch")
            checks.look_first(database.look)
            watchers.spawn(
                self._measures.count_what_stands(engine.store, self._clock), name="open orders"
            )
            watchers.spawn(Heartbeat(engine.services, checks).run(), name="heartbeat")
        self._notify = NotifyOffice(
            engine.services,
            engine.bus,
            self._metrics,
            commands=Commands(engine, Administration(engine, self._clock), checks, self._clock),
            on_failure=self._failed.add,
        )
        watchers.spawn(self._notify.run(), name="notifiers")
        watchers.spawn(self._systemd.show_life(self._clock), name="watchdog")

    def _changed(self, engine: Engine, config: Config) -> None:
        """Follow a configuration that came into force: watch its accounts, log as it says."""
        for name in self.config.accounts.keys() - config.accounts.keys():
            self._readiness.remove(f"account {name}")
        for name in config.accounts:
            self._readiness.register(*_account_check(engine, name))
            self._metrics.account(name)
        self._outside.log_as(config.daemon)
        self._notify.follow()
        self.config = config

    def _start_again(self) -> None:
        self.starts_again = True
        self.stop_wanted.set()

    async def _listen(self, engine: Engine) -> str:
        # Lists have a connection of their own: a long one never stands before an order.
        reader = await self._outside.open_driver(self.config.database.path, read_only=True)
        self._opened.push_async_callback(reader.close)
        lists = Lists(reader, engine.current)
        stream = EventStream(engine.bus, lists, self._sessions)
        restoring = Restoring(partial(is_armed, self.config), self._start_again)
        admin = Administration(engine, self._clock)
        sources = Sources(
            engine=engine,
            admin=admin,
            lists=lists,
            reader=reader,
            readiness=self._readiness,
            sessions=self._sessions,
            clock=self._clock,
        )
        self._site = site = Site(sources, engine.bus)
        app = make_app(
            Parts(
                desk=engine.desk,
                admin=admin,
                door=self.door,
                clock=self._clock,
                readiness=self._readiness,
                metrics=self._metrics,
                sessions=self._sessions,
                more=(
                    lists,
                    stream,
                    restoring,
                    Ledger(BookOffice(engine)),
                    Rebalancing(RebalancingOffice(engine), engine.rebalancing),
                    site,
                ),
            )
        )
        self.server = await self._outside.serve(app, self.config.http)
        self._opened.push_async_callback(self.server.close)
        self._opened.callback(stream.close)
        self._opened.callback(site.close)
        noted = note_address(self.config.daemon.data_dir, self.server.url)
        self._opened.callback(noted.unlink, missing_ok=True)
        return self.server.url


def _directories(config: Config) -> set[Path]:
    """Return what no two daemons may share, spelled in the one way all have in common."""
    return {config.daemon.data_dir.resolve(), config.database.path.parent.resolve()}


def _locked(directory: Path) -> DirectoryLock:
    """Take a directory for this daemon alone, creating it if need be."""
    lock = DirectoryLock(directory)
    try:
        lock.acquire()
    except OSError as error:
        raise StorageFailedError(f"{directory}: {error.strerror}") from error
    return lock


def _account_check(engine: Engine, name: AccountName) -> tuple[str, Callable[[], str | None]]:
    def problem() -> str | None:
        account = engine.accounts.get(name)
        return "it is being started" if account is None else account.problem

    return f"account {name}", problem


async def _stop_in_time(daemon: Daemon) -> None:
    try:
        async with asyncio.timeout(STOP_S):
            await daemon.stop()
    except TimeoutError:
        # Threads may hang too, so nothing is waited for; the next start takes up what is left.
        log.exception("not stopped within %s s; ending all the same", STOP_S)
        logging.shutdown()
        os._exit(Exit.FAILED)


def _refuse(code: Exit, message: str) -> int:
    say_error(f"nettingd: {message}" if "\n" not in message else message)
    return code
