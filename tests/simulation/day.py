"""One simulated day: a daemon, its two exchanges, its strategies, and much that goes wrong."""

from __future__ import annotations

import asyncio
import random
import tomllib
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.paper.faults import Fault
from adapters.sqlite.errors import StorageFullError
from adapters.tasks import TaskSupervisor
from algorithms.domain import AccountName
from daemon.signals import NoticeRaised
from tests.kis_days.house import sessions_there
from tests.simulation.abroad import abroad
from tests.simulation.callers import Callers
from tests.simulation.disk import furnish, tear
from tests.simulation.features import AT_KIS, Feature
from tests.simulation.happenings import Happening
from tests.simulation.judge import FOR_EVER, REQUEST_AGE_MOST, Judge
from tests.simulation.outcome import Errors, Outcome
from tests.simulation.paperwork import Clerk
from tests.simulation.people import People
from tests.simulation.plan import ClockStep, Event, Halt, Kill, LoseEvent, Planner, Webhook, spell
from tests.simulation.portfolio import Owner
from tests.simulation.scene import CLOSED, HALF, choices_of, edited, set_scene
from tests.simulation.trouble import Host
from tests.simulation.wire import Travelling, Wire, arrive
from tests.simulation.wishes import Wishes
from tests.support.markets import weekdays
from tests.support.mortal import Life
from tests.support.world import World, cancel_all, world

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from pathlib import Path

    from tests.simulation.plan import Action

ACTIONS = 60
QUIET_POINTS = 0.04
RELOADS = 0.03
STILLBORN = 0.1
REBALANCES = 0.12
HARMS = 0.2
AFTER_THE_TURN = 20
"""So many of the actions come after a market's close."""
EXCHANGES_MARGIN = timedelta(seconds=1)
"""By so much sooner than its ``settle_time`` a paper exchange stops taking what comes late."""
QUIET_WITHIN_S = 900.0
COMPARED_OFTEN = 3.5
"""So many comparisons see every difference twice, a broken stream or two included."""
LONG_S = 600.0
LONGEST_WAIT = timedelta(minutes=10)
"""No slice is further away; whatever waits longer waits for a clock that was wrong."""
FORGOTTEN = timedelta(minutes=8)
"""An order that is so long overdue is older than any may become."""
OVER = timedelta(minutes=2)
"""So soon after its deadline an order has ended, unless something of it is under way."""
LOOKED_AT_WITHIN_S = 60.0
"""Every account is at work so long after a start, or after its broker is back."""
SEEN_WITHIN_S = 10.0
"""A clock that was set is noticed by then."""


class Day:
    """Plays a seed."""

    def __init__(self, seed: int, folder: Path, features: AbstractSet[Feature]) -> None:
        self.outcome = Outcome(seed)
        self._folder = folder
        self._chance = random.Random(seed)
        self._aside = aside = random.Random(f"asides of {seed}")
        self._scene = set_scene(self._chance, features, aside)
        self._features = features
        self._planner = Planner(
            self._chance,
            self._scene.lost_events,
            pace=self._scene.hours.pace,
            wish=lambda: self._wishes.draw(),  # noqa: PLW0108 - made below
        )
        self._clock = LoopClock(self._scene.hours.start)
        self._tally = self.outcome.tally
        self._abroad = abroad(features, self._clock, aside, self._tally)
        self._wishes = Wishes(
            aside,
            auction=self._scene.has_auction,
            against=Feature.AGAINST in features,
            abroad=self._abroad,
        )
        self._judge = Judge(folder, self._abroad)
        self._clerk = Clerk(self._judge, self._tell)
        self._people = People(self._judge, self._clock, self._tell, self.wrong, self._tally)
        self._callers = Callers(
            self._judge,
            self._tally,
            self._clock,
            self._tell,
            self.wrong,
            excused=lambda: self._host.was_full,
            known=self._planner.known,
        )
        self._more = ""
        self._owner = Owner(aside, self._tell)
        self._host = Host(aside, self._clock, self._tell, self._tally)
        self._host.clock_may_jump = self._scene.is_ordinary and not self._abroad
        self._has_dozed = False
        self._up_since = 0.0
        self._lived: list[tuple[datetime, datetime]] = []
        self._travelling: list[Travelling] = []
        self._editor = random.Random(f"edits of {seed}")
        self.errors = Errors(
            self.wrong, excused=lambda: self._host.is_at_fault or bool(self._abroad)
        )

    async def play(self) -> Outcome:
        """Live through the day; stop at the first thing that is wrong."""
        for place in self._abroad:
            self._more += await place.open(self._folder)
        try:
            await self._lives()
            if self._scene.jobs and not self.outcome.wrong:
                for problem in self._judge.odd_runs(self._scene.jobs, self._lived):
                    self.wrong(problem)
            for what, times in self._judge.done().items():
                self._tally.note(what, times)
        finally:
            for place in self._abroad:
                await place.close()
        return self.outcome

    async def _lives(self) -> None:
        left = ACTIONS
        while left and not self.outcome.wrong:
            left = await self._one_life(left)
            night = self._scene.hours.night
            if left == AFTER_THE_TURN and night is not None:
                await self._clock.sleep(max(0.0, (night.ends - self._now()).total_seconds()))
                self._tell("morning")

    def close(self) -> None:
        """Let go of the files."""
        self._judge.close()

    def wrong(self, what: str) -> None:
        self.outcome.wrong.append(what)
        self._tell(f"WRONG {what}")

    async def _one_life(self, left: int) -> int:
        """Run the daemon until it ends or the day is over; return the actions left."""
        self._people.new_life()
        if self._chance.random() < STILLBORN:
            await self._die_while_starting()
        else:
            furnish(self._folder)
        life = Life()
        clients = TaskSupervisor(on_failure=self._client_failed)
        wire = Wire(self._clock, EXCHANGES_MARGIN, self._tally)
        async with self._daemon(life) as day:
            day.engine.bus.subscribe(NoticeRaised, self._notice)
            self._up_since = self._clock.monotonic()
            self._lived.append((self._now(), FOR_EVER))
            self._tell("the daemon is up")
            self._go_on(day, clients)
            while left and not self.outcome.wrong:
                left -= 1
                wire.tap(day.engine.services.brokers)
                if left == AFTER_THE_TURN and await self._turn(life, clients):
                    return left
                if not await self._step(day, life, clients):
                    self._travelling = wire.cut()
                    self._tally.note(Happening.KILL_WIRE, bool(self._travelling))
                    return left or 1
            if not self.outcome.wrong:
                self._recover(life)
                await self._evening(day, clients)
            await clients.close(1.0)
        return 0

    def _daemon(self, life: Life) -> AbstractAsyncContextManager[World]:
        return world(
            self._folder,
            self._scene.config + self._more,
            clock=self._clock,
            seed=self._chance.randrange(2**32),
            life=life,
            compute_sessions=sessions_there
            if self._features & AT_KIS
            else weekdays(closed=CLOSED, half=HALF),
        )

    def _go_on(self, day: World, clients: TaskSupervisor) -> None:
        """Take up what a kill has left to the next life."""
        for work in self._clerk.open:
            clients.spawn(self._clerk.carry_out(day, work), name=work.key)
        for order in self._travelling:
            clients.spawn(self._arrive(day, order), name=f"order {order.request.client_id}")

    async def _step(self, day: World, life: Life, clients: TaskSupervisor) -> bool:
        """Let one thing happen, and judge; return whether the daemon lives."""
        await self._pass(self._planner.gap())
        await self._doze()
        action = self._planner.action()
        if isinstance(action, Kill):
            await self._kill(life, action)
            return False
        await self._do(day, clients, action)
        self._beside(day, life, clients)
        steps = self._host.steps_to_death() if Feature.TROUBLE in self._features else None
        if steps is not None:
            for _ in range(steps):
                await asyncio.sleep(0)
            self._tally.note(Happening.KILL_STEP)
            await self._kill(life, Kill(0.0))
            return False
        if self._chance.random() < QUIET_POINTS:
            await self._quiet_point(life)
        return True

    async def _doze(self) -> None:
        """Let hours pass in which the daemon runs, and nobody wants anything."""
        dull = self._scene.hours.dull
        if dull is None or self._has_dozed or self._now() < dull.begins:
            return
        self._has_dozed = True
        self._tell(f"nobody wants anything until {dull.ends:%a %H:%M}")
        while (left_s := (dull.ends - self._now()).total_seconds()) > 0 and not self.outcome.wrong:
            await self._pass(min(LONG_S, left_s))

    async def _pass(self, seconds: float) -> None:
        """Let time pass, and judge what was written in it."""
        began = self._now()
        await self._clock.sleep(seconds)
        self._tally.passed(self._scene.hours.change, began, self._now())
        if self._judge.sees_news():
            self._judge_now()

    def _beside(self, day: World, life: Life, clients: TaskSupervisor) -> None:
        """Let people and misfortune do what is no action of the plan."""
        if self._editor.random() < RELOADS:
            clients.spawn(self._reload(day), name="reload")
        if Feature.PORTFOLIO in self._features and self._aside.random() < REBALANCES:
            clients.spawn(self._owner.act(day), name="owner")
        for place in self._abroad:
            if self._aside.random() < HARMS:
                self._tell(place.harm(self._aside))
        if Feature.TROUBLE in self._features:
            self._host.befall(life, day.engine.services.brokers)

    async def _turn(self, life: Life, clients: TaskSupervisor) -> bool:
        """Wait for a market's close; return whether the daemon is down for the night."""
        hours = self._scene.hours
        if hours.turn is None:
            return False
        while (now := self._now()) < hours.turn and not self.outcome.wrong:
            await self._pass(min(30.0, (hours.turn - now).total_seconds()))
        if hours.night is None or self.outcome.wrong:
            return False
        self._tally.note(Happening.NIGHT)
        if self._aside.random() < 0.5:
            await self._kill(life, Kill(0.0))
        else:
            self._tell("the daemon is stopped for the night")
            await clients.close(1.0)
        return True

    async def _kill(self, life: Life, action: Kill) -> None:
        self._lived[-1] = (self._lived[-1][0], self._now())
        self._tally.note(Happening.KILL)
        self._tally.note(Happening.KILL_WRITE, life.is_writing)
        self._tell(f"kill -9, down for {action.down_s} s")
        await self._end(life)
        if Feature.TROUBLE in self._features and self._host.loses_power():
            self._judge.forget_files()
            self._tally.note(Happening.POWER, tear(self._folder / "data" / "nettingd.db"))
        self._judge_now(up=False)
        await self._clock.sleep(action.down_s)

    async def _die_while_starting(self) -> None:
        """Start the daemon and kill it before, or soon after, it is up."""
        life = Life()
        supervisor = TaskSupervisor()
        running = self._daemon(life)

        async def live() -> None:
            async with running as day:
                await day.clock.sleep(QUIET_WITHIN_S)

        supervisor.spawn(live(), name="stillborn")
        seconds = self._chance.choice((0.0, 0.0001, 0.01, 0.2, 1.0, 3.0))
        if Feature.TROUBLE in self._features:
            for _ in range(self._host.turns_of_a_start()):
                await asyncio.sleep(0)
        else:
            await self._clock.sleep(seconds)
        self._tally.note(Happening.KILL_START)
        self._tell("kill -9 while it starts")
        await self._end(life)
        if self._judge.is_there():
            self._judge_now(up=False)

    async def _end(self, life: Life) -> None:
        """Kill a process, and close what it had open abroad, as the kernel does."""
        await life.kill()
        if life.engine is not None:
            for place in self._abroad:
                await place.mourn(life.engine)

    async def _arrive(self, day: World, order: Travelling) -> None:
        """Deliver an order that had left before the kill, if it may still arrive."""
        left_s = order.latest - self._clock.monotonic()
        if left_s <= 0 or self._judge.has_arrived(order.account, order.request.client_id):
            return
        await self._clock.sleep(self._chance.random() * left_s)
        if await arrive(day.engine.services.brokers, order):
            self._tell(f"{order.request.client_id} arrives, whose sender has died")

    async def _do(self, day: World, clients: TaskSupervisor, action: Action) -> None:
        match action:
            case Webhook():
                number = self._tally.request(action)
                self._tell(
                    f"#{number} {action.strategy} {action.key or 'no key'}: "
                    + "; ".join(map(spell, action.commands))
                )
                clients.spawn(self._callers.send(day, number, action), name=f"client {number}")
            case Halt():
                clients.spawn(self._people.halt(day, action), name=f"halt {action.name}")
            case LoseEvent(account):
                broker = day.engine.services.brokers.get(AccountName(account))
                if broker is not None:
                    broker.faults.script_event(Fault.LOST_EVENT)  # type: ignore[attr-defined]
                    self._tell(f"the stream of {account} loses its next event")
            case Event(works):
                for work in works:
                    self._tell(str(work))
                    self._clerk.open.append(work)
                    clients.spawn(self._clerk.carry_out(day, work), name=work.key)
            case ClockStep(seconds):
                self._tally.note(Happening.CLOCK)
                self._tell(f"the clock is set by {seconds} s")
                self._clock.step(timedelta(seconds=seconds))
            case Kill():
                raise AssertionError("a kill ends the life it happens in")

    async def _reload(self, day: World) -> None:
        """Change the configuration while orders are under way; it is taken over at once."""
        self._tally.note(Happening.RELOAD)
        self._tell("the configuration changes")
        choices = choices_of(self._scene)
        self._people.reload_begins()
        taken = await day.reload(edited(self._scene.config, self._editor, choices) + self._more)
        self._people.reload_is_over(day)
        if not taken and not self._host.was_full:
            self.wrong("a good configuration was refused")

    def _recover(self, life: Life) -> None:
        """Let host and brokers work again."""
        self._host.recover(life)
        for place in self._abroad:
            place.calm()

    async def _quiet_point(self, life: Life) -> None:
        """Do nothing until nothing is in flight; then the books must equal the exchanges'."""
        self._recover(life)
        left_s = QUIET_WITHIN_S
        while self._judge.is_busy() or not self._judge.is_still() or self._clerk.open:
            if left_s <= 0 or self.outcome.wrong:
                self._judge_now()
                return
            await self._pass(1.0)
            left_s -= 1.0
        self._tell("quiet")
        self._judge_now(still=True)
        await self._judge_dues()

    async def _evening(self, day: World, clients: TaskSupervisor) -> None:
        """Resume and cancel everything; all requests get their outcomes, and nothing is left."""
        await self._all_answered(clients, ("client", "owner"))
        self._judge_waits()
        while (left_s := (self._scene.jobs_are_over - self._now()).total_seconds()) > 0:
            await self._pass(min(left_s, 60.0))
        await self._people.evening(day)
        if Feature.PORTFOLIO in self._features and (left := await self._owner.evening(day)):
            self.wrong(left)
        for strategy in self._scene.strategies:
            webhook = Webhook(strategy, (cancel_all(),), f"evening {strategy}")
            await self._do(day, clients, webhook)
        await self._all_answered(clients)
        left_s = QUIET_WITHIN_S
        while (problems := self._judge.unsettled()) and left_s > 0 and not self.outcome.wrong:
            await self._pass(2.0)
            left_s -= 2.0
            if left_s < QUIET_WITHIN_S / 2:
                await self._clerk.say_which(day)
        for problem in problems:
            self.wrong(f"{problem} {QUIET_WITHIN_S:.0f} s after all was cancelled")
        self._judge_now(still=not problems, done=True)
        await self._close_books(day)
        await self._callers.outcomes(day)
        self._judge_promises()
        self._tell("the day is over")

    async def _close_books(self, day: World) -> None:
        """Let a comparison find what splits paid out, say whose it is; then nothing is left."""
        if self._clerk.fractions and not self.outcome.wrong:
            await self._clock.sleep(COMPARED_OFTEN * self._scene.compare_s)
            await self._clerk.assign_what_is_left(day)
            self._clerk.fractions.clear()
            self._judge_now(still=True, done=True)

    async def _judge_dues(self) -> None:
        """Find orders that were forgotten: whatever is due is done, or given up when it is old.

        Looked for twice: an account may only just be connected again.
        """
        found = self._forgotten()
        if found:
            await self._pass(LOOKED_AT_WITHIN_S)
        for what in sorted(found & self._forgotten()):
            self.wrong(what)

    def _forgotten(self) -> set[str]:
        if self._host.jumped_at or self._clock.monotonic() - self._up_since < LOOKED_AT_WITHIN_S:
            return set()
        now = self._now()
        return set(self._judge.overdue(now - FORGOTTEN, now - OVER))

    def _judge_promises(self) -> None:
        """Compare what was done in the day with what was asked for."""
        promises = self._judge.promises()
        limits = tomllib.loads(self._scene.config)["risk"]
        found = [*promises.broken(self._callers.asked)]
        if (value := limits.get("max_order_value")) is not None:
            found += promises.too_large(Decimal(value))
        times = self._tally.times
        if (most := limits.get("max_orders_per_minute")) and not times[Happening.CLOCK_JUMP]:
            found += promises.too_fast(most)
        if not times[Happening.CLOCK]:
            found += promises.bad_slices()
            if not times[Happening.DISK]:
                found += promises.doubtful()
        for what in found:
            self.wrong(what)

    async def _all_answered(self, clients: TaskSupervisor, kinds: tuple[str, ...] = ("",)) -> None:
        """Wait until every request has a reply; each comes in a few seconds, come what may.

        What a person enters may have to wait until the orders of a symbol have ended.
        """
        for _ in range(200):
            if not any(name.startswith(kinds) for name in clients.names):
                return
            await self._pass(1.0)
        self.wrong(f"without a reply: {', '.join(clients.names)}")

    def _judge_waits(self) -> None:
        """Find orders that wait for a time of a clock that was wrong."""
        if self._clock.monotonic() > self._host.jumped_at + SEEN_WITHIN_S:
            for waits in self._judge.waiting(self._now() + LONGEST_WAIT):
                self.wrong(waits)

    def _judge_now(self, *, still: bool = False, up: bool = True, done: bool = False) -> None:
        up_s = self._clock.monotonic() - max(self._up_since, self._host.jumped_at)
        found = self._judge.verdict(
            self._now(),
            still=still,
            up=up and up_s > REQUEST_AGE_MOST.total_seconds(),
            done=done,
            unsettled=self._clerk.unsettled,
            fractions=frozenset(self._clerk.fractions),
        )
        for what in found:
            self.wrong(what)

    def _notice(self, notice: NoticeRaised) -> None:
        self._tell(f"  {notice.account or '-'}: {notice.text}")

    def _client_failed(self, name: str, error: BaseException) -> None:
        if isinstance(error, StorageFullError) and self._host.was_full:
            self._tell(f"{name}: {error}")
            return
        self.wrong(f"{name}: {error!r}")

    def _now(self) -> datetime:
        return self._clock.now()

    def _tell(self, words: str) -> None:
        self.outcome.story.append(f"{self._now():%H:%M:%S.%f} {words}")
