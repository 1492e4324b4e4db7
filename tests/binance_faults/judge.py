"""What must hold after an hour, seen from the exchange and from the daemon's database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.binance.hosts import MarketKind
from daemon.storage.rows import from_us
from tests.simulators.binance.orders import AlgoStatus, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tests.simulators.binance.orders import AlgoOrder, Order
    from tests.support.simulated import SimulatedBinance
    from tests.support.world import World


@dataclass(frozen=True, slots=True)
class There:
    """An order as the exchange has it, under the name that its bot gave it."""

    name: str
    executed: Decimal
    is_open: bool
    status: str
    cancelled_ms: int | None


def orders_there(binance: SimulatedBinance, account: str) -> list[There]:
    """Return every order of an account; a conditional one together with what it became."""
    algos = binance.simulator.exchange.futures.algos.of(account)
    born = {algo.born.id for algo in algos if algo.born is not None}
    found = [_plain(order) for order in binance.orders(account) if order.id not in born]
    return found + [_conditional(algo) for algo in algos]


def resting(binance: SimulatedBinance, accounts: tuple[str, ...]) -> Counter[str]:
    """Count what may still fill, by the bot that wants it."""
    return Counter(
        order.name.split("-")[0]
        for account in accounts
        for order in orders_there(binance, account)
        if order.is_open
    )


def _plain(order: Order, name: str | None = None) -> There:
    cancelled = order.status is Status.CANCELED
    return There(
        name or order.draft.client_id,
        order.executed,
        order.status.is_open,
        order.status.value,
        order.updated_ms if cancelled else None,
    )


def _conditional(algo: AlgoOrder) -> There:
    name = algo.draft.client_id
    if algo.born is not None:
        return _plain(algo.born, name)
    cancelled = algo.status is AlgoStatus.CANCELED
    return There(
        name,
        Decimal(0),
        algo.is_open,
        algo.status.value,
        algo.updated_ms if cancelled else None,
    )


def wrong_at_the_exchange(
    binance: SimulatedBinance,
    accounts: tuple[str, ...],
    cancelled_at: Mapping[str, list[datetime]],
) -> Iterator[str]:
    """Judge what the exchange has seen; ``cancelled_at``: when each bot wanted orders ended."""
    for account in accounts:
        orders = orders_there(binance, account)
        for name, count in Counter(order.name for order in orders).items():
            if count > 1:
                yield f"{name} is {count} times at the exchange"
        for order in orders:
            if order.cancelled_ms is not None and not _was_wanted(order, cancelled_at):
                yield f"{order.name} was cancelled, and its bot had not wanted that"
    if binance.simulator.exchange.faults.impatient:
        yield f"{binance.simulator.exchange.faults.impatient} requests before the time told"


def _was_wanted(order: There, cancelled_at: Mapping[str, list[datetime]]) -> bool:
    assert order.cancelled_ms is not None  # asked of cancelled orders
    return any(
        int(at.timestamp() * 1000) <= order.cancelled_ms
        for at in cancelled_at.get(order.name.split("-")[0], ())
    )


async def wrong_in_the_books(
    day: World, binance: SimulatedBinance, accounts: tuple[str, ...]
) -> list[str]:
    """Compare every order and every sum of the daemon's with the exchange."""
    found = [f"invariant {each}" for each in await day.check()]
    there = {order.name: order for account in accounts for order in orders_there(binance, account)}
    children = await day.rows("all_children")
    for child in children:
        found += _wrong_child(child, there.pop(child["id"], None))
    found += [f"{name} is at the exchange and in no book" for name in there]
    for request in await day.rows("unfinished_requests"):
        found.append(f"request {request['id']} of {from_us(request['received_at'])} has no answer")
    if binance.kind is MarketKind.SPOT:
        found += await _wrong_sums(day, binance, accounts)
    return found


def _wrong_child(child: Mapping[str, str], order: There | None) -> Iterator[str]:
    name, state = child["id"], child["state"]
    if order is None:
        if state not in {"rejected", "cancelled", "expired"} or Decimal(child["filled"]):
            yield f"{name} is {state}, and the exchange has never seen it"
        return
    if Decimal(child["filled"]) != order.executed:
        yield f"{name} has filled {order.executed} at the exchange, {child['filled']} here"
    is_open = state in {"open", "partially_filled"}
    if is_open != order.is_open or state in {"sending", "unknown", "cancelling"}:
        yield f"{name} is {state} here and {order.status} at the exchange"


async def _wrong_sums(
    day: World, binance: SimulatedBinance, accounts: tuple[str, ...]
) -> list[str]:
    positions = await day.rows("all_positions")
    found = []
    for account in accounts:
        balances = binance.simulator.exchange.spot.balances[account]
        for asset, coin in (("BTCUSDT", "BTC"), ("ETHUSDT", "ETH"), ("USDT", "USDT")):
            ours = sum(
                (
                    Decimal(row["quantity"])
                    for row in positions
                    if row["account"] == account
                    and row["asset"] == asset
                    and row["book"] in {f"{bot}_{account}" for bot in ("alpha", "beta")}
                ),
                Decimal(0),
            )
            if ours != balances.get(coin, Decimal(0)):
                found.append(f"{account} has {balances.get(coin)} {coin}, its books {ours}")
    return found
