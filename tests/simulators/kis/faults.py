"""The fault switches: what may go wrong with the next call of an operation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


class Fault(StrEnum):
    """What a call meets. The last word says whether the request was carried out."""

    DELAY = "delay"
    """The true answer, ``delay_s`` later: the request was carried out before."""
    SLOW = "slow"
    """The true answer; the request is carried out only after ``delay_s``."""
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    LATE = "late"
    """The connection breaks now; the request is carried out ``delay_s`` later all the same."""
    SILENCE_BEFORE = "silence_before"
    SILENCE_AFTER = "silence_after"
    """No answer comes, and the connection stays open."""
    TRUNCATE_AFTER = "truncate_after"
    GATEWAY_BEFORE = "gateway_before"
    GATEWAY_AFTER = "gateway_after"
    """A gateway error with ``code``."""
    NO_NUMBER_BEFORE = "no_number_before"
    NO_NUMBER_AFTER = "no_number_after"
    """Success by ``rt_cd``, but IGW00009 and no order number."""
    HTML_BEFORE = "html_before"
    HTML_AFTER = "html_after"
    EMPTY_BEFORE = "empty_before"
    EMPTY_AFTER = "empty_after"
    NOTICE_FIRST = "notice_first"
    """The notices of an order, fills too, go out ``delay_s`` before its answer."""
    REJECT_LATE = "reject_late"
    """The broker takes the order; the exchange rejects it ``delay_s`` later."""
    DATA_CHANGED = "data_changed"
    """A list answers SYDB0050."""
    NOTHING = "nothing"
    """A list is empty, or an object blank, although there is something to show."""

    @property
    def is_after(self) -> bool:
        return self.value.endswith("_after")


DEFAULT_CODES = {
    Fault.GATEWAY_BEFORE: "EGW00201",
    Fault.GATEWAY_AFTER: "EGW00302",
}


@dataclass(frozen=True, slots=True)
class Met:
    fault: Fault
    delay_s: float = 0.0
    code: str = ""


@dataclass(slots=True)
class _Script:
    pattern: str
    met: Met
    times: int


@dataclass(frozen=True, slots=True)
class _Odds:
    pattern: str
    percent: int
    mets: tuple[Met, ...]


class Faults:
    """Scripted, or at random. A route is an operation's name; ``*`` stands for any part.

    ``token``, ``approval``, ``revoke`` and ``hashkey`` are operations too.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._scripts: list[_Script] = []
        self._odds: list[_Odds] = []
        self.met: list[tuple[str, Fault]] = []
        """Every fault that a call has met."""

    def script(
        self, route: str, fault: Fault, *, times: int = 1, delay_s: float = 0.0, code: str = ""
    ) -> None:
        """Let the next ``times`` calls of a route meet a fault."""
        self._scripts.append(_Script(route, _met(fault, delay_s, code), times))

    def odds(self, route: str, percent: int, *mets: Met) -> None:
        """Let ``percent`` of the calls of a route meet one of some faults, by the seed."""
        known = tuple(_met(each.fault, each.delay_s, each.code) for each in mets)
        self._odds.append(_Odds(route, percent, known))

    def clear(self) -> None:
        self._scripts.clear()
        self._odds.clear()

    def meet(self, route: str) -> Met | None:
        """Take the fault that a call meets: the first scripted one, or by chance."""
        met = self._next(route)
        if met is not None:
            self.met.append((route, met.fault))
        return met

    def _next(self, route: str) -> Met | None:
        for script in self._scripts:
            if fnmatchcase(route, script.pattern):
                script.times -= 1
                if script.times == 0:
                    self._scripts.remove(script)
                return script.met
        for odds in self._odds:
            if fnmatchcase(route, odds.pattern) and self._random.randrange(100) < odds.percent:
                return self._random.choice(odds.mets)
        return None


def _met(fault: Fault, delay_s: float, code: str) -> Met:
    return Met(fault, delay_s, code or DEFAULT_CODES.get(fault, ""))
