"""Notices as the stories of this folder need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from daemon.notices import Level
from daemon.notify.outbox import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def bought(number: int = 1, *, quantity: str = "10", at: datetime | None = None) -> Notice:
    return Notice(
        id=f"{number:026}",
        at=at or NOW + timedelta(seconds=number),
        level=Level.INFO,
        code="bought",
        account="main",
        book="a",
        params={"book": "a", "quantity": quantity, "symbol": "TQQQ", "price": "100"},
    )


def skipped(number: int = 1) -> Notice:
    params = {"symbol": f"S{number}", "reason": "no price"}
    return _notice(number, Level.WARNING, "netting_skipped", params)


def lost(number: int = 1) -> Notice:
    params = {"book": f"b{number}", "loss": "2100", "day": "2026-11-20", "limit": "2000"}
    return _notice(number, Level.ALARM, "daily_loss", params)


def wanted(number: int = 1) -> Notice:
    params = {
        "book": "a",
        "kind": "BUY",
        "side": "buy",
        "total": "3",
        "measure": "quantity",
        "symbol": "TQQQ",
        "until": "2026-11-20T21:00+00:00",
        "order": f"{number:026}",
    }
    return _notice(number, Level.WARNING, "approval_wanted", params)


def _notice(number: int, level: Level, code: str, params: dict[str, str]) -> Notice:
    return Notice(
        id=f"{number:026}",
        at=NOW,
        level=level,
        code=code,
        account=None,
        book=None,
        params=params,
    )


class Pager:
    """A channel that keeps what it is sent; ``faults`` are raised instead, one each."""

    def __init__(self) -> None:
        self.messages: list[list[Notice]] = []
        self.faults: list[Exception] = []
        self.tries = 0

    async def send(self, notices: Sequence[Notice]) -> None:
        self.tries += 1
        if self.faults:
            raise self.faults.pop(0)
        self.messages.append(list(notices))

    @property
    def codes(self) -> list[list[str]]:
        return [[notice.code for notice in message] for message in self.messages]
