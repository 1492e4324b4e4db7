"""What can go wrong between us and the exchange, by chance or on order.

Chance is rolled for every single call and event, from a seed. A test writes a script instead:
``faults.script("place", Fault.ANSWER_LOST_AFTER)`` strikes the next such call, whatever the
probabilities say.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from adapters.paper.dice import happens, pick

if TYPE_CHECKING:
    from decimal import Decimal

    from adapters.paper.settings import FaultSettings

Call = Literal[
    "open",
    "fingerprint",
    "place",
    "cancel",
    "find",
    "open_orders",
    "fills_since",
    "holdings",
    "quote",
    "instrument",
    "server_time",
]


class Fault(StrEnum):
    """One thing that goes wrong with one call, or with one event of the stream.

    "Before" and "after" are meant of the exchange carrying out the request. A lost answer leaves
    the caller waiting until its own time limit; a reset tells it that the connection broke.
    """

    ANSWER_LOST_BEFORE = "answer_lost_before"
    ANSWER_LOST_AFTER = "answer_lost_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    SERVER_ERROR_BEFORE = "server_error_before"
    SERVER_ERROR_AFTER = "server_error_after"
    RATE_LIMIT = "rate_limit"
    REJECT = "reject"
    DELAY = "delay"
    DUPLICATE_FILL = "duplicate_fill"
    LATE_FILL = "late_fill"
    LOST_EVENT = "lost_event"
    DISCONNECT = "disconnect"

    @property
    def is_before(self) -> bool:
        """Whether the exchange never carries out the request."""
        return self in _BEFORE

    @property
    def loses_answer(self) -> bool:
        return self in {Fault.ANSWER_LOST_BEFORE, Fault.ANSWER_LOST_AFTER}

    @property
    def resets(self) -> bool:
        return self in {Fault.RESET_BEFORE, Fault.RESET_AFTER}


_BEFORE = frozenset(
    {
        Fault.ANSWER_LOST_BEFORE,
        Fault.RESET_BEFORE,
        Fault.SERVER_ERROR_BEFORE,
        Fault.RATE_LIMIT,
        Fault.REJECT,
    }
)
STREAM_FAULTS = frozenset(
    {Fault.DUPLICATE_FILL, Fault.LATE_FILL, Fault.LOST_EVENT, Fault.DISCONNECT}
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to one call: perhaps a fault, and how long the request is held up."""

    fault: Fault | None
    delay_s: float


class Faults:
    """Decides about each call and event; ``session`` makes chance differ after a restart."""

    def __init__(self, settings: FaultSettings, seed: int, session: int) -> None:
        self._settings = settings
        self._seed = seed
        self._session = session
        self._rolled = 0
        self._calls: defaultdict[Call, deque[Trouble]] = defaultdict(deque)
        self._events: deque[Fault] = deque()

    def script(self, call: Call, fault: Fault, *, delay_s: float = 0.0) -> None:
        """Let the next call of this kind, after those scripted before, meet this fault."""
        if fault in STREAM_FAULTS:
            raise ValueError(f"{fault} is a fault of the stream, not of a call")
        self._calls[call].append(Trouble(None if fault is Fault.DELAY else fault, delay_s))

    def script_event(self, fault: Fault) -> None:
        """Let the next event that can meet this fault of the stream meet it."""
        if fault not in STREAM_FAULTS:
            raise ValueError(f"{fault} is a fault of a call, not of the stream")
        self._events.append(fault)

    def of_call(self, call: Call) -> Trouble:
        """Decide about one call. Only orders and cancels are rejected."""
        scripted = self._calls[call]
        if scripted:
            return scripted.popleft()
        settings = self._settings
        writes = call in {"place", "cancel"}
        fault = None
        if self._strikes(settings.answer_lost_before):
            fault = self._one_of(Fault.ANSWER_LOST_BEFORE, Fault.RESET_BEFORE)
        elif self._strikes(settings.answer_lost_after):
            fault = self._one_of(Fault.ANSWER_LOST_AFTER, Fault.RESET_AFTER)
        elif self._strikes(settings.server_error):
            fault = self._one_of(Fault.SERVER_ERROR_BEFORE, Fault.SERVER_ERROR_AFTER)
        elif self._strikes(settings.rate_limit):
            fault = Fault.RATE_LIMIT
        elif writes and self._strikes(settings.reject):
            fault = Fault.REJECT
        return Trouble(fault, self._delay_s())

    def of_event(self, *, is_fill: bool) -> Fault | None:
        """Decide about one event. Only fills come twice or late."""
        if self._events and (is_fill or self._events[0] in {Fault.LOST_EVENT, Fault.DISCONNECT}):
            return self._events.popleft()
        settings = self._settings
        if self._strikes(settings.disconnect):
            return Fault.DISCONNECT
        if self._strikes(settings.lost_events):
            return Fault.LOST_EVENT
        if is_fill and self._strikes(settings.duplicate_fills):
            return Fault.DUPLICATE_FILL
        if is_fill and self._strikes(settings.late_fills):
            return Fault.LATE_FILL
        return None

    def _strikes(self, probability: Decimal) -> bool:
        if not probability:
            return False
        self._rolled += 1
        return happens(probability, self._seed, "fault", self._session, self._rolled)

    def _one_of(self, first: Fault, second: Fault) -> Fault:
        self._rolled += 1
        return (first, second)[pick(2, self._seed, "which", self._session, self._rolled)]

    def _delay_s(self) -> float:
        if not self._settings.delay_ms:
            return 0.0
        self._rolled += 1
        about = self._seed, "delay", self._session, self._rolled
        return pick(self._settings.delay_ms + 1, *about) / 1000
