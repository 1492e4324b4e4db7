"""Prices move in ticks and quantities in lots, as each exchange prints them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import subtract, to_text
from algorithms.domain import Symbol
from algorithms.instruments import (
    CRYPTO,
    KRX_FUND,
    KRX_STOCK,
    US_STOCK,
    Instrument,
    TickTable,
    default_instrument,
    normalise_symbol,
    tick_table,
)

SAMSUNG = default_instrument(Symbol("005930"), "XKRX", "KRW")
KODEX = default_instrument(Symbol("114260"), "XKRX", "KRW", type="etf")
TQQQ = default_instrument(Symbol("TQQQ"), "XNYS", "USD", type="etf")
BTCUSDT = default_instrument(Symbol("BTCUSDT"), "24/7", "USDT")

instruments = st.sampled_from([SAMSUNG, KODEX, TQQQ, BTCUSDT])
prices = st.decimals(min_value=Decimal("0.00005"), max_value=Decimal(2_000_000), places=5)


def valid_prices(table: TickTable, low: Fraction, high: Fraction) -> list[Fraction]:
    """Every valid price in [low, high], counted up band by band."""
    found = []
    starts = [Fraction(start) for start, _ in table.bands]
    for (start, tick), end in zip(table.bands, [*starts[1:], high + 1], strict=True):
        step = Fraction(tick)
        first = max(Fraction(start), low)
        price = -(-first // step) * step
        while price < end and price <= high:
            if price > 0:
                found.append(price)
            price += step
    return found


@pytest.mark.parametrize(
    ("price", "down", "up"),
    [
        ("2000", "1999", "2005"),
        ("5000", "4995", "5010"),
        ("20000", "19990", "20050"),
        ("49950", "49900", "50000"),
        ("50000", "49950", "50100"),
        ("75000", "74900", "75100"),
        ("199900", "199800", "200000"),
        ("200000", "199900", "200500"),
        ("500000", "499500", "501000"),
        ("75050", "75000", "75100"),
        ("49951", "49950", "50000"),
    ],
)
def test_a_korean_stock_steps_across_its_bands(price: str, down: str, up: str) -> None:
    assert to_text(SAMSUNG.next_tick_down(Decimal(price))) == down
    assert to_text(SAMSUNG.next_tick_up(Decimal(price))) == up


@pytest.mark.parametrize(
    ("price", "down", "up"),
    [("2000", "1999", "2005"), ("101045", "101040", "101050"), ("600000", "599995", "600005")],
)
def test_a_korean_fund_steps_by_five_won(price: str, down: str, up: str) -> None:
    assert to_text(KODEX.next_tick_down(Decimal(price))) == down
    assert to_text(KODEX.next_tick_up(Decimal(price))) == up


def test_a_us_share_moves_in_hundredths_of_a_cent_below_a_dollar() -> None:
    assert to_text(TQQQ.next_tick_down(Decimal(1))) == "0.9999"
    assert to_text(TQQQ.next_tick_up(Decimal(1))) == "1.01"
    assert to_text(TQQQ.next_tick_up(Decimal("0.9999"))) == "1"
    assert TQQQ.tick_at(Decimal("0.5")) == Decimal("0.0001")
    assert TQQQ.tick_at(Decimal(65)) == Decimal("0.01")


@given(prices)
def test_neighbours_are_the_nearest_valid_prices_of_the_korean_table(price: Decimal) -> None:
    near = valid_prices(KRX_STOCK, Fraction(price) - 2001, Fraction(price) + 2001)
    assert Fraction(SAMSUNG.next_tick_up(price)) == min(p for p in near if p > price)
    assert Fraction(SAMSUNG.round_up_to_tick(price)) == min(p for p in near if p >= price)
    assert SAMSUNG.is_on_tick(price) == (Fraction(price) in near)
    lower = [p for p in near if p < price]
    if lower:
        assert Fraction(SAMSUNG.next_tick_down(price)) == max(lower)


@given(prices, instruments)
def test_rounding_encloses_the_price_between_neighbours(
    price: Decimal, instrument: Instrument
) -> None:
    low, high = instrument.round_down_to_tick(price), instrument.round_up_to_tick(price)
    assert low <= price <= high
    assert instrument.is_on_tick(high)
    assert instrument.is_on_tick(price) == (low == high)
    if low != high:
        assert instrument.next_tick_up(low) == high
        assert instrument.next_tick_up(price) == high


@given(prices, instruments)
def test_a_tick_up_and_a_tick_down_come_back(price: Decimal, instrument: Instrument) -> None:
    valid = instrument.round_up_to_tick(price)
    assert instrument.next_tick_down(instrument.next_tick_up(valid)) == valid


def test_no_price_lies_below_the_lowest() -> None:
    with pytest.raises(ValueError, match="no valid price lies below 1"):
        SAMSUNG.next_tick_down(Decimal(1))
    with pytest.raises(ValueError, match="no price lies below 0"):
        SAMSUNG.next_tick_down(Decimal(0))


def test_zero_and_negative_prices_are_not_valid() -> None:
    assert not SAMSUNG.is_on_tick(Decimal(0))
    assert not SAMSUNG.is_on_tick(Decimal(-5))
    with pytest.raises(ValueError, match="negative"):
        SAMSUNG.tick_at(Decimal(-5))


def test_quantities_come_in_lots() -> None:
    assert SAMSUNG.is_on_lot(Decimal(3))
    assert not SAMSUNG.is_on_lot(Decimal("3.5"))
    assert SAMSUNG.floor_to_lot(Decimal("3.99")) == 3
    assert BTCUSDT.is_on_lot(Decimal("0.12345678"))
    assert not BTCUSDT.is_on_lot(Decimal("0.123456789"))
    assert BTCUSDT.floor_to_lot(Decimal("0.123456789")) == Decimal("0.12345678")


def test_markets_bring_their_lots_and_ticks() -> None:
    assert (SAMSUNG.lot, SAMSUNG.ticks, SAMSUNG.currency) == (Decimal(1), KRX_STOCK, "KRW")
    assert (KODEX.lot, KODEX.ticks, KODEX.type) == (Decimal(1), KRX_FUND, "etf")
    assert (TQQQ.lot, TQQQ.ticks) == (Decimal(1), US_STOCK)
    assert (BTCUSDT.lot, BTCUSDT.ticks) == (Decimal("0.00000001"), CRYPTO)
    assert BTCUSDT.min_notional is None


def test_a_configured_lot_and_tick_replace_the_markets() -> None:
    gold = default_instrument(
        Symbol("GOLD"), "XKRX", "KRW", lot=Decimal("0.1"), tick=Decimal("2.5")
    )
    assert gold.lot == Decimal("0.1")
    assert gold.next_tick_up(Decimal(300000)) == Decimal("300002.5")


def test_an_unknown_market_is_refused() -> None:
    with pytest.raises(ValueError, match="XLON"):
        default_instrument(Symbol("VOD"), "XLON", "GBP")


@pytest.mark.parametrize(
    ("lot", "tick", "reason"),
    [("0", "1", "lot"), ("-1", "1", "lot"), ("1", "0", "tick"), ("1", "-0.01", "tick")],
)
def test_steps_must_be_above_zero(lot: str, tick: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"{reason} must be above zero"):
        default_instrument(Symbol("X"), "XNYS", "USD", lot=Decimal(lot), tick=Decimal(tick))


@pytest.mark.parametrize(
    ("bands", "reason"),
    [
        ([], "start at zero"),
        ([("1", "1")], "start at zero"),
        ([("0", "1"), ("10", "5"), ("10", "10")], "ascend"),
        ([("0", "3"), ("10", "5")], "off its ticks: 10"),
        ([("0", "1"), ("12", "5")], "off its ticks: 12"),
    ],
)
def test_a_table_with_invalid_borders_is_refused(bands: list[tuple[str, str]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        tick_table(*bands)


def test_a_coin_cheaper_than_its_tick_has_no_price_below() -> None:
    assert BTCUSDT.round_down_to_tick(Decimal("0.005")) == 0
    assert subtract(BTCUSDT.round_up_to_tick(Decimal("0.005")), Decimal("0.01")) == 0


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("TQQQ", "TQQQ"),
        (" tqqq\n", "TQQQ"),
        ("005930", "005930"),
        ("BTC/USDT", "BTCUSDT"),
        ("btc/usdt:usdt", "BTCUSDT:USDT"),
        ("BRK.B", "BRK.B"),
        ("BTC-PERP_1", "BTC-PERP_1"),
        ("A" * 32, "A" * 32),
    ],
)
def test_symbols_are_read_as_people_write_them(text: str, symbol: str) -> None:
    assert normalise_symbol(text) == symbol


@pytest.mark.parametrize(
    "text",
    ["", " ", "/", "BTC/", "/USDT", "A/B/C", "A B", "A" * 33, "BTC$", "stra\u00dfe", "\uff34QQQ"],
)
def test_what_is_no_symbol_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a symbol"):
        normalise_symbol(text)


@given(st.text(max_size=40))
def test_any_text_is_a_clean_symbol_or_a_value_error(text: str) -> None:
    try:
        symbol = normalise_symbol(text)
    except ValueError:
        return
    assert normalise_symbol(symbol) == symbol
    assert 1 <= len(symbol) <= 32
