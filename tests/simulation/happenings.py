"""What happens in simulated days, counted: what a day is said to hold must really have happened.

``WHERE`` names the code that does it. A run of many days fails if any of it never happened in them.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from adapters.paper.faults import Fault as PaperFault
from daemon.execution.commands import Place
from tests.simulators.binance import Fault as BinanceFault
from tests.simulators.kis import Fault as KisFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tests.simulation.plan import Webhook

ENOUGH_DAYS = 1000
"""In so many days everything happens at least once."""


class Happening(StrEnum):
    """One thing that happens; its value says it to people."""

    WEBHOOK = "webhooks"
    REPEAT = "webhooks sent again"
    SHORT = "of all, those that took the short way"
    CANCEL = "cancels of single orders and of all"
    CROSSED = "orders crossed inside an account"
    SLICE = "orders worked in slices (TWAP)"
    RULE = "orders that a rule made"
    REBALANCE = "rebalances that were carried out"
    LADDER = "orders for the close that stood in a ladder"
    SPLIT = "splits of a stock carried out"
    BINANCE = "orders at the simulated Binance"
    KIS_US = "orders for American stocks at the simulated KIS"
    KIS_KR = "orders for Korean stocks at the simulated KIS"
    LOST = "answers that never came: time-outs, broken connections"
    LOST_DONE = "of them such whose request had been carried out"
    LATE = "answers and requests held up"
    UNREADABLE = "answers that nobody can read, or that prove nothing"
    RATE = "refusals for the rate, bans included"
    REJECTED = "orders and cancels rejected out of the blue"
    EVENT_LOST = "events lost"
    EVENT_TWICE = "events told twice"
    EVENT_LATE = "events told late, after those that followed them"
    EVENT_FIRST = "events told before the answer to the order they tell of"
    STREAM = "event streams broken or silent"
    KILL = "kills, with whatever was under way"
    KILL_STEP = "of them at any turn of the event loop, after a request"
    KILL_WRITE = "of them between a write and its commit"
    KILL_WIRE = "of them with an order on its way to the exchange"
    POWER = "of them power cuts: the last write is torn, the log's index lost"
    KILL_START = "kills of a daemon that is only starting"
    CLOCK = "clocks that are set"
    CLOCK_JUMP = "of them by minutes, or by an hour"
    SUMMER = "changes to or from summer time that a daemon lives through"
    DISK = "full disks"
    AWAY = "brokers that are away, or closed for maintenance"
    RELOAD = "reloads of the configuration"
    HALT = "halts"
    NIGHT = "nights in which nobody runs the daemon"


WHERE: dict[Happening, str] = {
    Happening.WEBHOOK: "plan.Planner",
    Happening.REPEAT: "plan.Planner",
    Happening.SHORT: "callers.Callers",
    Happening.CANCEL: "plan.Planner",
    Happening.CROSSED: "plan.Planner",
    Happening.SLICE: "plan.Planner",
    Happening.RULE: "scene.RULES",
    Happening.REBALANCE: "portfolio.Owner",
    Happening.LADDER: "wishes.Wishes",
    Happening.SPLIT: "paperwork.Clerk",
    Happening.BINANCE: "abroad.Coins",
    Happening.KIS_US: "shares.Shares",
    Happening.KIS_KR: "shares.Shares",
    Happening.LOST: "scene.FAULTS",
    Happening.LOST_DONE: "scene.FAULTS",
    Happening.LATE: "scene.FAULTS",
    Happening.UNREADABLE: "abroad.Coins",
    Happening.RATE: "scene.FAULTS",
    Happening.REJECTED: "scene.FAULTS",
    Happening.EVENT_LOST: "plan.LoseEvent",
    Happening.EVENT_TWICE: "scene.FAULTS",
    Happening.EVENT_LATE: "scene.FAULTS",
    Happening.EVENT_FIRST: "abroad.Coins",
    Happening.STREAM: "scene.FAULTS",
    Happening.KILL: "plan.Kill",
    Happening.KILL_STEP: "trouble.Host",
    Happening.KILL_WRITE: "trouble.Host",
    Happening.KILL_WIRE: "wire.Wire",
    Happening.POWER: "disk.tear",
    Happening.KILL_START: "day.Day",
    Happening.CLOCK: "plan.ClockStep",
    Happening.CLOCK_JUMP: "trouble.Host",
    Happening.SUMMER: "scene.CHANGES",
    Happening.DISK: "trouble.Host",
    Happening.AWAY: "trouble.Host",
    Happening.RELOAD: "scene.EDITS",
    Happening.HALT: "plan.Halt",
    Happening.NIGHT: "scene.Night",
}
"""Where in this package each of them is done, or said how often."""

P, B, K = PaperFault, BinanceFault, KisFault
LOST_BEFORE = frozenset[StrEnum](
    {P.ANSWER_LOST_BEFORE, P.RESET_BEFORE, B.DROP_BEFORE, B.SILENT_BEFORE, B.LATE}
    | {K.DROP_BEFORE, K.SILENCE_BEFORE, K.LATE}
)
LOST_AFTER = frozenset[StrEnum](
    {P.ANSWER_LOST_AFTER, P.RESET_AFTER, B.DROP_AFTER, B.SILENT_AFTER, B.TRUNCATE_AFTER}
    | {K.DROP_AFTER, K.SILENCE_AFTER, K.TRUNCATE_AFTER}
)
MEANING: dict[StrEnum, Happening] = {
    **dict.fromkeys(LOST_BEFORE | LOST_AFTER, Happening.LOST),
    **dict.fromkeys((P.DELAY, B.DELAY, K.DELAY, K.SLOW), Happening.LATE),
    **dict.fromkeys((P.RATE_LIMIT, B.RATE_LIMIT_429_BEFORE, B.BAN_418_BEFORE), Happening.RATE),
    **dict.fromkeys((P.REJECT, B.FIREWALL_403_BEFORE, K.REJECT_LATE), Happening.REJECTED),
    **dict.fromkeys((B.SHUTDOWN_400_BEFORE, B.SHUTDOWN_503_BEFORE), Happening.AWAY),
    K.NOTICE_FIRST: Happening.EVENT_FIRST,
    P.LOST_EVENT: Happening.EVENT_LOST,
    P.DUPLICATE_FILL: Happening.EVENT_TWICE,
    P.LATE_FILL: Happening.EVENT_LATE,
    P.DISCONNECT: Happening.STREAM,
}
"""What it means that a call or an event met a fault; all others make an answer unreadable."""


class Tally:
    """Counts what happens."""

    def __init__(self) -> None:
        self.times: Counter[Happening] = Counter()
        self._sent: set[Webhook] = set()

    def note(self, what: Happening, times: int = 1) -> None:
        self.times[what] += times

    def request(self, webhook: Webhook) -> int:
        """Count a request, and return which it is."""
        self.note(Happening.WEBHOOK)
        self.note(Happening.REPEAT, webhook in self._sent)
        self._sent.add(webhook)
        self.note(Happening.CANCEL, sum(not isinstance(each, Place) for each in webhook.commands))
        return self.times[Happening.WEBHOOK]

    def passed(self, change: datetime | None, since: datetime, now: datetime) -> None:
        """Count a change of the clocks between two moments of a life."""
        self.note(Happening.SUMMER, change is not None and since < change <= now)

    def met(self, fault: StrEnum) -> None:
        """Count that something met a fault."""
        self.note(MEANING.get(fault, Happening.UNREADABLE))
        if fault in LOST_AFTER:
            self.note(Happening.LOST_DONE)


def table(days: Sequence[Counter[Happening]]) -> Iterable[str]:
    """Say how often each thing happened, and in how many days, as Markdown."""
    yield "| what happens | done by | times | days |"
    yield "|---|---|---|---|"
    for what in Happening:
        times = sum(day[what] for day in days)
        held = sum(1 for day in days if day[what])
        yield f"| {what} | `{WHERE[what]}` | {times:,} | {held} |"


def never(days: Iterable[Counter[Happening]]) -> list[Happening]:
    """Return what never happened."""
    happened = {what for day in days for what, times in day.items() if times}
    return [what for what in Happening if what not in happened]
