"""``POST /api/macro-trading/rebalancing/preview`` with a portfolio of one's own: the full plan.

A calculation on the body alone. It reads no state and changes nothing.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from algorithms.decimals import HUNDRED, ONE, ZERO, add, multiply, to_text, total
from algorithms.instruments import Instrument, TickTable, market_ticks
from algorithms.rebalancing.drift import Thresholds
from algorithms.rebalancing.holdings import Asset, Fees, Portfolio
from algorithms.rebalancing.orders import PRICE_LOGIC
from algorithms.rebalancing.plan import (
    DEFAULT_THRESHOLDS,
    Plan,
    Rounding,
    Settings,
    describe_reason,
    make_plan,
)
from algorithms.rebalancing.targets import UNCLASSED, Targets, target_faults
from daemon.api.preview_fields import Amount, Name, Number, Percent, Positive, SymbolText
from daemon.api.problems import BadInput, Problem, model_problems, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from algorithms.domain import Symbol
    from algorithms.rebalancing.drift import Drift
    from algorithms.rebalancing.holdings import Problem as PlanProblem
    from algorithms.rebalancing.orders import LeftOut, Order

TICKERS_MAX = 20_000
CURRENCIES = {"XKRX": "KRW", "XNYS": "USD", "24/7": "USD"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class InstrumentPart(_Part):
    """What an exchange lets be traded of a ticker; every key may be left out."""

    asset_class: Name | None = Field(
        default=None, alias="class", description="Asset class; that of the Sub-MP stands above it."
    )
    type: Literal["stock", "etf", "etn", "elw"] = "stock"
    lot: Positive | None = Field(default=None, description="Step of quantities, in units.")
    tick: Positive | None = Field(
        default=None, description="One tick at every price. Left out, the market's ticks."
    )
    min_notional: Amount | None = Field(default=None, description="Least value of an order.")
    name: Name | None = Field(default=None, description="For people.")


class ThresholdsPart(_Part):
    """From which drift on a run is needed, in percent. Left out: as stored."""

    mp: Percent | None = None
    sub_mp: Percent | None = None

    def over(self, stored: Thresholds) -> Thresholds:
        """Take what is given, and the rest as stored."""
        return Thresholds(
            stored.mp if self.mp is None else self.mp,
            stored.sub_mp if self.sub_mp is None else self.sub_mp,
        )


class FeesPart(_Part):
    """What broker and state take of an order's value."""

    commission_percent: Percent = ZERO
    sell_tax_percent: Percent = ZERO


class RebalancingPreview(_Part):
    """A hypothetical portfolio and its targets."""

    equity: Amount | None = Field(default=None, description="Must equal cash and holdings.")
    cash: Amount
    holdings: dict[SymbolText, Amount] = Field(default_factory=dict, max_length=TICKERS_MAX)
    prices: dict[SymbolText, Positive] = Field(max_length=TICKERS_MAX)
    instruments: dict[SymbolText, InstrumentPart] = Field(
        default_factory=dict, max_length=TICKERS_MAX
    )
    mp: dict[Name, Number] = Field(description="Percent of equity by asset class.")
    sub_mp: dict[Name, dict[SymbolText, Number]] = Field(
        default_factory=dict, description="Percent of its class by ticker."
    )
    thresholds: ThresholdsPart = Field(default_factory=ThresholdsPart)
    fees: FeesPart = Field(default_factory=FeesPart)
    market: Literal["XKRX", "XNYS", "24/7"] = Field(
        default="XKRX", description="Whose ticks and lots, where an instrument has none."
    )
    rounding: Rounding = Rounding.FLOOR
    cash_buffer_percent: Annotated[Percent, Field(description="Part of the cash to use.")] = (
        Decimal("98.5")
    )
    max_order_percent: Percent = Decimal(50)
    keep: tuple[SymbolText, ...] = Field(default=(), description="Holdings to leave alone.")


class OrderRow(TypedDict):
    """One order of the plan."""

    ticker: str
    name: str
    action: str
    quantity: str
    limit_price: str
    price_logic: str


class LeftOutRow(TypedDict):
    """Part of a net trade that is not ordered."""

    ticker: str
    action: str
    quantity: str
    reason: str


class PlanProblemRow(TypedDict):
    """Why nothing would be ordered."""

    code: str
    ticker: str | None
    message: str


class PlanAnswer(TypedDict):
    """The plan. Drifts and weights are percents; ``needed`` is null if prices are missing."""

    plan_id: str
    equity: str | None
    mp_drift: dict[str, str]
    sub_mp_drift: dict[str, dict[str, str]]
    needed: bool | None
    reasons: list[str]
    target: dict[str, str]
    net_trade: dict[str, str]
    sell_orders: list[OrderRow]
    buy_orders: list[OrderRow]
    left_out: list[LeftOutRow]
    feasible: bool
    problems: list[PlanProblemRow]
    needs_confirmation: list[str]
    expected_weights: dict[str, str]
    expected_cash: str | None
    tracking_error: str | None


def preview_rebalancing(body: object, stored: Thresholds = DEFAULT_THRESHOLDS) -> PlanAnswer:
    """Answer a hypothetical body, decoded. Raises ``BadInput`` with every fault.

    ``stored`` thresholds hold where the body has none.
    """
    request = _read(body)
    targets = Targets(request.mp, request.sub_mp)
    problems = [Problem(path_text(fault.path), fault.message) for fault in target_faults(targets)]
    portfolio = _portfolio(request, targets)
    problems += _equity_problems(request, portfolio)
    if problems:
        raise BadInput(problems)
    settings = Settings(
        thresholds=request.thresholds.over(stored),
        fees=Fees(request.fees.commission_percent, request.fees.sell_tax_percent),
        rounding=request.rounding,
        cash_buffer_percent=request.cash_buffer_percent,
        max_order_percent=request.max_order_percent,
    )
    return plan_answer(make_plan(portfolio, targets, settings))


def _read(body: object) -> RebalancingPreview:
    repeated = list(repeated_tickers(body)) if isinstance(body, dict) else []
    try:
        request = RebalancingPreview.model_validate(body)
    except ValidationError as error:
        raise BadInput([*model_problems(error, RebalancingPreview), *repeated]) from error
    if request.fees.commission_percent + request.fees.sell_tax_percent > HUNDRED:
        repeated.append(Problem("fees", "commission and tax take more than the whole sale"))
    if repeated:
        raise BadInput(repeated)
    return request


def repeated_tickers(body: Mapping[str, object]) -> Iterator[Problem]:
    """Find keys that are one ticker: ``btc/usdt`` and ``BTCUSDT``."""
    places: list[tuple[tuple[str, ...], object]] = [
        ((key,), body.get(key)) for key in ("holdings", "prices", "instruments")
    ]
    sub_mp = body.get("sub_mp")
    if isinstance(sub_mp, dict):
        places += [(("sub_mp", str(name)), tickers) for name, tickers in sub_mp.items()]
    for path, tickers in places:
        if not isinstance(tickers, dict):
            continue
        seen: set[str] = set()
        for ticker in tickers:
            same = str(ticker).strip().upper().replace("/", "")
            if same in seen:
                yield Problem(path_text((*path, str(ticker))), f"{same} is there twice")
            seen.add(same)


def _portfolio(request: RebalancingPreview, targets: Targets) -> Portfolio:
    """Every ticker that is held, priced or a target, but for what is kept."""
    owner = targets.class_of()
    tickers = dict.fromkeys((*owner, *request.holdings, *request.prices))
    assets = {
        ticker: _asset(request, ticker, owner.get(ticker))
        for ticker in tickers
        if ticker not in request.keep
    }
    return Portfolio(request.cash, assets)


def _asset(request: RebalancingPreview, ticker: Symbol, owner: str | None) -> Asset:
    part = request.instruments.get(ticker) or InstrumentPart()
    ticks = market_ticks(request.market, part.type)
    instrument = Instrument(
        symbol=ticker,
        lot=part.lot or (Decimal("0.00000001") if request.market == "24/7" else ONE),
        ticks=TickTable(((ZERO, part.tick),)) if part.tick else ticks,
        type=part.type,
        currency=CURRENCIES[request.market],
        min_notional=part.min_notional,
    )
    return Asset(
        asset_class=owner or part.asset_class or UNCLASSED,
        instrument=instrument,
        price=request.prices.get(ticker),
        held=request.holdings.get(ticker, ZERO),
        name=part.name or ticker,
    )


def _equity_problems(request: RebalancingPreview, portfolio: Portfolio) -> Iterator[Problem]:
    held = [asset for asset in portfolio.assets.values() if asset.held]
    if request.equity is None or any(asset.price is None for asset in held):
        return
    worth = total(multiply(asset.held, asset.price or ZERO) for asset in held)
    found = add(request.cash, worth)
    if request.equity != found:
        yield Problem("equity", f"must equal cash and holdings: {to_text(found)}")


def plan_answer(plan: Plan) -> PlanAnswer:
    """Write a plan as the answer has it. Equal plans have equal ids."""
    answer: PlanAnswer = {
        "plan_id": "",
        "equity": _text(plan.equity),
        "mp_drift": {name: _percent(drift) for name, drift in plan.drifts.mp.items()},
        "sub_mp_drift": {
            name: {ticker: _percent(drift) for ticker, drift in tickers.items()}
            for name, tickers in plan.drifts.sub_mp.items()
        },
        "needed": plan.needed,
        "reasons": [describe_reason(reason, plan.drifts) for reason in plan.reasons],
        "target": {ticker: to_text(units) for ticker, units in plan.target.items()},
        "net_trade": {ticker: to_text(units) for ticker, units in plan.net_trade.items()},
        "sell_orders": [_order_row(order) for order in plan.sells],
        "buy_orders": [_order_row(order) for order in plan.buys],
        "left_out": [_left_out_row(each) for each in plan.left_out],
        "feasible": plan.feasible,
        "problems": [_problem_row(problem) for problem in plan.problems],
        "needs_confirmation": list(plan.large),
        "expected_weights": {name: to_text(share) for name, share in plan.expected.items()},
        "expected_cash": _text(plan.expected_cash),
        "tracking_error": _text(plan.tracking_error),
    }
    answer["plan_id"] = hashlib.sha256(orjson.dumps(answer)).hexdigest()[:16]
    return answer


def _text(number: Decimal | None) -> str | None:
    return None if number is None else to_text(number)


def _percent(drift: Drift) -> str:
    return to_text(drift.percent)


def _order_row(order: Order) -> OrderRow:
    return {
        "ticker": order.asset.ticker,
        "name": order.asset.name or order.asset.ticker,
        "action": order.side.value,
        "quantity": to_text(order.quantity),
        "limit_price": to_text(order.limit),
        "price_logic": PRICE_LOGIC[order.side],
    }


def _left_out_row(left: LeftOut) -> LeftOutRow:
    return {
        "ticker": left.ticker,
        "action": left.side.value,
        "quantity": to_text(left.quantity),
        "reason": left.reason.value,
    }


def _problem_row(problem: PlanProblem) -> PlanProblemRow:
    return {"code": problem.code, "ticker": problem.ticker, "message": problem.message}
