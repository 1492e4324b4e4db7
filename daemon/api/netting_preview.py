"""``POST /api/netting/preview`` with orders of one's own: what would be crossed, what saved.

A calculation on the body alone. It reads no state and changes nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from typing_extensions import TypedDict

from algorithms.decimals import ONE, ZERO, to_text
from algorithms.domain import AccountName, BookName, Kind, Measure, ParentId, Side, Symbol
from algorithms.netting import (
    GroupResult,
    NettingOrder,
    Pair,
    Remainder,
    Savings,
    group_orders,
    net_group,
    savings,
)
from daemon.api.preview_fields import (
    Name,
    Percent,
    Positive,
    SymbolText,
    fault,
    read_positive,
    symbol_of,
)
from daemon.api.problems import BadInput, Problem, model_problems, path_text

ORDERS_MAX = 200_000


_PRICE_MAP = TypeAdapter(dict[SymbolText, Positive])


def _read_prices(value: object) -> Decimal | dict[Symbol, Decimal]:
    if not isinstance(value, dict):
        return read_positive(value)
    prices = _PRICE_MAP.validate_python(value)
    if len(prices) < len(value):
        raise fault("two prices for one symbol")
    return prices


Prices = Annotated[
    Decimal | dict[Symbol, Decimal],
    PlainValidator(_read_prices),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "number"]},
                {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
            ]
        }
    ),
]


class PreviewOrder(BaseModel):
    """A hypothetical parent order: cash for a buy, units for a sell."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name = Field(description="Also the order's book: orders of one id never net.")
    account: Name = "default"
    symbol: SymbolText
    kind: Kind
    value: Positive = Field(description="Cash of a BUY or BUY_FORCE, units of a sell.")


class NettingPreview(BaseModel):
    """Hypothetical orders in order of creation, and the price at which they would net."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    price: Prices = Field(description="One price for all symbols, or one for each symbol.")
    orders: tuple[PreviewOrder, ...] = Field(max_length=ORDERS_MAX)
    lot: Positive = Field(default=ONE, description="Step of quantities, in units.")
    commission_percent: Percent = Field(default=ZERO, description="Only for what is saved.")

    def price_of(self, symbol: Symbol) -> Decimal | None:
        """The price of a symbol; None where the body names none."""
        return self.price.get(symbol) if isinstance(self.price, dict) else self.price


class PairRow(TypedDict):
    """One crossing of the answer."""

    buy: str
    sell: str
    symbol: str
    account: str
    shares: str
    price: str


class RemainingRow(TypedDict):
    """One order afterwards; ``value`` is in its own measure."""

    id: str
    symbol: str
    account: str
    value: str
    status: Literal["open", "done"]
    reason: str | None
    cash_returned: str


class SavedRow(TypedDict):
    """What was saved, by the definitions of ``algorithms.netting.Savings``."""

    commission: str
    value: str
    broker_orders: int


class PreviewAnswer(TypedDict):
    """The answer: pairs in the order taken, orders in the order given."""

    pairs: list[PairRow]
    remaining: list[RemainingRow]
    saved: SavedRow


def preview(body: object) -> PreviewAnswer:
    """Answer a hypothetical body, decoded. Raises ``BadInput`` with every fault."""
    request = read_preview(body)
    orders = [_netting_order(order) for order in request.orders]
    results: dict[tuple[AccountName, Symbol], GroupResult] = {}
    for key, group in group_orders(orders).items():
        price = request.price_of(key[1])
        assert price is not None  # read_preview has seen to it
        results[key] = net_group(group, price, request.lot)
    rest = {key: iter(result.remaining) for key, result in results.items()}
    return {
        "pairs": [pair_row(pair) for result in results.values() for pair in result.pairs],
        "remaining": [remaining_row(next(rest[order.account, order.symbol])) for order in orders],
        "saved": saved_row(savings(results.values(), request.commission_percent)),
    }


def read_preview(body: object) -> NettingPreview:
    """Check a decoded body. Raises ``BadInput`` with every fault."""
    problems = _missing_prices(body) if isinstance(body, dict) else []
    try:
        request = NettingPreview.model_validate(body)
    except ValidationError as error:
        raise BadInput([*model_problems(error, NettingPreview), *problems]) from error
    if problems:
        raise BadInput(problems)
    return request


def _missing_prices(body: dict[str, object]) -> list[Problem]:
    """Symbols without a price, each at the first order that needs one.

    Looks at the body as it came, so that these faults are told together with all others.
    """
    prices, orders = body.get("price"), body.get("orders")
    if not isinstance(prices, dict) or not isinstance(orders, list):
        return []
    known = {_symbol_or_none(key) for key in prices} | {None}
    problems = []
    for index, order in enumerate(orders):
        symbol = _symbol_or_none(order.get("symbol")) if isinstance(order, dict) else None
        if symbol not in known:
            known.add(symbol)
            path = path_text(("orders", index, "symbol"))
            problems.append(Problem(path, f"no price for {symbol}"))
    return problems


def _symbol_or_none(value: object) -> Symbol | None:
    try:
        return symbol_of(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _netting_order(order: PreviewOrder) -> NettingOrder:
    side = order.kind.side
    return NettingOrder(
        id=ParentId(order.id),
        book=BookName(order.id),
        account=AccountName(order.account),
        symbol=order.symbol,
        side=side,
        measure=Measure.CASH if side is Side.BUY else Measure.QUANTITY,
        remain=order.value,
        free=order.value,
    )


def pair_row(pair: Pair) -> PairRow:
    """One crossing as the answer shows it."""
    return {
        "buy": pair.buy.id,
        "sell": pair.sell.id,
        "symbol": pair.buy.symbol,
        "account": pair.buy.account,
        "shares": to_text(pair.quantity),
        "price": to_text(pair.price),
    }


def remaining_row(left: Remainder) -> RemainingRow:
    """One order afterwards as the answer shows it."""
    return {
        "id": left.order.id,
        "symbol": left.order.symbol,
        "account": left.order.account,
        "value": to_text(left.remain),
        "status": "done" if left.done else "open",
        "reason": left.reason,
        "cash_returned": to_text(left.cash_returned),
    }


def saved_row(saved: Savings) -> SavedRow:
    """What was saved as the answer shows it."""
    return {
        "commission": to_text(saved.commission),
        "value": to_text(saved.value),
        "broker_orders": saved.broker_orders,
    }
