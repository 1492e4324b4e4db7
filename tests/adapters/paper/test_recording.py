from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.paper.errors import PaperSettingsError
from adapters.paper.recording import MOST_FAULTS_TOLD, read_recording

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "time,symbol,price\n"


def write(folder: Path, text: str) -> Path:
    file = folder / "prices.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_rows_are_read_in_utc_by_symbol(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "\ufeffTime, Symbol ,PRICE\n"
        "2026-11-20T09:00:00+09:00,005930,70000\n"
        "\n"
        "2026-11-20T00:00:00Z, btc/usdt ,91234.5\n"
        "2026-11-20T09:01:00+09:00,005930,70100\n",
    )
    assert read_recording(file) == {
        "005930": [
            (datetime(2026, 11, 20, 0, 0, tzinfo=UTC), Decimal(70_000)),
            (datetime(2026, 11, 20, 0, 1, tzinfo=UTC), Decimal(70_100)),
        ],
        "BTCUSDT": [(datetime(2026, 11, 20, 0, 0, tzinfo=UTC), Decimal("91234.5"))],
    }


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("2026-11-20T09:00:00,A,1", "has no zone"),
        ("yesterday,A,1", "not an ISO 8601 time: 'yesterday'"),
        ("2026-11-20T09:00:00Z,A", "2 fields, not 3"),
        ("2026-11-20T09:00:00Z,A B,1", "not a symbol"),
        ("2026-11-20T09:00:00Z,A,1,5", "4 fields, not 3"),
        ("2026-11-20T09:00:00Z,A,nan", "not a decimal number"),
        ("2026-11-20T09:00:00Z,A,0", "not above zero"),
        ("2026-11-20T08:59:00Z,Z,1", "Z at 2026-11-20T08:59:00Z does not come after"),
        ("2026-11-20T09:00:00Z,Z,1", "does not come after"),
        ('2026-11-20T09:00:00Z,A,"1', "unexpected end of data"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, row: str, fault: str) -> None:
    file = write(tmp_path, f"{HEADER}2026-11-20T09:00:00Z,Z,1\n{row}\n")
    with pytest.raises(PaperSettingsError, match=f"prices.csv: line 3: .*{fault}"):
        read_recording(file)


def test_all_wrong_lines_are_named_at_once_up_to_a_limit(tmp_path: Path) -> None:
    file = write(tmp_path, HEADER + "never,A,1\n" * (MOST_FAULTS_TOLD + 5))
    with pytest.raises(PaperSettingsError) as caught:
        read_recording(file)
    told = str(caught.value).splitlines()
    assert told[0].endswith("line 2: not an ISO 8601 time: 'never'")
    assert told[-1].endswith("and 5 more")
    assert len(told) == MOST_FAULTS_TOLD + 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "no prices"), (HEADER, "no prices"), ("a,b,c\n", "columns must be time,symbol,price")],
)
def test_a_file_without_prices_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(PaperSettingsError, match=fault):
        read_recording(write(tmp_path, text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PaperSettingsError, match="cannot be read"):
        read_recording(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes(b"time,symbol,price\n\xff\xfe")
    with pytest.raises(PaperSettingsError, match="cannot be read"):
        read_recording(tmp_path / "latin.csv")
