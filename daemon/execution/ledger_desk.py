"""Where entries come in, and where splits wait for their orders to end.

An entry needs nothing but the database and is booked at once. A split lets its symbol rest first;
every few seconds it is tried whether it can be carried out.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from algorithms.decimals import ZERO
from daemon.execution.entries import Split
from daemon.execution.splits import pending
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from algorithms.bookkeeping import Ratio
    from algorithms.domain import AccountName, Symbol
    from daemon.execution.bookkeeper import Recorded
    from daemon.execution.entries import Record
    from daemon.execution.services import Services
    from daemon.execution.splits import Splits
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx

SPLITS_EVERY = timedelta(seconds=5)
ASK_TIMEOUT_S = 10.0


class LedgerDesk:
    """Takes what a person enters into the ledger."""

    def __init__(self, store: Store, services: Services, splits: Splits) -> None:
        self._store = store
        self._services = services
        self._splits = splits
        self._pending: dict[tuple[AccountName, Symbol], str] = {}
        """Splits that wait, and what people were told of why."""

    async def load(self) -> None:
        """Take up the splits that the last process left."""
        for account, symbol, ratio in await self._store.read(pending):
            self._rest(account, symbol, ratio)

    async def record(self, record: Record) -> Recorded:
        """Book an entry, or store a split; when this returns it is on disk.

        Raises NotPossibleError, EntryKeyReusedError and StorageError; then nothing was stored.
        """
        now = self._services.clock.now()
        split = record.entered if isinstance(record.entered, Split) else None
        if split is None:
            return await self._store.write(lambda tx: self._services.keeper.record(tx, record, now))
        key = (split.account, split.symbol)
        is_first = key not in self._pending
        # Before it is stored: what is planned from here on sees that the symbol rests.
        self._rest(*key, split.ratio)
        try:
            return await self._store.write(lambda tx: self._services.keeper.record(tx, record, now))
        finally:
            # One that was carried out meanwhile has taken its symbol's rest along.
            if await self._is_pending(key):
                self._rest(*key, split.ratio)
            elif is_first:
                self._wake(key)

    async def carry_out(self) -> None:
        """Carry out every split whose orders have ended and that the broker shows.

        What holds one up is told once; it is tried again at the next time.
        """
        for key in tuple(self._pending):
            problem = await self._try(*key)
            if problem is None:
                self._services.market.forget_symbol(*key)
                if not await self._is_pending(key):  # another one came the moment after
                    self._wake(key)
            elif problem != self._pending.get(key):
                self._pending[key] = problem
                await self._tell(*key, problem)

    async def _try(self, account: AccountName, symbol: Symbol) -> str | None:
        broker = self._services.brokers.get(account)
        if broker is None:
            return "the broker is not connected"
        if not await self._store.read(
            partial(self._splits.is_clear, account=account, symbol=symbol)
        ):
            return "its orders have not all ended"
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                holdings = await broker.holdings()
        except (BrokerError, TimeoutError) as error:
            return f"the broker does not answer: {str(error) or 'time-out'}"
        return await self._services.persistence.write(
            partial(
                self._splits.carry_out,
                account=account,
                symbol=symbol,
                at_broker=holdings.positions.get(symbol, ZERO),
                keeper=self._services.keeper,
                now=self._services.clock.now(),
            )
        )

    async def _tell(self, account: AccountName, symbol: Symbol, reason: str) -> None:
        now = self._services.clock.now()

        def tell(tx: Tx) -> None:
            raise_notice(
                tx,
                self._services.ids.new(),
                "split_waits",
                now,
                account=account,
                symbol=symbol,
                reason=reason,
            )

        await self._services.persistence.write(tell)

    async def _is_pending(self, key: tuple[AccountName, Symbol]) -> bool:
        account, symbol = key
        row = await self._services.persistence.read(
            lambda view: view.fetch_one("pending_split", account=account, symbol=symbol)
        )
        return row is not None

    def _rest(self, account: AccountName, symbol: Symbol, ratio: Ratio) -> None:
        self._pending.setdefault((account, symbol), "")
        self._services.halts.rest(account, symbol, f"a split {ratio} is carried out")

    def _wake(self, key: tuple[AccountName, Symbol]) -> None:
        self._pending.pop(key, None)
        self._services.halts.wake(*key)
