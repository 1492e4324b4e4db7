"""Reading the configuration again while orders are under way: all of it applies, or nothing.

The one place that compares two configurations and carries out the difference:

1. The file is read and checked as at a start. Keys that need a restart keep their old values.
2. What leaves must be free of orders and positions (``daemon.leaving``).
3. Books that leave take no more orders. Then, in one transaction behind every order accepted
   before, step 2 is made sure of and the capital of books is posted.
4. The new setup is in force. Accounts end, begin, or connect anew; tokens, calendars, periods and
   the log follow.

Up to the third step a fault changes nothing. What runs asks ``Current`` each time, so there is
nothing to stop and start but connections.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters.sqlite.errors import StorageError
from daemon.brokers.opening import reaches_the_same
from daemon.brokers.shadows import configured, shadows
from daemon.config import ConfigErrors, ConfigProblem, unsupported
from daemon.config.changes import Change, changes_between, kept_until_restart
from daemon.execution.capital import post_capital
from daemon.leaving import obstacles, stays
from daemon.notices import raise_notice
from daemon.setup import setup_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from adapters.clock import Clock
    from daemon.api.door import Door
    from daemon.config import Config
    from daemon.engine import Engine
    from daemon.service.systemd import Systemd
    from daemon.setup import Setup
    from daemon.storage.tx import Tx, View

NAMED_MOST = 40
"""Changes and faults that a notice names; the log has them all."""

log = logging.getLogger(__name__)


class Reload:
    """Reads the configuration again whenever that is asked for.

    ``load`` reads the file as the start did; ``door_of`` reads the tokens for a configuration;
    ``renew_certificate`` reads that of TLS again, and raises OSError if it cannot be used;
    ``log_out`` ends the sessions that were begun with another admin token;
    ``on_change`` hears of each configuration that came into force. ``wanted``, when it is set,
    asks for it; set again before it is done, it is done once more.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        door: Door,
        clock: Clock,
        systemd: Systemd,
        load: Callable[[], Awaitable[Config]],
        door_of: Callable[[Config], Door],
        renew_certificate: Callable[[], None] = lambda: None,
        log_out: Callable[[], None] = lambda: None,
        on_change: Callable[[Config], None] = lambda _: None,
        wanted: asyncio.Event | None = None,
    ) -> None:
        self._engine = engine
        self._door = door
        self._clock = clock
        self._systemd = systemd
        self._load = load
        self._door_of = door_of
        self._renew_certificate = renew_certificate
        self._log_out = log_out
        self._on_change = on_change
        self._wanted = wanted or asyncio.Event()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Read again whenever ``wanted`` is set, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.once()
            except Exception:
                log.exception("the configuration could not be read again")

    async def once(self) -> bool:
        """Read the configuration again; return whether it is in force now. Tells people which."""
        async with self._turn:
            self._systemd.tell("RELOADING=1", "STATUS=reading the configuration again")
            try:
                await self._read_again()
            except ConfigErrors as error:
                reasons = [str(problem) for problem in error.errors]
                self._systemd.tell("READY=1", "STATUS=ready; the changed configuration is faulty")
                await self._refuse(reasons)
                return False
            except StorageError as error:
                self._systemd.tell("READY=1", "STATUS=ready; the database refused a reload")
                await self._refuse([str(error)])
                return False
            self._systemd.tell("READY=1", "STATUS=ready; the configuration was read again")
            return True

    async def _read_again(self) -> None:
        engine = self._engine
        old = engine.current.setup
        config, waiting = kept_until_restart(old.config, await self._load())
        changes = changes_between(old.config, config)
        now = self._clock.now()
        new = setup_of(config, now)
        await engine.store.read(partial(_require_no_obstacle, old=old, new=config))
        door = self._door_of(config)
        self._renew()
        engine.current.setup = setup_of(_without_leaving(old.config, config), now)
        try:
            await engine.store.write(
                lambda tx: self._commit(tx, old, new, changes=changes, waiting=waiting)
            )
        except BaseException:
            engine.current.setup = old
            raise
        engine.current.setup = new
        if self._door.admit_as(door):
            self._log_out()
        for warning in unsupported(config):
            log.warning("%s", warning)
        await self._follow(old.config, config)

    def _renew(self) -> None:
        try:
            self._renew_certificate()
        except OSError as error:
            message = f"the certificate cannot be used: {error.strerror or error}"
            raise ConfigErrors([ConfigProblem("http.tls", message)]) from None

    def _commit(
        self, tx: Tx, old: Setup, new: Setup, *, changes: Sequence[Change], waiting: Sequence[str]
    ) -> None:
        _require_no_obstacle(tx, old, new.config)
        now, ids = self._clock.now(), self._engine.services.ids
        post_capital(tx, new.registry, ids, now)
        named = _listed([str(change) for change in changes]) or "nothing changed"
        raise_notice(tx, ids.new(), "reloaded", now, changes=named)
        if waiting:
            raise_notice(tx, ids.new(), "restart_needed", now, keys=_listed(waiting))

    async def _follow(self, old: Config, new: Config) -> None:
        """Bring what runs in line with the setup in force."""
        engine, fleet = self._engine, self._engine.fleet
        self._on_change(new)
        steps: list[Coroutine[object, object, None]] = [engine.calendars.correct(new.calendars)]
        steps += [fleet.end(name) for name in old.accounts.keys() - new.accounts.keys()]
        kept = old.accounts.keys() & new.accounts.keys()
        steps += [fleet.renew(name) for name in kept if not reaches_the_same(old, new, name)]
        steps += [fleet.add(name) for name in new.accounts.keys() - old.accounts.keys()]
        await _all_of(steps)
        await _all_of(self._follow_shadows(old, new))
        fleet.compare_every(timedelta(seconds=float(new.reconcile.seconds)))
        await engine.jobs.follow(engine.registry.accounts)
        fleet.wake()

    def _follow_shadows(self, old: Config, new: Config) -> list[Coroutine[object, object, None]]:
        """Return how the shadows beside the accounts begin, end or change."""
        fleet, before, after = self._engine.fleet, shadows(old), shadows(new)
        steps = [fleet.end(name) for name in before.keys() - after.keys()]
        for name, symbols in after.items():
            if name not in before:
                steps.append(fleet.add(name))
            elif symbols != before[name] or not reaches_the_same(old, new, configured(name)):
                steps.append(fleet.renew(name))
        return steps

    async def _refuse(self, reasons: Sequence[str]) -> None:
        for reason in reasons:
            log.error("the configuration is not taken over: %s", reason)
        now, ids = self._clock.now(), self._engine.services.ids

        def tell(tx: Tx) -> None:
            raise_notice(tx, ids.new(), "reload_refused", now, reasons=_listed(reasons))

        try:
            await self._engine.store.write(tell)
        except StorageError as error:
            log.warning("nobody could be told of it: %s", error)


async def _all_of(steps: Sequence[Coroutine[object, object, None]]) -> None:
    """Take every step, whatever becomes of the others."""
    for outcome in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(outcome, Exception):
            log.error("the configuration is in force, but: %s", outcome, exc_info=outcome)


def _require_no_obstacle(view: View, old: Setup, new: Config) -> None:
    """Raise ConfigErrors with everything that keeps a book or an account where it is."""
    found = obstacles(view, old, new)
    if found:
        raise ConfigErrors(found)


def _without_leaving(old: Config, new: Config) -> Config:
    """The old configuration, without the books that the new one takes out."""
    books = {name: book for name, book in old.books.items() if stays(name, old, new)}
    return old.model_copy(update={"books": books})


def _listed(words: Sequence[str]) -> str:
    more = len(words) - NAMED_MOST
    return "; ".join(words[:NAMED_MOST]) + (f"; and {more} more" if more > 0 else "")
