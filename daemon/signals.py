"""What one part of the daemon tells the others, after it is on disk and never before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from algorithms.domain import AccountName, Symbol

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class WorkArrived:
    """An account has something to do now: a new order, a child that ended, a cancel."""

    account: AccountName
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class RequestSettled:
    """A webhook (or another request) has its final answer."""

    request_id: str
    http_status: int
    answer: bytes


@dataclass(frozen=True, slots=True)
class NoticeRaised:
    """There is a line for people in the outbox."""

    level: str
    code: str
    text: str
    account: str | None
    book: str | None


class SignalBus:
    """Delivers signals to whoever asked for their type, in order, in the event loop."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Callable[[object], None]]] = defaultdict(list)

    def subscribe(self, kind: type[S], handler: Callable[[S], None]) -> None:
        """Call ``handler`` for every signal of this type; it must not block."""
        self._handlers[kind].append(handler)  # type: ignore[arg-type]

    def deliver(self, signals: list[object]) -> None:
        """Hand signals to their subscribers."""
        for signal in signals:
            for handler in self._handlers.get(type(signal), ()):
                handler(signal)
