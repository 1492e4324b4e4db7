"""One simulated day: a daemon, its two exchanges, its strategies, and much that goes wrong."""

from __future__ import annotations

import hashlib
import logging
import random
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from adapters.clock import LoopClock
from adapters.paper.faults import Fault
from adapters.tasks import TaskSupervisor
from algorithms.domain import AccountName, StrategyName
from daemon.execution.commands import CancelAll, Submission
from daemon.execution.desk import KeyReusedError
from daemon.execution.halts import Scope
from daemon.signals import NoticeRaised
from tests.simulation.judge import Judge
from tests.simulation.paperwork import Clerk
from tests.simulation.plan import ClockStep, Event, Halt, Kill, LoseEvent, Planner, Webhook
from tests.simulation.scene import STRATEGIES, edited, set_scene
from tests.simulation.wire import Travelling, Wire, arrive
from tests.support.loops import in_virtual_time
from tests.support.mortal import Life
from tests.support.world import START, World, cancel_all, remember, world

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.execution.commands import Command
    from daemon.execution.desk import Reply
    from tests.simulation.plan import Action

ACTIONS = 60
QUIET_POINTS = 0.04
RELOADS = 0.03
STILLBORN = 0.1
EXCHANGES_MARGIN = timedelta(seconds=1)
"""By so much sooner than its ``settle_time`` a paper exchange stops taking what comes late."""
QUIET_WITHIN_S = 900.0
COMPARED_S = 200.0
"""After this every difference has been seen twice, a broken stream or two included."""
FINAL = frozenset({"done", "partial", "failed", "dropped"})
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, where there is one


@dataclass(slots=True)
class Outcome:
    """What came of a day: its story, and what was wrong."""

    seed: int
    story: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    requests: int = 0
    kills: int = 0


class _Errors(logging.Handler):
    """A mistake that was only logged is a mistake all the same; an alarm to people is none."""

    def __init__(self, day: Day) -> None:
        super().__init__(logging.ERROR)
        self._day = day

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "notice":
            return
        words = record.getMessage()
        if record.name == "notice" and "it is halted until it is resumed" in words:
            return  # a loss is no mistake of the daemon's
        if record.exc_info and record.exc_info[1] is not None:
            words += f" {record.exc_info[1]!r}"
        self._day.wrong(f"logged: {words}")


class Day:
    """Plays a seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.outcome = Outcome(seed)
        self._folder = folder
        self._chance = random.Random(seed)
        self._scene = set_scene(self._chance)
        self._planner = Planner(self._chance, self._scene.lost_events)
        self._judge = Judge(folder)
        self._clerk = Clerk(self._judge, self._tell)
        self._clock = LoopClock(START)
        self._acknowledged: dict[str, str] = {}
        self._travelling: list[Travelling] = []
        self._editor = random.Random(f"edits of {seed}")

    async def play(self) -> Outcome:
        """Live through the day; stop at the first thing that is wrong."""
        left = ACTIONS
        while left and not self.outcome.wrong:
            left = await self._one_life(left)
        return self.outcome

    def wrong(self, what: str) -> None:
        self.outcome.wrong.append(what)
        self._tell(f"WRONG {what}")

    async def _one_life(self, left: int) -> int:
        """Run the daemon until it is killed or the day is over; return the actions left."""
        if self._chance.random() < STILLBORN:
            await self._die_while_starting()
        life = Life()
        clients = TaskSupervisor(on_failure=self._client_failed)
        wire = Wire(self._clock, EXCHANGES_MARGIN)
        seed = self._chance.randrange(2**32)
        async with world(
            self._folder, self._scene.config, clock=self._clock, seed=seed, life=life
        ) as day:
            day.engine.bus.subscribe(NoticeRaised, self._notice)
            self._tell("the daemon is up")
            for work in self._clerk.open:
                clients.spawn(self._clerk.carry_out(day, work), name=work.key)
            for order in self._travelling:
                clients.spawn(self._arrive(day, order), name=f"order {order.request.client_id}")
            while left and not self.outcome.wrong:
                left -= 1
                wire.tap(day.engine.services.brokers)
                await self._clock.sleep(self._planner.gap())
                action = self._planner.action()
                if isinstance(action, Kill):
                    self._travelling = wire.cut()
                    await self._kill(life, action)
                    return left or 1
                await self._do(day, clients, action)
                if self._editor.random() < RELOADS:
                    clients.spawn(self._reload(day), name="reload")
                if self._chance.random() < QUIET_POINTS:
                    await self._quiet_point()
            if not self.outcome.wrong:
                await self._evening(day, clients)
            await clients.close(1.0)
        return 0

    async def _kill(self, life: Life, action: Kill) -> None:
        self.outcome.kills += 1
        self._tell(f"kill -9, down for {action.down_s} s")
        await life.kill()
        self._judge_now(up=False)
        await self._clock.sleep(action.down_s)

    async def _die_while_starting(self) -> None:
        """Start the daemon and kill it before, or soon after, it is up."""
        life = Life()
        supervisor = TaskSupervisor()
        seed = self._chance.randrange(2**32)

        async def live() -> None:
            async with world(
                self._folder, self._scene.config, clock=self._clock, seed=seed, life=life
            ) as day:
                await day.clock.sleep(QUIET_WITHIN_S)

        supervisor.spawn(live(), name="stillborn")
        await self._clock.sleep(self._chance.choice((0.0, 0.0001, 0.01, 0.2, 1.0, 3.0)))
        self._tell("kill -9 while it starts")
        await life.kill()
        if self._judge.is_there():
            self._judge_now(up=False)

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
                self.outcome.requests += 1
                number = self.outcome.requests
                self._tell(
                    f"#{number} {action.strategy} {action.key or 'no key'}: "
                    + "; ".join(map(_spell, action.commands))
                )
                clients.spawn(self._send(day, number, action), name=f"client {number}")
            case Halt():
                clients.spawn(self._halt(day, action), name=f"halt {action.name}")
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
                self._tell(f"the clock is set by {seconds} s")
                self._clock.step(timedelta(seconds=seconds))
            case Kill():
                raise AssertionError("a kill ends the life it happens in")

    async def _send(self, day: World, number: int, webhook: Webhook) -> Reply | None:
        submission = Submission(
            strategy=StrategyName(webhook.strategy),
            source="webhook",
            commands=webhook.commands,
            key=webhook.key,
            body_hash=hashlib.sha256(repr(webhook.commands).encode()).digest(),
            body=remember(webhook.commands),
            warnings=(),
            received_at=self._clock.now(),
        )
        try:
            reply = await day.engine.desk.submit(submission)
        except KeyReusedError:
            self._tell(f"#{number} 409")
            return None
        body = orjson.loads(reply.body)
        self._acknowledged[body["id"]] = webhook.strategy
        self._tell(f"#{number} {reply.http_status} {body['id']} {body['message']}")
        if body["success"] and isinstance(command := webhook.commands[-1], CancelAll):
            for escaped in self._judge.escaped(webhook.strategy, body["id"], command):
                self.wrong(escaped)
        for result in body["results"]:
            for order in result["orders"]:
                if order["error"]:
                    self._tell(f"#{number}   {result['account_id']}: {order['error']}")
                self._planner.known += [
                    known for known in (order["id"], order["exchange_order_id"]) if known
                ]
        return reply

    async def _halt(self, day: World, halt: Halt) -> None:
        scope = Scope(halt.scope)
        self._tell(f"halt {halt.scope} {halt.name} for {halt.seconds} s")
        await day.engine.halts.halt(scope, halt.name, "a person wants it", self._clock.now())
        await self._clock.sleep(halt.seconds)
        await day.engine.halts.resume(scope, halt.name)
        self._tell(f"resume {halt.scope} {halt.name}")
        day.engine.fleet.wake()

    async def _reload(self, day: World) -> None:
        """Change the configuration while orders are under way; it is taken over at once."""
        self._tell("the configuration changes")
        if not await day.reload(edited(self._scene.config, self._editor)):
            self.wrong("a good configuration was refused")

    async def _quiet_point(self) -> None:
        """Do nothing until nothing is in flight; then the books must equal the exchanges'."""
        left_s = QUIET_WITHIN_S
        while self._judge.is_busy() or not self._judge.is_still() or self._clerk.open:
            if left_s <= 0 or self.outcome.wrong:
                self._judge_now()
                return
            await self._clock.sleep(1.0)
            left_s -= 1.0
        self._tell("quiet")
        self._judge_now(still=True)

    async def _evening(self, day: World, clients: TaskSupervisor) -> None:
        """Resume and cancel everything; all requests get their outcomes, and nothing is left."""
        await self._all_answered(clients)
        for scope, name in await self._halts(day):
            await day.engine.halts.resume(Scope(scope), name)
        day.engine.fleet.wake()
        for strategy in STRATEGIES:
            webhook = Webhook(strategy, (cancel_all(),), f"evening {strategy}")
            await self._do(day, clients, webhook)
        await self._all_answered(clients)
        left_s = QUIET_WITHIN_S
        while (problems := self._unsettled()) and left_s > 0 and not self.outcome.wrong:
            await self._clock.sleep(2.0)
            left_s -= 2.0
        for problem in problems:
            self.wrong(f"{problem} {QUIET_WITHIN_S:.0f} s after all was cancelled")
        self._judge_now(still=not problems, done=True)
        await self._close_books(day)
        for request_id, strategy in list(self._acknowledged.items()):
            reply = await day.engine.desk.request_status(StrategyName(strategy), request_id)
            status = None if reply is None else orjson.loads(reply.body)["status"]
            if status not in FINAL:
                self.wrong(f"request {request_id} was acknowledged and is {status}")
        self._tell("the day is over")

    async def _close_books(self, day: World) -> None:
        """Let a comparison find what splits paid out, say whose it is; then nothing is left."""
        if self._clerk.fractions and not self.outcome.wrong:
            await self._clock.sleep(COMPARED_S)
            await self._clerk.assign_what_is_left(day)
            self._clerk.fractions.clear()
            self._judge_now(still=True, done=True)

    async def _all_answered(self, clients: TaskSupervisor) -> None:
        """Wait until every request has a reply; each comes in a few seconds, come what may."""
        for _ in range(200):
            if not clients.names:
                return
            await self._clock.sleep(1.0)
        self.wrong(f"without a reply: {', '.join(clients.names)}")

    def _unsettled(self) -> list[str]:
        found = []
        if self._judge.is_busy():
            found.append("something is under way")
        if not self._judge.is_still():
            found.append("fills are not booked")
        return found

    async def _halts(self, day: World) -> list[tuple[str, str]]:
        return [(row["scope"], row["name"]) for row in await day.rows("halts")]

    def _judge_now(self, *, still: bool = False, up: bool = True, done: bool = False) -> None:
        found = self._judge.verdict(
            self._now(),
            still=still,
            up=up,
            done=done,
            unsettled=self._clerk.unsettled,
            fractions=frozenset(self._clerk.fractions),
        )
        for what in found:
            self.wrong(what)

    def _notice(self, notice: NoticeRaised) -> None:
        self._tell(f"  {notice.account or '-'}: {notice.text}")

    def _client_failed(self, name: str, error: BaseException) -> None:
        self.wrong(f"{name}: {error!r}")

    def _now(self) -> datetime:
        return self._clock.now()

    def _tell(self, words: str) -> None:
        self.outcome.story.append(f"{self._now():%H:%M:%S.%f} {words}")


def play(seed: int) -> Outcome:
    """Play the day of a seed, in a folder of its own."""
    place = str(MEMORY) if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        day = Day(seed, Path(folder))
        errors = _Errors(day)
        root = logging.getLogger()
        root.addHandler(errors)
        try:
            return in_virtual_time(day.play())
        finally:
            root.removeHandler(errors)


def _spell(command: Command) -> str:
    """Write a command short: what is not said does not matter."""
    fields = (
        f"{name}={value}"
        for name in command._fields
        if (value := getattr(command, name)) is not None and name != "venue"
    )
    at = f" at {command.venue.account}" if command.venue.account else ""
    return f"{type(command).__name__} {' '.join(fields)}{at}"
