from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.kis.rows import Reader
from tests.adapters.kis.lines import kr_line
from tests.adapters.kis.rows import row

if TYPE_CHECKING:
    from adapters.fields import Fields
    from adapters.kis.rows import Row


def test_a_number_is_one_only_together_with_its_day() -> None:
    today = row()
    yesterday = row(day=today.day - timedelta(days=1))
    assert today.key == (date(2026, 11, 20), "218840")
    assert yesterday.key != today.key


def test_a_line_that_comes_again_is_read_once_and_anew_when_a_word_of_it_changed() -> None:
    read = list[str]()

    def reading(line: Fields) -> Row:
        read.append(f"{line['ord_dt']} {line['odno']} {line['tot_ccld_qty']}")
        return row(filled=Decimal(str(line["tot_ccld_qty"])))

    reader = Reader(reading)
    for filled in ("0", "0", "2", "2"):
        assert reader(kr_line(tot_ccld_qty=filled)).filled == Decimal(filled)
    reader(kr_line(ord_dt="20261121"))
    assert read == ["20261120 0000218840 0", "20261120 0000218840 2", "20261121 0000218840 2"]
