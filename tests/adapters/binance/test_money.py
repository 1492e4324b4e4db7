"""What an account owns, in the books' names."""

from __future__ import annotations

from decimal import Decimal

from adapters.binance.hosts import MarketKind
from adapters.binance.money import Purse
from adapters.binance.rules import read_symbol
from adapters.fields import fields_of
from tests.support.scripted_binance import EXCHANGE_INFO, SPOT_STATE
from tests.support.world import START


def purse(kind: MarketKind) -> Purse:
    rules = [read_symbol(fields_of(row), kind) for row in EXCHANGE_INFO["symbols"]]
    return Purse(kind, "USDT", {each.instrument.symbol: each for each in rules if each is not None})


def test_a_coin_is_called_by_the_symbol_that_buys_it() -> None:
    spot = purse(MarketKind.SPOT)
    assert [spot.name(asset) for asset in ("BTC", "USDT", "EUR", "")] == [
        "BTCUSDT",
        "USDT",
        "EUR",
        "USDT",
    ]


def test_a_futures_fee_in_a_coin_is_not_a_contract() -> None:
    assert purse(MarketKind.FUTURES).name("BNB") == "BNB"


def test_spot_holdings_count_what_orders_have_locked() -> None:
    held = purse(MarketKind.SPOT).holdings(fields_of(SPOT_STATE), START)
    assert held.positions == {"BTCUSDT": Decimal("0.5")}
    assert held.cash == {"USDT": Decimal(1100), "EUR": Decimal(7)}


def test_an_empty_account_has_no_cash() -> None:
    assert purse(MarketKind.SPOT).holdings({"balances": []}, START).cash == {"USDT": 0}


def test_a_contract_is_booked_as_if_it_had_been_paid_for() -> None:
    """Two bought at 100 out of a wallet of 1,000, one sold short at 50: equity is unchanged."""
    state = {
        "assets": [
            {"asset": "USDT", "walletBalance": "1000"},
            {"asset": "BNB", "walletBalance": "0"},
        ],
        "positions": [
            {
                "symbol": "BTCUSDT",
                "positionAmt": "2",
                "notional": "220",
                "unrealizedProfit": "20",
            },
            {
                "symbol": "BNBUSDT",
                "positionAmt": "-1",
                "notional": "-55",
                "unrealizedProfit": "-5",
            },
            {
                "symbol": "ETHUSDT",
                "positionAmt": "0.000",
                "notional": "0",
                "unrealizedProfit": "0",
            },
        ],
    }
    held = purse(MarketKind.FUTURES).holdings(fields_of(state), START)
    assert held.positions == {"BTCUSDT": 2, "BNBUSDT": -1}
    assert held.cash == {"USDT": 1000 - 200 + 50}
