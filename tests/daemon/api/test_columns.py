"""Rows become items by their types; items become CSV that no spreadsheet calculates."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.api.columns import csv_text

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"))


@given(st.lists(TEXT, min_size=2, max_size=2))
def test_every_text_comes_back_from_csv(cells: list[str]) -> None:
    text = csv_text(("a", "b"), [{"a": cells[0], "b": cells[1]}], header=False)
    (row,) = csv.reader(io.StringIO(text, newline=""))
    assert [cell.removeprefix("'") for cell in row] == [cell.removeprefix("'") for cell in cells]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (7, "7"),
        ("-1.5", "-1.5"),
        ("=SUM(A1)", "'=SUM(A1)"),
        ("-x", "'-x"),
        (["a", "b"], '"[""a"",""b""]"'),
        ("a,b", '"a,b"'),
    ],
)
def test_cells_say_what_they_hold(value: object, cell: str) -> None:
    assert csv_text(("a",), [{"a": value}], header=True) == f"a\r\n{cell}\r\n"
