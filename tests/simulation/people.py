"""The people of a simulated day who stop what is traded: they halt, resume, and switch books off.

What is stopped is remembered here, over all lives of the daemon, and looked for when it is let go:
in between nothing of it was taken, sent or crossed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from daemon.execution.halts import Scope
from tests.simulation.happenings import Happening
from tests.simulation.judge import FOR_EVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapters.clock import LoopClock
    from tests.simulation.happenings import Tally
    from tests.simulation.judge import Judge
    from tests.simulation.plan import Halt
    from tests.support.world import World

EQUAL_S = 1e-3
Stop = tuple[str, str]
"""A scope and a name; the scope of a book that is switched off is ``off``."""


class _Since(NamedTuple):
    """Since when something is stopped.

    ``offset``: by how much the clock that is never set differs from the time of day. ``before``:
    what was done by then, by a clock that was ahead.
    """

    at: datetime
    offset: float
    before: frozenset[str]


@dataclass(slots=True)
class People:
    """Halts, resumes, and hears of books that a reload switches off."""

    judge: Judge
    clock: LoopClock
    tell: Callable[[str], None]
    wrong: Callable[[str], None]
    tally: Tally
    _stopped: dict[Stop, _Since] = field(default_factory=dict)
    _resuming: set[Stop] = field(default_factory=set)
    _reloads: int = 0

    async def halt(self, day: World, halt: Halt) -> None:
        """Halt something for a while."""
        scope = Scope(halt.scope)
        self.tally.note(Happening.HALT)
        self.tell(f"halt {halt.scope} {halt.name} for {halt.seconds} s")
        await day.engine.halts.halt(scope, halt.name, "a person wants it", self.clock.now())
        if (halt.scope, halt.name) not in self._resuming:  # else that comes after it
            self._stop(halt.scope, halt.name)
        await self.clock.sleep(halt.seconds)
        await self._resume(day, halt.scope, halt.name)
        self.tell(f"resume {halt.scope} {halt.name}")
        day.engine.fleet.wake()

    async def evening(self, day: World) -> None:
        """Resume everything; whatever nobody has resumed is halted still."""
        self._all_on()
        halted = {(row["scope"], row["name"]) for row in await day.rows("halts")}
        for scope, name in self._stopped.keys() - halted:
            self.wrong(f"the halt of {scope} {name} was forgotten")
        for scope, name in sorted(halted):
            await self._resume(day, scope, name)
        day.engine.fleet.wake()

    def new_life(self) -> None:
        """A process that starts reads the configuration as it was in the morning."""
        self._reloads = 0
        self._all_on()

    def reload_begins(self) -> None:
        """From here on books may be switched on again."""
        self._reloads += 1
        self._all_on()

    def reload_is_over(self, day: World) -> None:
        """Take in which books are switched off, unless that changes already."""
        self._reloads -= 1
        if not self._reloads:
            for book in day.engine.registry.books.values():
                if not book.active:
                    self._stop("off", book.name)

    def _all_on(self) -> None:
        for scope, name in [stop for stop in self._stopped if stop[0] == "off"]:
            self._let_go(scope, name)

    async def _resume(self, day: World, scope: str, name: str) -> None:
        self._let_go(scope, name)
        self._resuming.add((scope, name))
        try:
            await day.engine.halts.resume(Scope(scope), name)
        finally:
            self._resuming.discard((scope, name))

    def _stop(self, scope: str, name: str) -> None:
        if (scope, name) not in self._stopped:
            now = self.clock.now()
            before = self.judge.while_stopped(scope, name, now, FOR_EVER)
            self._stopped[scope, name] = _Since(now, self._offset(), frozenset(before))

    def _let_go(self, scope: str, name: str) -> None:
        """Look for what happened meanwhile, unless the clock was set since."""
        since = self._stopped.pop((scope, name), None)
        if since is None or abs(since.offset - self._offset()) > EQUAL_S:
            return
        for what in self.judge.while_stopped(scope, name, since.at, self.clock.now()):
            if what not in since.before:
                self.wrong(what)

    def _offset(self) -> float:
        return self.clock.now().timestamp() - self.clock.monotonic()
