"""A list is asked for page by page; what cannot be a question is refused with its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from algorithms.domain import Side
from daemon.api import webhook_fields as fields
from daemon.api.paging import (
    LIMIT_DEFAULT,
    NUMBER_MAX,
    PageRequest,
    cursor_of,
    equal,
    one_of,
    only,
    read_page,
    since,
)
from daemon.api.problems import BadInput

START = (NUMBER_MAX, "")
FILTERS = (equal("account"), equal("symbol", read=fields.symbol))


def read(*pairs: tuple[str, str]) -> PageRequest:
    return read_page(MultiDict(pairs), FILTERS, START)


def faults(*pairs: tuple[str, str]) -> dict[str, str]:
    with pytest.raises(BadInput) as refused:
        read(*pairs)
    return {problem.path: problem.message for problem in refused.value.problems}


def test_nothing_asked_is_the_first_page_of_all() -> None:
    assert read() == PageRequest({}, LIMIT_DEFAULT, None)


def test_filters_are_read_as_in_webhooks() -> None:
    page = read(("account", "main"), ("symbol", "btc/usdt"), ("limit", "7"))
    assert page == PageRequest({"account": "main", "symbol": "BTCUSDT"}, 7, None)


@given(st.integers(-NUMBER_MAX, NUMBER_MAX), st.text(max_size=40))
def test_a_place_comes_back_from_its_cursor(number: int, text: str) -> None:
    assert read(("after", cursor_of((number, text)))).after == (number, text)


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", "!!!!", cursor_of(("a", "b")), cursor_of((1,)), cursor_of((1, 2))]
)
def test_another_list_s_cursor_is_refused(cursor: str) -> None:
    assert faults(("after", cursor)) == {
        "after": "must be the next of an earlier answer of this list"
    }


@pytest.mark.parametrize("limit", ["0", "501", "-1", "1.5", "ten", "", "9" * 5000, "٣"])
def test_a_limit_is_a_whole_number_up_to_500(limit: str) -> None:
    assert faults(("limit", limit)) == {"limit": "must be a whole number from 1 to 500"}


def test_every_fault_is_told_at_once() -> None:
    assert faults(
        ("limit", "x"), ("symbol", "A B"), ("account", "a"), ("account", "b"), ("color", "red")
    ).keys() == {"limit", "symbol", "account", "color"}


def test_an_unknown_key_is_answered_with_the_known_ones() -> None:
    assert faults(("book", "x")) == {
        "book": "unknown here: there are account, symbol, limit, after"
    }


def test_words_and_times_are_checked_before_the_database_is_asked() -> None:
    filters = (one_of(Side, "side"), *since("at"))
    page = read_page(
        MultiDict({"side": "buy", "from": "2026-11-20", "to": "1970-01-01T00:00:01Z"}),
        filters,
        START,
    )
    assert page.filters == {"side": "buy", "from": 1795132800000000, "to": 1_000_000}
    with pytest.raises(BadInput) as refused:
        read_page(
            MultiDict({"side": "up", "from": "tomorrow", "to": "2026-13-01"}),
            filters,
            START,
        )
    assert {problem.path for problem in refused.value.problems} == {"side", "from", "to"}


def test_what_is_there_or_left_out_is_not_false() -> None:
    unseen = only("unseen", "seen_at IS NULL", "Only what nobody has seen.")
    assert read_page(MultiDict(unseen="true"), (unseen,), ("",)).filters == {"unseen": "true"}
    with pytest.raises(BadInput, match="must be true, or left out"):
        read_page(MultiDict(unseen="false"), (unseen,), ("",))
