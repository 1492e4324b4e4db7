"""The fault switches: what may go wrong with the next call of a route, and with the streams."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

LEFT_OUT = 0.3
"""How likely a mutation leaves a field out, rather than changing it."""


class Fault(StrEnum):
    """What a call meets. The names say whether the request was carried out."""

    DELAY = "delay"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    TRUNCATE_AFTER = "truncate_after"
    UNKNOWN_503_AFTER = "unknown_503_after"
    UNKNOWN_503_BEFORE = "unknown_503_before"
    UNAVAILABLE_503_BEFORE = "unavailable_503_before"
    INTERNAL_503_BEFORE = "internal_503_before"
    OVERLOAD_503_BEFORE = "overload_503_before"
    SHUTDOWN_503_BEFORE = "shutdown_503_before"
    SHUTDOWN_400_BEFORE = "shutdown_400_before"
    """The service goes down for maintenance; no page says with which status it tells."""
    TIMEOUT_408_AFTER = "timeout_408_after"
    TIMEOUT_408_BEFORE = "timeout_408_before"
    GARBAGE_200_AFTER = "garbage_200_after"
    EMPTY_200_AFTER = "empty_200_after"
    BAD_GATEWAY_502_AFTER = "bad_gateway_502_after"
    GATEWAY_TIMEOUT_504_AFTER = "gateway_timeout_504_after"
    FIREWALL_403_BEFORE = "firewall_403_before"
    RATE_LIMIT_429_BEFORE = "rate_limit_429_before"
    BAN_418_BEFORE = "ban_418_before"
    SILENT_BEFORE = "silent_before"
    SILENT_AFTER = "silent_after"
    """The connection stays open, and nothing more comes over it."""
    LATE = "late"
    """The connection breaks now; the request is carried out ``delay_s`` later, if its recvWindow
    still allows it then."""

    MUTATED_AFTER = "mutated_after"
    """The true reply with one thing changed: left out, null, of another type, a stranger's id."""

    @property
    def is_after(self) -> bool:
        return self.value.endswith("_after")


UNKNOWN = "Unknown error, please check your request or try again later."
SHUTDOWN = "This service is no longer available."
TIMEOUT = "Timeout waiting for response from backend server. Send status unknown."
JSON_REPLIES: dict[Fault, tuple[int, dict[str, object]]] = {
    Fault.UNKNOWN_503_AFTER: (503, {"code": -1000, "msg": UNKNOWN}),
    Fault.UNKNOWN_503_BEFORE: (503, {"code": -1000, "msg": UNKNOWN}),
    Fault.UNAVAILABLE_503_BEFORE: (503, {"code": -1000, "msg": "Service Unavailable."}),
    Fault.INTERNAL_503_BEFORE: (
        503,
        {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."},
    ),
    Fault.OVERLOAD_503_BEFORE: (
        503,
        {"code": -1008, "msg": "Server is currently overloaded with other requests."},
    ),
    Fault.SHUTDOWN_503_BEFORE: (503, {"code": -1016, "msg": SHUTDOWN}),
    Fault.SHUTDOWN_400_BEFORE: (400, {"code": -1016, "msg": SHUTDOWN}),
    Fault.TIMEOUT_408_AFTER: (408, {"code": -1007, "msg": TIMEOUT}),
    Fault.TIMEOUT_408_BEFORE: (408, {"code": -1007, "msg": TIMEOUT}),
}
RETRY_AFTER_S = {Fault.RATE_LIMIT_429_BEFORE: 5, Fault.BAN_418_BEFORE: 120}
"""How long a refusal for the rate asks to wait."""


@dataclass(slots=True)
class _Script:
    pattern: str
    fault: Fault
    times: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class Met:
    fault: Fault
    delay_s: float


class Faults:
    """Scripted by a test. A route is ``METHOD /path`` or ``WS method``; ``*`` stands for any part.

    ``query_lag_s``: queries of single orders say -2013 for so long after an order was placed.
    ``event_order``: whether user events go out ``after`` the reply (as mostly), ``before``, or
    ``random``. ``stalled``: user streams stay open and say nothing. ``duplicates``: every user
    event is told twice. ``late_trades``: so many trades are told ``late_s`` after they happened,
    and after what follows them. ``retry_after_s``: the wait that scripted refusals for the rate
    ask for, None for the usual one.
    """

    def __init__(self) -> None:
        self.query_lag_s = 0.0
        self.event_order = "after"
        self.stalled = False
        self.duplicates = False
        self.late_trades = 0
        self.late_s = 1.0
        self.retry_after_s: int | None = None
        self.impatient = 0
        """Requests that came before the time that a refusal for the rate had told."""
        self._scripts: list[_Script] = []

    def script(self, route: str, fault: Fault, *, times: int = 1, delay_s: float = 0.0) -> None:
        """Let the next ``times`` calls of a route meet a fault."""
        self._scripts.append(_Script(route, fault, times, delay_s))

    def clear(self) -> None:
        self._scripts.clear()

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.clear()
        self.query_lag_s = 0.0
        self.event_order = "after"
        self.stalled = self.duplicates = False
        self.late_trades = 0

    def meet(self, route: str) -> Met | None:
        """Take the first scripted fault that fits a call."""
        for script in self._scripts:
            if fnmatchcase(route, script.pattern):
                script.times -= 1
                if script.times == 0:
                    self._scripts.remove(script)
                return Met(script.fault, script.delay_s)
        return None


def mutated(reply: object, dice: random.Random) -> object:
    """Return a copy of a decoded reply with one value of it changed."""
    places = list(_places(reply))
    if not places:
        return {"reply": reply}
    path = dice.choice(places)
    *above, last = path
    copy = here = deepcopy(reply)
    for step in above:
        here = here[step]  # type: ignore[index]
    assert isinstance(here, dict | list)  # a place is inside one
    value = here[last]  # type: ignore[index]
    if isinstance(here, dict) and dice.random() < LEFT_OUT:
        del here[last]
    else:
        here[last] = dice.choice(_instead_of(value))  # type: ignore[index]
    return copy


def _places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inside: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    for key, each in inside:
        yield (*path, key)
        yield from _places(each, (*path, key))


def _instead_of(value: object) -> list[object]:
    others: list[object] = [None, "", "NaN", "-1", -1, [], {}, "a word nobody documented"]
    if isinstance(value, int) and not isinstance(value, bool):
        others += [value + 1, str(value), float(value)]
    return [other for other in others if other != value]
