"""What an account owns, in the names our books use.

The books know an asset by the symbol that buys it with the account's currency: units bought as
BTCUSDT are ``BTCUSDT``, and a fee charged in that coin is charged in ``BTCUSDT``. A coin that the
currency buys nowhere keeps its own name.

A futures contract is kept in the books as if it had been paid for in full: buying two contracts
at 100 takes 200 of cash. So cash here is the wallet's balance less what the open contracts cost,
and equity is cash plus contracts at their price, in spot and futures alike.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.binance.fields import decimal, symbol_of, text
from adapters.binance.hosts import MarketKind
from adapters.broker import Holdings
from adapters.fields import plain, rows_of
from algorithms.decimals import ZERO, add, subtract

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.binance.rules import Rules
    from adapters.fields import Fields
    from algorithms.domain import Symbol

ROUNDED = Decimal("0.01")
"""By how much futures cash may be off: each closing trade's profit, taken from an average entry
price, is booked there in eight digits."""


class Purse:
    """Names and counts the assets of one account."""

    def __init__(self, kind: MarketKind, currency: str, symbols: Mapping[Symbol, Rules]) -> None:
        self._kind = kind
        self._currency = currency
        self._names: dict[str, Symbol] = {}
        if kind is MarketKind.SPOT:
            # On futures a fee in BNB is paid from the wallet; BNBUSDT is a contract there.
            self._names = {
                rules.base: symbol for symbol, rules in symbols.items() if rules.quote == currency
            }

    def name(self, asset: str) -> str:
        """Return what our books call an asset; a fee without asset is in the currency."""
        return self._names.get(asset, asset) or self._currency

    def holdings(self, state: Fields, at: datetime) -> Holdings:
        """Read the account's state."""
        if self._kind is MarketKind.FUTURES:
            return self._futures(state, at)
        positions: dict[Symbol, Decimal] = {}
        cash = {self._currency: ZERO}
        for row in rows_of(state.get("balances")):
            asset = text(row, "asset")
            amount = plain(add(decimal(row, "free"), decimal(row, "locked")))
            symbol = self._names.get(asset)
            if asset == self._currency or (symbol is None and amount):
                cash[asset] = amount
            elif symbol is not None and amount:
                positions[symbol] = amount
        return Holdings(positions=positions, cash=cash, at=at)

    def _futures(self, state: Fields, at: datetime) -> Holdings:
        positions: dict[Symbol, Decimal] = {}
        cash = {self._currency: ZERO}
        for row in rows_of(state.get("assets")):
            balance = decimal(row, "walletBalance")
            if balance:
                cash[text(row, "asset")] = balance
        cost = ZERO
        for row in rows_of(state.get("positions")):
            amount = decimal(row, "positionAmt")
            if amount:
                positions[symbol_of(row)] = amount
                # Both are at the same mark price; their difference is exact where the entry
                # price, an average, is rounded.
                paid = subtract(decimal(row, "notional"), decimal(row, "unrealizedProfit"))
                cost = add(cost, paid)
        cash[self._currency] = plain(subtract(cash[self._currency], cost))
        return Holdings(positions=positions, cash=cash, at=at, tolerance=ROUNDED)
