"""Every value of a webhook is read exactly, or refused with what would be right."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import to_text
from algorithms.domain import Side
from daemon.api import webhook_fields as fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.api.decode import Json

exact_numbers = st.decimals(
    min_value=Decimal(-(10**18) + 1),
    max_value=Decimal(10**18) - 1,
    allow_nan=False,
    allow_infinity=False,
    places=18,
)


@given(exact_numbers)
def test_a_number_in_quotes_is_the_same_number(value: Decimal) -> None:
    assert fields.number(to_text(value)) == value == fields.number(value)


@pytest.mark.parametrize("value", [True, False, [], {}, ["1"]])
def test_only_numbers_are_numbers(value: Json) -> None:
    with pytest.raises(ValueError, match="must be a number such as 10"):
        fields.number(value)


@pytest.mark.parametrize("text", ["", "ten", "NaN", "Infinity", "1,000", " 1", "1e999", "0x10"])
def test_a_text_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a decimal number|more than 18 digits"):
        fields.number(text)


@pytest.mark.parametrize("text", ["0", "-1", "-0.000000000000000001"])
def test_prices_and_quantities_are_above_zero(text: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        fields.positive(text)
    assert fields.positive("0.000000000000000001") > 0


@pytest.mark.parametrize("text", ["-100", "-0.5", "0.01", "150", "10000"])
def test_more_than_all_of_the_capital_may_be_used_but_no_more_than_all_closed(text: str) -> None:
    assert fields.percentage(text) == Decimal(text)


@pytest.mark.parametrize("text", ["0", "-100.01", "10000.01", "-1000"])
def test_percentages_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        fields.percentage(text)


@pytest.mark.parametrize("text", ["0.1", "30", "1440"])
def test_a_twap_lasts_up_to_a_day(text: str) -> None:
    assert fields.minutes(text) == Decimal(text)


@pytest.mark.parametrize("text", ["0", "-1", "1440.1"])
def test_a_twap_of_another_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most 1440"):
        fields.minutes(text)


@pytest.mark.parametrize("value", ["1", "500", Decimal(7), Decimal("12.0")])
def test_slices_are_counted_in_whole_numbers(value: Json) -> None:
    assert fields.slices(value) == int(str(value).partition(".")[0])


@pytest.mark.parametrize("text", ["0", "501", "2.5", "-3", "999999999999999999"])
def test_other_numbers_of_slices_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole number from 1 to 500"):
        fields.slices(text)


@pytest.mark.parametrize(
    ("word", "side"),
    [("buy", Side.BUY), ("LONG", Side.BUY), ("Sell", Side.SELL), ("short", Side.SELL)],
)
def test_a_side_is_read_in_any_case_and_by_its_other_name(word: str, side: Side) -> None:
    assert fields.side(word) is side


@pytest.mark.parametrize("value", ["", "hold", "buy ", None, True, Decimal(1)])
def test_another_side_is_refused(value: Json) -> None:
    with pytest.raises(ValueError, match="must be buy or sell"):
        fields.side(value)


@pytest.mark.parametrize("value", ["true", Decimal(1), None, []])
def test_a_switch_is_true_or_false_and_nothing_like_it(value: Json) -> None:
    with pytest.raises(ValueError, match="must be true or false"):
        fields.yes_or_no(value)
    assert fields.yes_or_no(True) is True  # noqa: FBT003 - the value is the case
    assert fields.yes_or_no(False) is False  # noqa: FBT003 - the value is the case


@pytest.mark.parametrize("text", ["BTC/USDT", "btcusdt", " BTCUSDT "])
def test_a_symbol_is_one_however_it_is_written(text: str) -> None:
    assert fields.symbol(text) == "BTCUSDT"


@pytest.mark.parametrize("value", ["", "A B", "A" * 33, " " * 70 + "A", Decimal(5930), None])
def test_what_is_no_symbol_is_refused(value: Json) -> None:
    with pytest.raises(ValueError, match="symbol"):
        fields.symbol(value)


@pytest.mark.parametrize(
    ("read", "longest"),
    [
        (fields.name, 64),
        (fields.token, 512),
        (fields.order_id, 128),
        (fields.request_key, 128),
    ],
)
def test_texts_have_a_longest_length_and_no_control_characters(
    read: Callable[[Json], str], longest: int
) -> None:
    assert read("x" * longest) == "x" * longest
    assert read("주문 1") == "주문 1"
    for refused in ("", "x" * (longest + 1), "a\nb", "a\0", "\x1b[31m", "\ud800", None, True):
        with pytest.raises(ValueError, match="printable"):
            read(refused)


def test_names_are_compared_in_one_case() -> None:
    assert fields.lower_name("Paper") == "paper"
    assert fields.upper_name("usdt") == "USDT"


def test_an_idempotency_key_may_be_a_whole_number() -> None:
    assert fields.request_key(Decimal(1732)) == "1732"
    with pytest.raises(ValueError, match="whole number"):
        fields.request_key(Decimal("1.5"))
