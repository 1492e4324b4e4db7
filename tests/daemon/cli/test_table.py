"""Tables line up on a terminal, whatever stands in their cells."""

from __future__ import annotations

from daemon.cli.table import table


def test_names_stand_left_and_numbers_right() -> None:
    assert table(("symbol", ">price"), [("TQQQ", "65.11"), ("BTCUSDT", "60000")]) == (
        "symbol   price\n-------  -----\nTQQQ     65.11\nBTCUSDT  60000\n"
    )


def test_a_table_without_rows_is_its_head() -> None:
    assert table(("a", ">b"), []) == "a  b\n-  -\n"


def test_korean_letters_take_two_columns() -> None:
    assert table(("name", "x"), [("\ubd07", "1"), ("abcd", "2")]) == (
        "name  x\n----  -\n\ubd07    1\nabcd  2\n"
    )


def test_no_cell_breaks_its_line() -> None:
    assert table(("a",), [("x\ny\x1b[31m",)]).splitlines()[2] == "x\\ny\\x1b[31m"
