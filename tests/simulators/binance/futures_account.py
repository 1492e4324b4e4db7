"""The USD-M futures REST routes about the account: money, positions, settings, its stream's key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulators.binance.calls import Call, Route, Security
from tests.simulators.binance.errors import ApiError
from tests.simulators.binance.futures import BRACKETS, maintenance, most_worth
from tests.simulators.binance.limits import TEN_SECONDS_MS
from tests.simulators.binance.orders import ZERO, ConfigEvent
from tests.simulators.binance.words import text

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.simulators.binance.futures import FuturesVenue, Position
    from tests.simulators.binance.limits import Limits
    from tests.simulators.binance.listen_keys import ListenKeys

FUNDING = "FUNDING_FEE"
WEEK_MS = 7 * 24 * 3_600_000
HIGHEST_LEVERAGE = BRACKETS[0].leverage


class FuturesAccount:
    def __init__(self, venue: FuturesVenue, limits: Limits, keys: ListenKeys) -> None:
        self._venue = venue
        self._limits = limits
        self._keys = keys

    def table(self) -> dict[str, Route]:
        return {
            "GET /fapi/v3/account": Route(self.account, 5),
            "GET /fapi/v2/account": Route(self.account_v2, 5),
            "GET /fapi/v3/balance": Route(self.balance, 5),
            "GET /fapi/v2/balance": Route(self.balance, 5),
            "GET /fapi/v3/positionRisk": Route(self.positions, 5),
            "GET /fapi/v2/positionRisk": Route(self.positions_v2, 5),
            "GET /fapi/v1/accountConfig": Route(self.config, 5),
            "GET /fapi/v1/symbolConfig": Route(self.symbol_config, 5),
            "GET /fapi/v1/leverageBracket": Route(self.brackets, 1),
            "GET /fapi/v1/commissionRate": Route(self.commission, 20),
            "GET /fapi/v1/rateLimit/order": Route(self.orders_allowed, 1),
            "GET /fapi/v1/income": Route(self.income, 30),
            "POST /fapi/v1/leverage": Route(self.set_leverage, 1),
            "POST /fapi/v1/marginType": Route(self.set_margin, 1),
            "GET /fapi/v1/positionSide/dual": Route(self.mode, 30),
            "POST /fapi/v1/positionSide/dual": Route(self.set_mode, 1),
            "POST /fapi/v1/listenKey": Route(self.open_stream, 1, Security.KEY),
            "PUT /fapi/v1/listenKey": Route(self.extend_stream, 1, Security.KEY),
            "DELETE /fapi/v1/listenKey": Route(self.end_stream, 1, Security.KEY),
        }

    def income(self, call: Call) -> object:
        """Answer with funding; other kinds of income have no rows here."""
        kind = call.params.get("incomeType", FUNDING)
        since = call.whole("startTime") or call.now_ms - WEEK_MS
        most = min(1000, call.whole("limit") or 100)
        return [
            {
                "symbol": paid.symbol,
                "incomeType": FUNDING,
                "income": text(paid.income),
                "asset": paid.asset,
                "info": FUNDING,
                "time": paid.at_ms,
                "tranId": paid.number,
                "tradeId": "",
            }
            for paid in self._venue.paid
            if paid.account == call.account and paid.at_ms >= since and kind == FUNDING
        ][:most]

    def balance(self, call: Call) -> object:
        free = text(self._venue.available(call.account))
        return [
            {
                "accountAlias": call.account,
                "asset": asset,
                "balance": text(amount),
                "crossWalletBalance": text(amount),
                "crossUnPnl": text(self._venue.profit(call.account)),
                "availableBalance": free,
                "maxWithdrawAmount": free,
                "marginAvailable": True,
                "updateTime": call.now_ms,
            }
            for asset, amount in self._venue.wallets[call.account].items()
        ]

    def account(self, call: Call) -> object:
        """Answer with the totals, and only with positions that are there."""
        return self._account(call, [self._held(*each) for each in self._positions(call)])

    def account_v2(self, call: Call) -> object:
        """Answer with settings too, and with a position of zero for every other symbol."""
        rows = []
        for symbol, side, position in self._every_position(call):
            lever = self._venue.leverage[call.account, symbol]
            rows.append(
                self._held(call.account, symbol, side, position)
                | {
                    "leverage": str(lever),
                    "entryPrice": text(position.entry),
                    "breakEvenPrice": text(position.entry),
                    "isolated": (call.account, symbol) in self._venue.isolated,
                    "maxNotional": str(most_worth(lever)),
                    "bidNotional": "0",
                    "askNotional": "0",
                }
            )
        settings = {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True}
        return settings | self._account(call, rows)

    def _account(self, call: Call, rows: list[dict[str, object]]) -> dict[str, object]:
        venue, name = self._venue, call.account
        wallet = sum(venue.wallets[name].values(), ZERO)
        profit, margin = venue.profit(name), venue.margin(name)
        kept = sum((self._kept(*each) for each in self._positions(call)), ZERO)
        totals = {
            "InitialMargin": margin,
            "MaintMargin": kept,
            "WalletBalance": wallet,
            "UnrealizedProfit": profit,
            "MarginBalance": wallet + profit,
            "PositionInitialMargin": margin,
            "OpenOrderInitialMargin": ZERO,
            "CrossWalletBalance": wallet,
            "CrossUnPnl": profit,
        }
        free = {"availableBalance": text(venue.available(name))}
        free["maxWithdrawAmount"] = free["availableBalance"]
        amounts = {word[0].lower() + word[1:]: text(each) for word, each in totals.items()}
        return {
            **{f"total{word}": text(each) for word, each in totals.items()},
            **free,
            "assets": [
                {
                    "asset": asset,
                    **amounts,
                    **free,
                    "walletBalance": text(amount),
                    "crossWalletBalance": text(amount),
                    "updateTime": call.now_ms,
                }
                for asset, amount in venue.wallets[name].items()
            ],
            "positions": rows,
        }

    def _held(self, account: str, symbol: str, side: str, position: Position) -> dict[str, object]:
        worth = self._venue.mark(symbol) * position.amount
        margin = text(abs(worth) / self._venue.leverage[account, symbol])
        return {
            "symbol": symbol,
            "positionSide": side,
            "positionAmt": text(position.amount),
            "unrealizedProfit": text(worth - position.entry * position.amount),
            "isolatedMargin": "0",
            "isolatedWallet": "0",
            "notional": text(worth),
            "initialMargin": margin,
            "positionInitialMargin": margin,
            "openOrderInitialMargin": "0",
            "maintMargin": text(self._kept(account, symbol, side, position)),
            "updateTime": self._venue.now_ms(),
        }

    def _kept(self, _account: str, symbol: str, _side: str, position: Position) -> Decimal:
        return maintenance(abs(self._venue.mark(symbol) * position.amount))

    def positions(self, call: Call) -> object:
        chosen = call.params.get("symbol") or None
        return [self._risk(*each) for each in self._positions(call) if chosen in {None, each[1]}]

    def positions_v2(self, call: Call) -> object:
        chosen = call.params.get("symbol") or None
        return [
            self._risk(call.account, symbol, side, position)
            | {
                "leverage": str(self._venue.leverage[call.account, symbol]),
                "marginType": self._margin_type(call.account, symbol).lower().removesuffix("ed"),
                "maxNotionalValue": str(most_worth(self._venue.leverage[call.account, symbol])),
                "isAutoAddMargin": "false",
            }
            for symbol, side, position in self._every_position(call)
            if chosen in {None, symbol}
        ]

    def _risk(self, account: str, symbol: str, side: str, position: Position) -> dict[str, object]:
        row = self._held(account, symbol, side, position)
        row["unRealizedProfit"] = row.pop("unrealizedProfit")
        return row | {
            "entryPrice": text(position.entry),
            "breakEvenPrice": text(position.entry),
            "markPrice": text(self._venue.mark(symbol)),
            "liquidationPrice": "0",
            "marginAsset": self._venue.listings[symbol].quote,
            "adl": 1,
            "bidNotional": "0",
            "askNotional": "0",
        }

    def _positions(self, call: Call) -> list[tuple[str, str, str, Position]]:
        return [
            (account, symbol, side, position)
            for (account, symbol, side), position in self._venue.positions.items()
            if account == call.account and position.amount
        ]

    def _every_position(self, call: Call) -> list[tuple[str, str, Position]]:
        sides = ("LONG", "SHORT") if call.account in self._venue.hedged else ("BOTH",)
        return [
            (symbol, side, self._venue.positions[call.account, symbol, side])
            for symbol in self._venue.listings
            for side in sides
        ]

    def config(self, call: Call) -> object:
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": call.account in self._venue.hedged,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
            "updateTime": 0,
        }

    def symbol_config(self, call: Call) -> object:
        chosen = call.params.get("symbol") or None
        return [
            {
                "symbol": symbol,
                "marginType": self._margin_type(call.account, symbol),
                "isAutoAddMargin": False,
                "leverage": self._venue.leverage[call.account, symbol],
                "maxNotionalValue": str(most_worth(self._venue.leverage[call.account, symbol])),
            }
            for symbol in self._venue.listings
            if chosen in {None, symbol}
        ]

    def _margin_type(self, account: str, symbol: str) -> str:
        return "ISOLATED" if (account, symbol) in self._venue.isolated else "CROSSED"

    def brackets(self, call: Call) -> object:
        """Answer with the same brackets for every symbol; one symbol's come without a list."""
        chosen = call.params.get("symbol") or None
        if chosen is not None:
            self._venue.listing(chosen)
        rows = [
            {
                "symbol": symbol,
                "notionalCoef": 1.0,
                "brackets": [
                    {
                        "bracket": number,
                        "initialLeverage": each.leverage,
                        "notionalCap": each.cap,
                        "notionalFloor": each.floor,
                        "maintMarginRatio": float(each.maintenance),  # a JSON number on the wire
                        "cum": float(each.less),
                    }
                    for number, each in enumerate(BRACKETS, 1)
                ],
            }
            for symbol in self._venue.listings
            if chosen in {None, symbol}
        ]
        return rows if chosen is None else rows[0]

    def commission(self, call: Call) -> object:
        return {
            "symbol": self._venue.listing(call.text("symbol")).symbol,
            "makerCommissionRate": str(self._venue.maker_fee),
            "takerCommissionRate": str(self._venue.taker_fee),
        }

    def orders_allowed(self, _call: Call) -> object:
        return [
            {
                "rateLimitType": "ORDERS",
                "interval": "SECOND" if length == TEN_SECONDS_MS else "MINUTE",
                "intervalNum": 10 if length == TEN_SECONDS_MS else 1,
                "limit": limit,
            }
            for length, limit in self._limits.orders.items()
        ]

    def set_leverage(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        leverage = int(call.needed("leverage"))
        if not 1 <= leverage <= HIGHEST_LEVERAGE:
            raise ApiError(-4028, f"Leverage {leverage} is not valid.")
        self._venue.leverage[call.account, symbol] = leverage
        self._venue.outbox.append(
            ConfigEvent(account=call.account, symbol=symbol, leverage=leverage, at_ms=call.now_ms)
        )
        worth = str(most_worth(leverage))
        return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": worth}

    def set_margin(self, call: Call) -> object:
        symbol = self._venue.listing(call.text("symbol")).symbol
        wanted = call.choice("marginType", ("ISOLATED", "CROSSED"))
        if wanted == self._margin_type(call.account, symbol):
            raise ApiError(-4046, "No need to change margin type.")
        if self._venue.open_orders(call.account, symbol):
            raise ApiError(-4047, "Margin type cannot be changed if there exists open orders.")
        if any(each[1] == symbol for each in self._positions(call)):
            raise ApiError(-4048, "Margin type cannot be changed if there exists position.")
        isolated = self._venue.isolated
        (isolated.add if wanted == "ISOLATED" else isolated.discard)((call.account, symbol))
        return {"code": 200, "msg": "success"}

    def mode(self, call: Call) -> object:
        return {"dualSidePosition": call.account in self._venue.hedged}

    def set_mode(self, call: Call) -> object:
        call.text("dualSidePosition")
        wanted, venue = call.flag("dualSidePosition"), self._venue
        if wanted == (call.account in venue.hedged):
            raise ApiError(-4059, "No need to change position side.")
        waiting = any(order.is_open for order in venue.algos.of(call.account))
        if waiting or venue.open_orders(call.account):
            raise ApiError(-4067, "Position side cannot be changed if there exists open orders.")
        if self._positions(call):
            raise ApiError(-4068, "Position side cannot be changed if there exists position.")
        (venue.hedged.add if wanted else venue.hedged.discard)(call.account)
        return {"code": 200, "msg": "success"}

    def open_stream(self, call: Call) -> object:
        return {"listenKey": self._keys.open(call.account, call.now_ms)}

    def extend_stream(self, call: Call) -> object:
        return {"listenKey": self._keys.extend(call.account, call.now_ms)}

    def end_stream(self, call: Call) -> object:
        self._keys.end(call.account)
        return {}
