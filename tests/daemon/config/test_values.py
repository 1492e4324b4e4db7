from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from daemon.config import values
from daemon.config.market import Market
from daemon.config.secret import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Surroundings(Path("/etc/nettingd"), {})

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text() | st.dates()
    | st.datetimes() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)  # fmt: skip
READERS: list[Callable[[object], object]] = [
    values.read_boolean, values.read_integer, values.read_decimal, values.read_seconds,
    values.read_text, values.read_name, values.read_symbol, values.read_currency,
    values.read_zone, values.read_date, values.read_network, values.read_host,
    values.read_chat_id, values.read_option, values.url_of("https"), values.choice_of(Market),
    lambda value: values.read_path(value, HERE),
    lambda value: values.read_database_url(value, HERE),
]  # fmt: skip


@pytest.mark.parametrize("read", READERS)
@given(value=ANYTHING)
def test_a_reader_takes_a_value_or_refuses_it_and_nothing_else(
    read: Callable[[object], object], value: object
) -> None:
    with contextlib.suppress(PydanticCustomError):
        read(value)


YES = True
"""A boolean where it does not belong."""


def refuse(read: Callable[[object], object], *wrong: object) -> None:
    for value in wrong:
        with pytest.raises(PydanticCustomError):
            read(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, "1"),
        ("1", "1"),
        ("0.10", "0.10"),
        (Decimal("1e3"), "1000"),
        ("-5", "-5"),
        ("9" * 18 + "." + "9" * 18, "9" * 18 + "." + "9" * 18),
    ],
)
def test_a_number_is_exact_in_every_spelling(value: object, number: str) -> None:
    assert values.read_decimal(value) == Decimal(number)


def test_what_is_no_finite_number_of_18_and_18_digits_is_refused() -> None:
    refuse(
        values.read_decimal,
        "",
        " 1",
        "1_000",
        "1,5",
        "NaN",
        "inf",
        "0x10",
        "\N{FULLWIDTH DIGIT ONE}",
        YES,
        None,
        [],
    )
    refuse(values.read_decimal, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"))
    refuse(values.read_decimal, 10**18, "1" * 19, "0." + "1" * 19, 2**100_000)
    refuse(values.read_decimal, Decimal("1e400"), Decimal("1e-400"), Decimal("1e999999"))


def test_bounds_include_their_ends_unless_they_are_to_be_above() -> None:
    percent = values.within(values.read_decimal, 0, 100)
    assert [percent(0), percent(100)] == [0, 100]
    refuse(percent, "-0.000000000000000001", "100.000000000000000001")
    positive = values.within(values.read_decimal, 0, above=True)
    assert positive("0.000000000000000001") > 0
    refuse(positive, 0, "-1")


def test_a_whole_number_is_neither_a_string_nor_a_fraction_nor_true() -> None:
    assert values.read_integer(8710) == 8710
    refuse(values.read_integer, "8710", Decimal(8710), YES, 1.0)


def test_a_duration_is_a_number_of_seconds_within_a_year() -> None:
    assert values.read_seconds("2.5") == 2.5
    refuse(values.read_seconds, -1, 10**9, "soon")


def test_names_are_lower_case_words() -> None:
    for name in ("a", "bot_2", "x" * 64):
        assert values.read_name(name) == name
    refuse(values.read_name, "", "A", "2a", "_a", "a-b", "a b", "a\n", "é", "x" * 65, 1)


def test_a_symbol_has_one_spelling() -> None:
    assert {values.read_symbol(each) for each in ("btc/usdt", " BTCUSDT ", "BtcUsdt")} == {
        "BTCUSDT"
    }
    assert values.read_symbol("005930") == "005930"
    refuse(values.read_symbol, "", "A B", "ß", 5930, "x" * 33)


def test_a_time_zone_must_exist() -> None:
    assert values.read_zone("Asia/Seoul") == ZoneInfo("Asia/Seoul")
    refuse(values.read_zone, "Asia", "Asia/Soul", "../../etc/passwd", "/etc/localtime", "", 9)


def test_a_day_is_a_date_or_its_text() -> None:
    assert values.read_date("2026-11-19") == values.read_date(date(2026, 11, 19))
    refuse(values.read_date, "2026-02-30", "19.11.2026", 20261119, "")


def test_an_address_range_has_no_bits_beyond_its_prefix() -> None:
    assert values.read_network("192.0.2.7") == ip_network("192.0.2.7/32")
    assert values.read_network("2001:db8::/32") == ip_network("2001:db8::/32")
    refuse(values.read_network, "10.0.0.1/8", "10.0.0.0/33", "localhost", 167772160, "")


def test_a_url_has_the_right_scheme_a_host_and_no_password() -> None:
    read = values.url_of("http", "https")
    for right in ("http://127.0.0.1:9443", "https://example.org/a?b=c", "http://[::1]:80/x"):
        assert read(right) == right
    refuse(
        read, "ftp://a", "http://", "http:///x", "example.org", "http://a:0/", "http://a:99999",
        "http://a:b/", "http://[::1", "https://me:secret@a", "https://me@a", "http://a b/", 80,
    )  # fmt: skip


def test_a_path_is_relative_to_the_config_file() -> None:
    assert values.read_path("data/x.db", HERE) == Path("/etc/nettingd/data/x.db")
    assert values.read_path("/var/x.db", HERE) == Path("/var/x.db")
    refuse(lambda value: values.read_path(value, HERE), "", "a\x00b", 5)


def test_a_database_is_an_sqlite_file() -> None:
    def read(value: object) -> str:
        return values.read_database_url(value, HERE)

    assert read("sqlite:///data/n.db") == "sqlite:////etc/nettingd/data/n.db"
    assert read("sqlite:////var/n.db") == "sqlite:////var/n.db"
    refuse(read, "postgresql:///n", "sqlite://", "sqlite:///", "data/n.db", "sqlite:n.db")


def test_a_chat_is_a_number_or_a_name() -> None:
    assert [values.read_chat_id(-100123), values.read_chat_id("@me")] == ["-100123", "@me"]
    refuse(values.read_chat_id, "me", "", YES, Decimal(5))


def test_a_choice_may_leave_some_values_out() -> None:
    exchange = values.choice_of(Market, Market.XKRX, Market.XNYS)
    assert exchange("XKRX") is Market.XKRX
    refuse(exchange, "24/7", "xkrx", None, ["XKRX"])


def test_a_rules_own_keys_cannot_be_changed_and_hold_finite_numbers() -> None:
    option = values.read_option({"days": ["mon"], "drop": {"percent": Decimal("1.5")}})
    assert option == {"days": ("mon",), "drop": {"percent": Decimal("1.5")}}
    with pytest.raises(TypeError):
        option["days"] = ()
    refuse(values.read_option, [Decimal("NaN")], {"a": Decimal("1e999999")}, 2**64, "\udc80")
