"""What Binance's exchangeInfo lets be traded, and what it refuses before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.binance.fields import decimal, integer, symbol_of, text
from adapters.binance.hosts import MarketKind
from adapters.broker import RefusalCode, Refused
from adapters.fields import rows_of
from algorithms.decimals import ZERO, to_text
from algorithms.domain import OrderType
from algorithms.instruments import Instrument, TickTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.broker import OrderRequest
    from adapters.fields import Fields

TRADING = "TRADING"
SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
STEP_WITHOUT_FILTER = Decimal("0.00000001")
VENUE_TYPES = {
    MarketKind.SPOT: {
        OrderType.MARKET: "MARKET",
        OrderType.LIMIT: "LIMIT",
        OrderType.STOP_MARKET: "STOP_LOSS",
        OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    },
    MarketKind.FUTURES: {
        OrderType.MARKET: "MARKET",
        OrderType.LIMIT: "LIMIT",
        OrderType.STOP_MARKET: "STOP_MARKET",
        OrderType.STOP_LIMIT: "STOP",
    },
}
"""Our order types, and what each interface calls them."""
LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
STOPPED = frozenset({OrderType.STOP_MARKET, OrderType.STOP_LIMIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One symbol. Bounds are zero where the venue sets none; prices in ``quote``."""

    instrument: Instrument
    base: str
    quote: str
    status: str
    order_types: frozenset[str]
    price_min: Decimal
    price_max: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    market_quantity_max: Decimal


@dataclass(frozen=True, slots=True)
class Allowance:
    """A row of rateLimits: ``limit`` units of ``kind`` in ``window_s`` seconds."""

    kind: str
    window_s: int
    limit: int
    header: str


def read_allowances(fields: Fields) -> tuple[Allowance, ...]:
    """Read the budgets that an exchangeInfo names."""
    return tuple(_allowance(row) for row in rows_of(fields.get("rateLimits", [])))


def refusal(rules: Rules, request: OrderRequest, kind: MarketKind) -> Refused | None:
    """Say why an order cannot be, by the rules known; None where only the venue can judge."""
    name = VENUE_TYPES[kind].get(request.order_type)
    if name is None or name not in rules.order_types:
        return Refused(
            RefusalCode.UNSUPPORTED,
            f"{request.symbol} takes no {request.order_type.value} orders here",
        )
    if rules.status != TRADING:
        return Refused(
            RefusalCode.MARKET_CLOSED, f"{request.symbol} does not trade: {rules.status}"
        )
    return _quantity_fault(rules, request) or _price_fault(rules, request)


def _quantity_fault(rules: Rules, request: OrderRequest) -> Refused | None:
    quantity = request.quantity
    most = rules.quantity_max
    if request.order_type in {OrderType.MARKET, OrderType.STOP_MARKET}:
        limits = [bound for bound in (most, rules.market_quantity_max) if bound]
        most = min(limits, default=ZERO)
    problem = None
    if quantity <= ZERO:
        problem = "must be above zero"
    elif not rules.instrument.is_on_lot(quantity):
        problem = f"must be a multiple of {to_text(rules.instrument.lot)}"
    elif quantity < rules.quantity_min:
        problem = f"must be at least {to_text(rules.quantity_min)}"
    elif most and quantity > most:
        problem = f"must be at most {to_text(most)}"
    if problem is None:
        return None
    return Refused(RefusalCode.BAD_QUANTITY, f"quantity {to_text(quantity)} {problem}")


def _price_fault(rules: Rules, request: OrderRequest) -> Refused | None:
    wanted = [
        ("limit price", request.limit_price, request.order_type in LIMITED),
        ("stop price", request.stop_price, request.order_type in STOPPED),
    ]
    for name, price, needed in wanted:
        if not needed:
            continue
        problem = None
        if price is None:
            return Refused(RefusalCode.BAD_PRICE, f"the {name} is missing")
        if not rules.instrument.is_on_tick(price):
            tick = to_text(rules.instrument.tick_at(max(price, ZERO)))
            problem = f"must be a multiple of {tick} above zero"
        elif price < rules.price_min:
            problem = f"must be at least {to_text(rules.price_min)}"
        elif rules.price_max and price > rules.price_max:
            problem = f"must be at most {to_text(rules.price_max)}"
        if problem is not None:
            return Refused(RefusalCode.BAD_PRICE, f"{name} {to_text(price)} {problem}")
    return None


def read_symbol(row: Fields, kind: MarketKind) -> Rules | None:
    """Read one symbol; None for one that this adapter cannot trade."""
    filters = {text(each, "filterType"): each for each in rows_of(row.get("filters", []))}
    price, lot = filters.get("PRICE_FILTER", {}), filters.get("LOT_SIZE", {})
    tick = _bound(price, "tickSize") or STEP_WITHOUT_FILTER
    step = _bound(lot, "stepSize") or STEP_WITHOUT_FILTER
    symbol = symbol_of(row)
    quote = text(row, "quoteAsset")
    if kind is MarketKind.FUTURES and text(row, "marginAsset") != quote:
        return None
    order_types = row.get("orderTypes", row.get("orderType", []))
    if not isinstance(order_types, list):
        return None
    return Rules(
        instrument=Instrument(
            symbol=symbol,
            lot=step,
            ticks=TickTable(((ZERO, tick),)),
            type="coin" if kind is MarketKind.SPOT else "perpetual",
            currency=quote,
            min_notional=_min_notional(filters),
        ),
        base=text(row, "baseAsset"),
        quote=quote,
        status=text(row, "status"),
        order_types=frozenset(str(name) for name in order_types),
        price_min=_bound(price, "minPrice"),
        price_max=_bound(price, "maxPrice"),
        quantity_min=_bound(lot, "minQty"),
        quantity_max=_bound(lot, "maxQty"),
        market_quantity_max=_bound(filters.get("MARKET_LOT_SIZE", {}), "maxQty"),
    )


def _min_notional(filters: Mapping[str, Fields]) -> Decimal | None:
    for name in ("NOTIONAL", "MIN_NOTIONAL"):
        if name in filters:
            value = decimal(filters[name], "minNotional", "notional")
            return value or None
    return None


def _bound(fields: Fields, name: str) -> Decimal:
    """Return a bound of a filter; zero switches it off."""
    return decimal(fields, name) if name in fields else ZERO


def _allowance(row: Fields) -> Allowance:
    unit, count = text(row, "interval"), integer(row, "intervalNum")
    letter = f"{count}{unit[0]}"
    kind = text(row, "rateLimitType")
    header = "X-MBX-ORDER-COUNT-" if kind == "ORDERS" else "X-MBX-USED-WEIGHT-"
    return Allowance(kind, SECONDS[unit] * count, integer(row, "limit"), header + letter)
