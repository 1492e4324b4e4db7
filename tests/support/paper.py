"""Paper markets for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from adapters.clock import LoopClock
from adapters.paper import PaperSettings, open_paper
from adapters.sessions import AlwaysOpen
from adapters.sqlite.driver import InlineDriver
from algorithms.domain import AccountName, Symbol

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.clock import Clock
    from adapters.paper import PaperBroker
    from adapters.sessions import Sessions
    from adapters.sqlite.driver import OpenDriver

FRIDAY_AFTERNOON = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
TQQQ = Symbol("TQQQ")


def paper_settings(folder: Path, **changes: Any) -> PaperSettings:  # noqa: ANN401
    """TQQQ at 100 dollars, one share a lot, a cent a tick; 10,000 dollars in the account."""
    settings = PaperSettings(
        account=AccountName("main"),
        database=folder / "paper.db",
        currency="USD",
        initial_cash=Decimal(10_000),
        prices={TQQQ: Decimal(100)},
        market="XNYS",
        commission_percent=Decimal("0.25"),
    )
    return replace(settings, **changes)


class PaperMarket:
    """Opens paper brokers on one file, one after the other or at once, and closes them all."""

    def __init__(
        self,
        settings: PaperSettings,
        *,
        clock: Clock | None = None,
        open_driver: OpenDriver = InlineDriver.open,
        sessions: Sessions | None = None,
    ) -> None:
        self.settings = settings
        self.clock = LoopClock(FRIDAY_AFTERNOON) if clock is None else clock
        self.sessions = AlwaysOpen() if sessions is None else sessions
        self._open_driver = open_driver
        self._opened: list[PaperBroker] = []
        self.failures: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for broker in self._opened:
            await broker.close()
        assert self.failures == []

    async def open(self, **changes: Any) -> PaperBroker:  # noqa: ANN401
        """Open a broker, as after a restart; with other settings if any are given."""
        self.settings = replace(self.settings, **changes)
        broker = await open_paper(
            self.settings,
            self.clock,
            self._open_driver,
            self.sessions,
            on_failure=lambda name, error: self.failures.append(f"{name}: {error!r}"),
        )
        self._opened.append(broker)
        await broker.open()
        return broker
