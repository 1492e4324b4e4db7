"""The fault switches: what may go wrong with the next call of a route, and with the streams."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


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

    @property
    def is_after(self) -> bool:
        return self.value.endswith("_after")


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
        self._scripts: list[_Script] = []

    def script(self, route: str, fault: Fault, *, times: int = 1, delay_s: float = 0.0) -> None:
        """Let the next ``times`` calls of a route meet a fault."""
        self._scripts.append(_Script(route, fault, times, delay_s))

    def clear(self) -> None:
        self._scripts.clear()

    def meet(self, route: str) -> Met | None:
        """Take the first scripted fault that fits a call."""
        for script in self._scripts:
            if fnmatchcase(route, script.pattern):
                script.times -= 1
                if script.times == 0:
                    self._scripts.remove(script)
                return Met(script.fault, script.delay_s)
        return None
