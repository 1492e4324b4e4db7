"""What is traded and under which filters. Values are the seed of a market, not Binance's own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.binance.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulators.binance.orders import Draft

SPOT_STP = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT")
FUTURES_STP = SPOT_STP[:4]
SPOT_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
FUTURES_TYPES = (
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)
MOST_ALGOS = 10
"""Conditional futures orders of one symbol."""
PERPETUAL_ENDS_MS = 4133404800000
LISTED_MS = 1569398400000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A symbol. Prices in ``quote``, quantities in ``base``; ``price`` is where it opens."""

    symbol: str
    base: str
    quote: str
    price: Decimal
    tick: Decimal = Decimal("0.01")
    step: Decimal = Decimal("0.001")
    max_quantity: Decimal = Decimal(9000)
    max_market_quantity: Decimal = Decimal(1000)
    min_notional: Decimal = Decimal(5)
    max_orders: int = 200
    up: Decimal = Decimal(5)
    down: Decimal = Decimal("0.2")
    """A limit price may lie between ``down`` and ``up`` times the last price."""

    @property
    def max_price(self) -> Decimal:
        return Decimal(1_000_000)


SPOT_LISTINGS = (
    Listing(symbol="BTCUSDT", base="BTC", quote="USDT", price=Decimal(50_000)),
    Listing(symbol="ETHUSDT", base="ETH", quote="USDT", price=Decimal(2_000)),
)
FUTURES_LISTINGS = (
    Listing(
        symbol="BTCUSDT", base="BTC", quote="USDT", price=Decimal(50_000), tick=Decimal("0.10")
    ),
    Listing(symbol="ETHUSDT", base="ETH", quote="USDT", price=Decimal(2_000)),
)


def places(unit: Decimal) -> int:
    exponent = unit.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _filters(listing: Listing) -> list[dict[str, object]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": str(listing.tick),
            "maxPrice": str(listing.max_price),
            "tickSize": str(listing.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": str(listing.step),
            "maxQty": str(listing.max_quantity),
            "stepSize": str(listing.step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": str(listing.step),
            "maxQty": str(listing.max_market_quantity),
            "stepSize": str(listing.step),
        },
    ]


def spot_info(listing: Listing) -> dict[str, object]:
    return {
        "symbol": listing.symbol,
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(SPOT_TYPES),
        "icebergAllowed": True,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            *_filters(listing),
            {
                "filterType": "NOTIONAL",
                "minNotional": str(listing.min_notional),
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(listing.up),
                "bidMultiplierDown": str(listing.down),
                "askMultiplierUp": str(listing.up),
                "askMultiplierDown": str(listing.down),
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": listing.max_orders},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": list(SPOT_STP),
    }


def futures_info(listing: Listing) -> dict[str, object]:
    return {
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_ENDS_MS,
        "onboardDate": LISTED_MS,
        "status": "TRADING",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.quote,
        "pricePrecision": places(listing.tick),
        "quantityPrecision": places(listing.step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            *_filters(listing),
            {"filterType": "MIN_NOTIONAL", "notional": str(listing.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": str(listing.up),
                "multiplierDown": str(listing.down),
                "multiplierDecimal": "4",
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": listing.max_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": MOST_ALGOS},
        ],
        "orderTypes": list(FUTURES_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


SPOT_CODES = {
    "price": (-1013, "Filter failure: PRICE_FILTER"),
    "lot": (-1013, "Filter failure: LOT_SIZE"),
    "market_lot": (-1013, "Filter failure: MARKET_LOT_SIZE"),
    "notional": (-1013, "Filter failure: NOTIONAL"),
    "percent": (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    "orders": (-1013, "Filter failure: MAX_NUM_ORDERS"),
    "price_high": (-1013, "Filter failure: PRICE_FILTER"),
    "lot_low": (-1013, "Filter failure: LOT_SIZE"),
    "percent_low": (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
}
FUTURES_CODES = {
    "price": (-4014, "Price not increased by tick size."),
    "lot": (-4005, "Quantity greater than max quantity."),
    "market_lot": (-4005, "Quantity greater than max quantity."),
    "notional": (-4164, "Order's notional must be no smaller than 5 (unless reduce only)."),
    "percent": (-4016, "Limit price can't be higher than mark price multiplier cap."),
    "orders": (-2025, "Reach max open order limit."),
    "price_high": (-4002, "Price greater than max price."),
    "lot_low": (-4003, "Quantity less than or equal to zero."),
    "percent_low": (-4024, "Limit price can't be lower than mark price multiplier floor."),
}


def check_filters(
    listing: Listing,
    draft: Draft,
    last: Decimal,
    codes: dict[str, tuple[int, str]],
    open_orders: int,
) -> None:
    """Refuse what a filter of the symbol forbids; ``codes`` is the venue's code family.

    An order that closes a position has no quantity of its own to judge.
    """

    def fails(name: str) -> ApiError:
        return ApiError(*codes[name])

    if draft.close_position:
        _check_prices(listing, draft, last, fails)
        return
    _check_decimals(listing, draft)
    most = listing.max_market_quantity if draft.price is None else listing.max_quantity
    if draft.quantity < listing.step:
        raise fails("lot_low")
    if draft.quantity > most:
        raise fails("lot" if draft.price is not None else "market_lot")
    if open_orders >= listing.max_orders:
        raise fails("orders")
    _check_prices(listing, draft, last, fails)
    worth = draft.quantity * (last if draft.price is None else draft.price)
    if worth < listing.min_notional and not draft.reduce_only:
        raise fails("notional")


def _check_prices(
    listing: Listing, draft: Draft, last: Decimal, fails: Callable[[str], ApiError]
) -> None:
    for price in (draft.price, draft.stop_price):
        if price is not None and (price <= 0 or price % listing.tick):
            raise fails("price")
        if price is not None and price > listing.max_price:
            raise fails("price_high")
    if draft.price is not None and draft.price > last * listing.up:
        raise fails("percent")
    if draft.price is not None and draft.price < last * listing.down:
        raise fails("percent_low")


def _check_decimals(listing: Listing, draft: Draft) -> None:
    finest = ((draft.quantity, listing.step, "quantity"), (draft.price, listing.tick, "price"))
    for value, unit, name in finest:
        if value is not None and places(value) > max(places(unit), 0):
            raise ApiError(-1111, f"Parameter '{name}' has too much precision.")
    if draft.quantity % listing.step:
        raise ApiError(-1111, "Parameter 'quantity' has too much precision.")
