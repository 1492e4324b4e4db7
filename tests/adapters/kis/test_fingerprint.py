"""Which of the orders at KIS is the one whose answer was lost?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import SentOrder
from adapters.kis.desk import Terms
from adapters.kis.fingerprint import Fingerprint, Search, read_fingerprint, search
from algorithms.domain import ChildId, Side, Symbol
from tests.adapters.kis.rows import AT, row
from tests.adapters.kis.test_register import REQUEST

if TYPE_CHECKING:
    from adapters.kis.register import Key
    from adapters.kis.rows import Row

TERMS = Terms("00", Decimal(41250), "KRX")
PRINT = Fingerprint(TERMS, frozenset({"218839"}))
SENT = SentOrder(
    request=REQUEST, sent_at=AT, fingerprint=None, broker_order_id=None, market_day=None
)
SECOND = timedelta(seconds=1)


def nobody(_: Key) -> ChildId | None:
    return None


def found(*rows: Row) -> Search:
    return search(rows, SENT, PRINT, nobody)


@pytest.mark.parametrize(
    "terms",
    [
        TERMS,
        Terms("01", None, "KRX"),
        Terms("34", Decimal("27.45"), "AMEX"),
        Terms("22", Decimal(40000), "NXT", Decimal(40500)),
    ],
)
def test_what_was_stored_is_read_again(terms: Terms) -> None:
    print_ = Fingerprint(terms, frozenset({"1", "2"}), Decimal("862.8"))
    assert read_fingerprint(print_.written()) == print_
    assert read_fingerprint(None) is None


def test_one_whose_direction_nobody_understands_is_a_persons() -> None:
    assert found(row(side=None)) == Search([], [row()])


def test_the_one_order_like_it_must_be_it() -> None:
    assert found(row(), row(number="5", quantity=Decimal(4))) == Search([row()], [])


@pytest.mark.parametrize(
    "other",
    [
        {"symbol": Symbol("005930")},
        {"side": Side.SELL},
        {"quantity": Decimal(4)},
        {"limit_price": Decimal(41255)},
        {"limit_price": None},
        {"division": "01"},
        {"origin": "218000"},
        {"number": "218839"},
    ],
)
def test_one_that_differs_is_another(other: dict[str, object]) -> None:
    assert found(replace(row(), **other)) == Search([], [])  # type: ignore[arg-type]


def test_a_list_that_does_not_tell_the_type_does_not_exclude() -> None:
    line = row(division="")
    assert found(line) == Search([line], [])


@pytest.mark.parametrize(
    ("off_s", "fits", "doubtful"),
    [(-2, 1, 0), (-3, 0, 1), (60, 1, 0), (61, 0, 1), (-3600, 0, 1), (3600, 0, 1)],
)
def test_the_time_must_fit_and_one_that_fits_badly_is_a_persons(
    off_s: int, fits: int, doubtful: int
) -> None:
    seen = found(row(times=(AT + off_s * SECOND,)))
    assert (len(seen.fitting), len(seen.doubtful)) == (fits, doubtful)


def test_a_time_counts_by_whatever_clock_it_fits() -> None:
    line = row(times=(AT - timedelta(hours=14), AT + SECOND))
    assert found(line).fitting == [line]


def test_two_like_it_are_both_told() -> None:
    assert len(found(row(), row(number="218841")).fitting) == 2


def test_what_another_order_of_ours_is_known_to_be_is_not_it() -> None:
    owners = {"218840": ChildId("other")}
    seen = search([row(), row(number="218841")], SENT, PRINT, lambda key: owners.get(key[1]))
    assert [each.number for each in seen.fitting] == ["218841"]


def test_what_it_is_known_to_be_already_it_stays() -> None:
    owners = {"218840": REQUEST.client_id}
    seen = search([row(), row(number="218841")], SENT, PRINT, lambda key: owners.get(key[1]))
    assert [each.number for each in seen.fitting] == ["218840"]
