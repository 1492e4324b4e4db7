"""What a run has come to, when its last order is final: from the books, at the prices it knew."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, subtract, to_text
from algorithms.domain import Symbol
from algorithms.rebalancing.holdings import Asset, Portfolio
from algorithms.rebalancing.outcome import achieved
from algorithms.rebalancing.targets import UNCLASSED
from daemon.execution.services import KnownLots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.execution.services import Services
    from daemon.rebalancing.runs import Run, Trade
    from daemon.storage.tx import Tx


def report(tx: Tx, services: Services, run: Run, trades: Sequence[Trade]) -> Mapping[str, object]:
    """Hold what the book has now against the run's targets."""
    prices = _prices(run)
    lots = KnownLots(services.current, services.market)
    currency = lots.currency(run.account)
    assets = {
        ticker: Asset(
            asset_class=UNCLASSED,
            instrument=lots.instrument(run.account, ticker),
            price=price,
            held=max(tx.position(run.account, run.book, ticker).quantity, ZERO),
        )
        for ticker, price in prices.items()
    }
    cash = tx.position(run.account, run.book, currency).quantity
    buffer_percent = services.current.setup.config.rebalancing.cash_buffer_percent
    found = achieved(Portfolio(cash, assets), run.targets, buffer_percent)
    fees: dict[str, Decimal] = {}
    for trade in trades:
        for asset, fee in trade.fees.items():
            fees[asset] = add(fees.get(asset, ZERO), fee)
    return {
        "equity": to_text(found.equity),
        "cash": to_text(cash),
        "weights": {name: to_text(weight) for name, weight in found.weights.items()},
        "targets": {name: to_text(weight) for name, weight in found.targets.items()},
        "tracking_error": to_text(found.tracking_error),
        "beyond": list(found.beyond),
        "fees": {asset: to_text(fee) for asset, fee in fees.items() if fee},
        "unfilled": [
            {
                "ticker": trade.ticker,
                "action": trade.side.value,
                "quantity": to_text(subtract(trade.quantity, trade.filled)),
                "reason": trade.order.reason,
            }
            for trade in trades
            if trade.order is not None and trade.filled < trade.quantity
        ],
    }


def _prices(run: Run) -> dict[Symbol, Decimal]:
    """The last prices the run has read: those of the buys, or those it was planned at."""
    buying = run.snapshot.get("buying")
    document = buying if isinstance(buying, dict) else run.snapshot
    prices: Mapping[str, str] = document.get("prices", {})  # type: ignore[assignment]
    return {Symbol(ticker): Decimal(price) for ticker, price in prices.items()}
