"""An account's events, from asking: ccxt's own streams lose events without saying so.

While orders of ours are alive, their symbols' open orders are asked for every second or so; what
changed is read whole and told, trades before the order's state. A round that fails is a gap.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.broker import (
    BrokerOrderState,
    BrokerUnavailableError,
    FillEvent,
    OrderEvent,
    StreamLost,
    StreamRestored,
)
from adapters.followers import Followers
from algorithms.decimals import ZERO

if TYPE_CHECKING:
    import asyncio

    from adapters.broker import BrokerOrder
    from adapters.ccxt_bridge.account import Account
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor

ROUND_S = 1.0
MOST_ALIVE = 10_000
"""Orders that are asked after; the oldest are left to the periodic comparison."""


class Feed:
    """Asks after the orders of one account, and tells followers."""

    def __init__(self, name: str, clock: Clock, tasks: TaskSupervisor) -> None:
        self.followers = Followers()
        self._name = name
        self._clock = clock
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self._alive: dict[str, BrokerOrder] = {}
        """By number, as last told."""
        self._told: set[str] = set()
        """Trades of those."""
        self._is_lost = False

    def start(self, account: Account) -> None:
        if self._task is None:
            self._task = self._tasks.spawn(self._run(account), name=f"orders of {self._name}")

    def close(self) -> None:
        self.followers.close()
        if self._task is not None:
            self._task.cancel()

    def follow(self, order: BrokerOrder) -> None:
        """Ask after an order from now on. Nothing of it has been told yet."""
        if order.id in self._alive:
            return
        self._alive[order.id] = replace(order, filled=ZERO, state=BrokerOrderState.OPEN)
        if len(self._alive) > MOST_ALIVE:
            del self._alive[next(iter(self._alive))]

    async def _run(self, account: Account) -> None:
        while True:
            await self._clock.sleep(ROUND_S)
            if not self._alive:
                continue
            try:
                await self._round(account)
            except BrokerUnavailableError as error:
                self._lose(str(error))
                continue
            if self._is_lost:
                self._is_lost = False
                self.followers.tell(StreamRestored())

    def _lose(self, reason: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            self.followers.tell(StreamLost(reason))

    async def _round(self, account: Account) -> None:
        before = dict(self._alive)
        symbols = {order.symbol for order in before.values()}
        still: dict[str, BrokerOrder] = {}
        for symbol in sorted(symbols):
            still |= {order.id: order for order in await account.open_of(symbol)}
        for number, told in before.items():
            order = still.get(number)
            if order is None:
                order = await account.numbered(number, told.symbol)
            if order is not None:
                account.compare_ids(order, told.client_id)
            if order is not None and (order.filled, order.state) != (told.filled, told.state):
                await self._tell(account, order)
            if order is None or order.state.is_final:
                self._alive.pop(number, None)
            else:
                self._alive[number] = order

    async def _tell(self, account: Account, order: BrokerOrder) -> None:
        """Tell the trades that are news, then the order. Its end is told with all its trades."""
        fills = await account.fills_of(order) if order.filled else ()
        for fill in fills:
            if fill.trade_id is not None and fill.trade_id not in self._told:
                self._told.add(fill.trade_id)
                self.followers.tell(FillEvent(fill))
        self.followers.tell(OrderEvent(order))
        if order.state.is_final:
            self._told.difference_update(fill.trade_id or "" for fill in fills)
