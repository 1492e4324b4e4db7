"""Netting as it runs: opposite orders of one account and symbol are crossed inside.

What to cross is a calculation (``algorithms.netting``). Each pair is then settled in a transaction
of its own, on the orders as they are at that moment: a pair that has become impossible is left
out and reported, and nothing of it remains.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from adapters.sqlite.errors import StorageCorruptError
from algorithms.decimals import ZERO, percent, subtract, to_text, total
from algorithms.domain import Measure, OrderType, ParentStatus, Side
from algorithms.netting import (
    RESIDUAL_BELOW_ONE_LOT,
    NettingOrder,
    Pair,
    net_group,
)
from algorithms.netting_price import PriceLimits, clamp_price, price_problem
from daemon.execution.orders import free_quantity
from daemon.execution.sizing import NETTABLE
from daemon.notices import raise_notice
from daemon.signals import PairCrossed
from daemon.storage.rows import child_from_row, parent_from_row, to_us
from daemon.storage.tx import Table

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from algorithms.domain import AccountName, BookName, ParentOrder, Symbol
    from daemon.execution.services import Services
    from daemon.storage.tx import Tx, View

log = logging.getLogger(__name__)

PAIRS = Table(
    "netting_pairs",
    (
        "id",
        "run_id",
        "account",
        "symbol",
        "buy_parent",
        "sell_parent",
        "quantity",
        "price",
        "commission_saved",
        "broker_orders_saved",
        "at",
    ),
)


class PairImpossibleError(Exception):
    """An order of a pair changed since the pair was found; the message says how."""


@dataclass(frozen=True, slots=True)
class NetterSettings:
    """From [netting] and [webhook]."""

    enabled: bool
    limits: PriceLimits
    order_max_age: timedelta


@dataclass(frozen=True, slots=True)
class _Crossed:
    """What one settled pair came to."""

    value: Decimal
    commission: Decimal
    broker_orders: int


class Netter:
    """Crosses the orders of one account."""

    def __init__(self, services: Services) -> None:
        self._current = services.current
        self._market = services.market
        self._persistence = services.persistence
        self._clock = services.clock
        self._orders = services.orders
        self._fills = services.fills
        self._halts = services.halts
        self._ids = services.ids
        self._brokers = services.brokers
        self._told: dict[tuple[AccountName, Symbol], str] = {}

    @property
    def _settings(self) -> NetterSettings:
        return self._current.setup.netting

    async def run(self, account: AccountName, symbol: Symbol) -> int:
        """Net one group once; return the number of pairs crossed.

        A group without a trustworthy price is left alone and told about, once per reason.
        """
        if not self._settings.enabled:
            return 0
        now = self._clock.now()
        orders, held = await self._persistence.read(
            lambda view: self._group(view, account, symbol, now)
        )
        if {order.side for order in orders} != {Side.BUY, Side.SELL}:
            return 0
        basis = await self._basis(account, symbol)
        if basis is None:
            return 0
        price, lot = basis
        run_id = self._ids.new()
        crossed: list[_Crossed] = []
        for pair in net_group(orders, price, lot, held).pairs:
            settled = await self._settle(run_id, pair)
            if settled is not None:
                crossed.append(settled)
        if crossed:
            await self._tell_done(account, symbol, crossed)
        return len(crossed)

    def eligible(
        self, view: View, account: AccountName, symbol: Symbol, now: datetime
    ) -> list[NettingOrder]:
        """Return the free remainders of the group's orders that may net, oldest first."""
        rows = view.fetch("live_parents_of_symbol", account=account, symbol=symbol)
        parents = [parent_from_row(row) for row in rows]
        orders = [
            self._as_netting(view, parent)
            for parent in parents
            if self._may_net(parent) and not self._too_old(parent, now)
        ]
        return [order for order in orders if order.free > ZERO]

    def _too_old(self, parent: ParentOrder, now: datetime) -> bool:
        """Whether an order could not be worked in time: it is to be dropped, not crossed late."""
        return (
            parent.order_type is not OrderType.TWAP
            and parent.due_at is not None
            and now - parent.due_at > self._settings.order_max_age
        )

    def _group(
        self, view: View, account: AccountName, symbol: Symbol, now: datetime
    ) -> tuple[list[NettingOrder], dict[BookName, Decimal] | None]:
        """Return the orders that may net, and the units that their books have for them.

        A book may hold less than its orders have set aside: fills that came late, or a coin fee.
        """
        orders = self.eligible(view, account, symbol, now)
        if self._current.registry.accounts[account].is_futures:
            return orders, None
        books = {order.book for order in orders if order.side is Side.SELL}
        return orders, {book: self._units(view, account, book, symbol) for book in books}

    def _units(self, view: View, account: AccountName, book: BookName, symbol: Symbol) -> Decimal:
        """Units a book holds that no live child order may still sell."""
        row = view.fetch_one("position", account=account, book=book, asset=symbol)
        if row is None:
            return ZERO
        sells = view.fetch("live_sells_of_book", account=account, book=book, symbol=symbol)
        promised = total(
            subtract(Decimal(sell["quantity"]), Decimal(sell["filled"])) for sell in sells
        )
        return subtract(Decimal(row["quantity"]), promised)

    def _may_net(self, parent: ParentOrder) -> bool:
        book = self._current.registry.books.get(parent.book)
        return (
            parent.nets
            and parent.order_type in NETTABLE
            and parent.cancel_requested_at is None
            and not parent.status.is_final
            and book is not None
            and book.active
            and self._halts.reason(parent.account, parent.strategy, parent.book, parent.symbol)
            is None
        )

    def _as_netting(self, view: View, parent: ParentOrder) -> NettingOrder:
        rows = view.fetch("live_children_of_parent", parent_id=parent.id)
        children = [child_from_row(row) for row in rows]
        cash = parent.measure is Measure.CASH
        return NettingOrder(
            id=parent.id,
            book=parent.book,
            account=parent.account,
            symbol=parent.symbol,
            side=parent.side,
            measure=parent.measure,
            remain=parent.remain,
            free=parent.reserved if cash else free_quantity(parent, children),
            limit=parent.limit_price,
            reserved_cash=None if cash or parent.side is Side.SELL else parent.reserved,
        )

    async def _basis(self, account: AccountName, symbol: Symbol) -> tuple[Decimal, Decimal] | None:
        """Return the price and the lot to net at; None, told to people, without either."""
        try:
            instrument = await self._market.instrument(account, symbol)
            quote = await self._market.quote(account, symbol)
        except BrokerError as error:
            await self._tell_skipped(account, symbol, f"no price: {error}")
            return None
        problem = price_problem(quote, self._clock.now(), self._settings.limits)
        if problem is not None:
            await self._tell_skipped(account, symbol, problem.value)
            return None
        self._told.pop((account, symbol), None)
        return clamp_price(quote.last, quote.bid, quote.ask), instrument.lot

    async def _settle(self, run_id: str, pair: Pair) -> _Crossed | None:
        now = self._clock.now()
        pair_id = self._ids.new()
        try:
            return await self._persistence.write(
                lambda tx: self._cross(tx, run_id, pair_id, pair, now)
            )
        except PairImpossibleError as error:
            await self._tell_failed(pair, str(error))
        except StorageCorruptError:
            raise
        except Exception as error:
            log.exception("account %s: a pair of %s failed", pair.buy.account, pair.buy.symbol)
            await self._tell_failed(pair, f"{type(error).__name__}: {error}")
        return None

    def _cross(self, tx: Tx, run_id: str, pair_id: str, pair: Pair, now: datetime) -> _Crossed:
        """Settle one pair on the orders as they are now; all of it or nothing."""
        buyer = self._still(tx, pair.buy, pair)
        seller = self._still(tx, pair.sell, pair)
        account = self._current.registry.accounts[pair.buy.account]
        if not account.is_futures:
            held = self._units(tx, account.name, seller.book, seller.symbol)
            if held < pair.quantity:
                message = f"{seller.book} holds only {to_text(held)} for it"
                raise PairImpossibleError(message)
        day = self._brokers[account.name].market_day(now).isoformat()
        self._fills.cross(
            tx, buyer, seller, pair_id, pair.quantity, pair.price, market_day=day, now=now
        )
        ended = self._end_if_done(tx, buyer, pair, now) + self._end_if_done(tx, seller, pair, now)
        commission = percent(pair.value, account.commission_percent) * 2
        tx.insert(
            PAIRS,
            (
                pair_id,
                run_id,
                pair.buy.account,
                pair.buy.symbol,
                buyer.id,
                seller.id,
                to_text(pair.quantity),
                to_text(pair.price),
                to_text(commission),
                ended,
                to_us(now),
            ),
        )
        raise_notice(
            tx,
            self._ids.new(),
            "pair_crossed",
            now,
            account=pair.buy.account,
            symbol=pair.buy.symbol,
            buyer=buyer.book,
            seller=seller.book,
            quantity=to_text(pair.quantity),
            price=to_text(pair.price),
            value=to_text(pair.value),
        )
        waited = now - max(buyer.created_at, seller.created_at)
        tx.signal(PairCrossed(account.name, pair.value, commission, ended, waited))
        return _Crossed(pair.value, commission, ended)

    def _still(self, tx: Tx, order: NettingOrder, pair: Pair) -> ParentOrder:
        """Return the order as it is now, if it can still give or take its part of the pair."""
        parent = self._orders.parent(tx, order.id)
        if not self._may_net(parent):
            message = f"{parent.book}'s order has ended, or is cancelled or halted"
            raise PairImpossibleError(message)
        now_free = self._as_netting(tx, parent)
        needed = pair.value if order.measure is Measure.CASH else pair.quantity
        reserved = now_free.reserved_cash
        if now_free.free < needed or (reserved is not None and reserved < pair.value):
            message = f"{parent.book}'s order has only {to_text(now_free.free)} free"
            raise PairImpossibleError(message)
        if not now_free.allows(pair.price):
            message = f"{parent.book}'s limit does not allow {to_text(pair.price)}"
            raise PairImpossibleError(message)
        return parent

    def _end_if_done(self, tx: Tx, parent: ParentOrder, pair: Pair, now: datetime) -> int:
        """End an order that netting completed; return the broker orders that saves."""
        parent = self._orders.parent(tx, parent.id)
        if self._orders.live_children(tx, parent.id):
            return 0
        if not parent.remain:
            self._orders.end_parent(tx, parent, ParentStatus.DONE, "netted", now)
            return 1
        if parent.measure is Measure.CASH and self._orders.below_one_lot(parent, pair.price):
            self._orders.end_parent(tx, parent, ParentStatus.DONE, RESIDUAL_BELOW_ONE_LOT, now)
            return 1
        return 0

    async def _tell_done(
        self, account: AccountName, symbol: Symbol, crossed: list[_Crossed]
    ) -> None:
        await self._tell(
            "netting_done",
            account,
            symbol=symbol,
            pairs=str(len(crossed)),
            value=to_text(sum((one.value for one in crossed), ZERO)),
            commission=to_text(sum((one.commission for one in crossed), ZERO)),
            broker_orders=str(sum(one.broker_orders for one in crossed)),
        )

    async def _tell_skipped(self, account: AccountName, symbol: Symbol, reason: str) -> None:
        if self._told.get((account, symbol)) == reason:
            return
        self._told[account, symbol] = reason
        await self._tell("netting_skipped", account, symbol=symbol, reason=reason)

    async def _tell_failed(self, pair: Pair, reason: str) -> None:
        await self._tell(
            "pair_failed",
            pair.buy.account,
            symbol=pair.buy.symbol,
            buyer=pair.buy.book,
            seller=pair.sell.book,
            reason=reason,
        )

    async def _tell(self, code: str, account: AccountName, **params: str) -> None:
        now = self._clock.now()

        def tell(tx: Tx) -> None:
            raise_notice(tx, self._ids.new(), code, now, account=account, **params)

        await self._persistence.write(tell)
