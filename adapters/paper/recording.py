"""Reads recorded prices: a CSV file with the columns ``time,symbol,price``.

Times are ISO 8601 with a zone; the rows of a symbol ascend in time. Every wrong line is named,
all at once.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.paper.errors import PaperSettingsError
from algorithms.decimals import ZERO, parse_decimal
from algorithms.instruments import normalise_symbol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal
    from pathlib import Path

    from algorithms.domain import Symbol

COLUMNS = ("time", "symbol", "price")
MOST_FAULTS_TOLD = 20

Rows = dict["Symbol", list[tuple[datetime, "Decimal"]]]


def read_recording(path: Path) -> Rows:
    """Return the rows of each symbol; raise PaperSettingsError naming each line at fault."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows, faults = _read(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {error}"
        raise PaperSettingsError(message) from error
    if faults:
        more = len(faults) - MOST_FAULTS_TOLD
        told = faults[:MOST_FAULTS_TOLD] + ([f"and {more} more"] if more > 0 else [])
        raise PaperSettingsError("\n".join(f"{path}: {fault}" for fault in told))
    return rows


def _read(lines: Iterable[list[str]]) -> tuple[Rows, list[str]]:
    rows: Rows = {}
    faults: list[str] = []
    number = 0
    try:
        for number, fields in enumerate(lines, start=1):
            if number == 1:
                if tuple(field.strip().lower() for field in fields) != COLUMNS:
                    return rows, [f"line 1: the columns must be {','.join(COLUMNS)}"]
            elif fields:
                try:
                    _read_row(fields, rows)
                except ValueError as error:
                    faults.append(f"line {number}: {error}")
    except csv.Error as error:
        faults.append(f"line {number + 1}: {error}")
    if not rows and not faults:
        faults.append("no prices in it")
    return rows, faults


def _read_row(fields: list[str], rows: Rows) -> None:
    """Add one row; raise ValueError saying what is wrong with it."""
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(fields)} fields, not {len(COLUMNS)}")
    time_text, symbol_text, price_text = (field.strip() for field in fields)
    at = _read_time(time_text)
    symbol = normalise_symbol(symbol_text)
    price = parse_decimal(price_text)
    if price <= ZERO:
        raise ValueError(f"the price is not above zero: {price_text}")
    ticks = rows.setdefault(symbol, [])
    if ticks and at <= ticks[-1][0]:
        raise ValueError(f"{symbol} at {time_text} does not come after its row before")
    ticks.append((at, price))


def _read_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"not an ISO 8601 time: {text!r}") from None
    if at.tzinfo is None:
        raise ValueError(f"the time has no zone: {text!r} (write 2026-11-20T09:00:00+09:00)")
    return at.astimezone(UTC)
