"""On which days KRX trades, as KIS says: asked once a day, kept on disk for every process here.

KIS wants this to be asked about once a day. An answer tells 24 days, so one that could not be had
is rarely missed; without any, nothing is said, and the calendar of the daemon decides.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import orjson

from adapters.broker import BrokerError
from adapters.files import hand_over, make_folder
from adapters.kis.fields import SEOUL, day_of, day_text, required, rows_of, text
from adapters.kis.operations import Operation
from adapters.kis.wire import Call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from adapters.clock import Clock
    from adapters.kis.asking import Asker

AGAIN_S = 3600.0
"""After a question that was not answered."""
SAID = {"Y": True, "N": False}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file holds. ``asked_on``: the day in Seoul."""

    asked_on: date | None = None
    days: Mapping[date, bool] = field(default_factory=dict)


class Holidays:
    """Answers from the file; the first who wants to know on a day asks KIS."""

    def __init__(self, clock: Clock, asker: Asker, file: Path) -> None:
        self._clock = clock
        self._asker = asker
        self._file = file
        self._kept: _Kept | None = None
        self._not_before_s = 0.0
        self._turn = asyncio.Lock()

    async def is_trading_day(self, day: date) -> bool | None:
        """Return whether KRX trades on a day; None where KIS has not said so."""
        async with self._turn:
            today = self._clock.now().astimezone(SEOUL).date()
            if self._kept is None or self._kept.asked_on != today:
                self._kept = self._read()
            if self._kept.asked_on != today and self._clock.monotonic() >= self._not_before_s:
                await self._ask(today)
            return self._kept.days.get(day)

    async def _ask(self, today: date) -> None:
        params = (("BASS_DT", day_text(today)), ("CTX_AREA_NK", ""), ("CTX_AREA_FK", ""))
        self._not_before_s = self._clock.monotonic() + AGAIN_S
        try:
            reply = await self._asker.ask(Call(operation=Operation.KR_HOLIDAYS, params=params))
            rows = rows_of(reply.body.get("output"), "bass_dt")
            # ``tr_day_yn`` says "Y" of Sundays, too.
            days = {
                day_of(required(row, "bass_dt")): SAID[text(row, "opnd_yn")]
                for row in rows
                if text(row, "opnd_yn") in SAID
            }
        except BrokerError as error:
            log.warning("KIS does not say when KRX trades: %s", error)
            return
        if days:  # an empty list has been seen, and says nothing
            self._kept = _Kept(today, days)
            try:
                self._write(self._kept)
            except OSError as error:
                log.warning("when KRX trades cannot be stored: %s", error)

    def _read(self) -> _Kept:
        """Read the file; one that cannot be read is as good as none."""
        try:
            raw = orjson.loads(self._file.read_bytes())
            days = {date.fromisoformat(day): bool(trades) for day, trades in raw["days"].items()}
            return _Kept(date.fromisoformat(raw["asked_on"]), days)
        except FileNotFoundError:
            return _Kept()
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError, OSError):
            log.warning("%s cannot be read", self._file.name)
            return _Kept()

    def _write(self, kept: _Kept) -> None:
        make_folder(self._file.parent)
        beside = self._file.with_suffix(f".{os.getpid()}")
        beside.write_bytes(
            orjson.dumps(
                {"asked_on": kept.asked_on, "days": kept.days}, option=orjson.OPT_NON_STR_KEYS
            )
        )
        hand_over(beside)
        beside.replace(self._file)
