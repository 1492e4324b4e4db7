"""What rebalancing goes by, stored: thresholds, and every account's targets with their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from adapters.broker import BrokerError, UnknownSymbolError
from algorithms.decimals import to_text
from algorithms.domain import AccountName
from algorithms.rebalancing.drift import Thresholds
from algorithms.rebalancing.holdings import KEPT
from algorithms.rebalancing.targets import TargetFault, Targets
from daemon.api.errors import ErrorCode, Refused
from daemon.rebalancing.planner import (
    StoredTargets,
    StoredThresholds,
    stored_targets,
    stored_thresholds,
)
from daemon.rebalancing.runs import targets_document
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from daemon.engine import Engine
    from daemon.storage.tx import Tx

HISTORY_MAX = 100
"""Most targets that are listed, the newest ones."""


class RebalancingOffice:
    """Answers for the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accounts(self) -> Collection[str]:
        return self._engine.registry.accounts

    async def thresholds(self) -> StoredThresholds:
        """Return those in force."""
        return await self._engine.store.read(stored_thresholds)

    async def set_thresholds(self, mp: Decimal | None, sub_mp: Decimal | None) -> StoredThresholds:
        """Change one or both, and return those now in force."""
        now = self._engine.services.clock.now()

        def change(tx: Tx) -> StoredThresholds:
            old = stored_thresholds(tx).thresholds
            new = Thresholds(old.mp if mp is None else mp, old.sub_mp if sub_mp is None else sub_mp)
            tx.execute(
                "save_rebalancing_config",
                mp=to_text(new.mp),
                sub_mp=to_text(new.sub_mp),
                now=to_us(now),
            )
            return StoredThresholds(new, now)

        stored = await self._engine.store.write(change)
        self._engine.standings.renew()
        return stored

    async def targets(self, account: str) -> list[StoredTargets]:
        """Return an account's targets, newest first, at most ``HISTORY_MAX``."""
        return await self._engine.store.read(
            lambda view: stored_targets(view, account, HISTORY_MAX)
        )

    async def unknown_tickers(self, account: str, targets: Targets) -> list[TargetFault]:
        """Name the tickers that the broker does not trade, or nobody may. Raises Refused."""
        faults = []
        keep = self._engine.services.current.setup.config.rebalancing.keep
        kept = {ticker for ticker, weight in targets.weights().items() if weight and ticker in keep}
        for ticker, name in targets.class_of().items():
            if ticker in kept:
                faults.append(TargetFault(("sub_mp", name, ticker), KEPT))
                continue
            try:
                await self._engine.services.market.instrument(AccountName(account), ticker)
            except UnknownSymbolError:
                message = f"the broker of {account} does not trade it"
                faults.append(TargetFault(("sub_mp", name, ticker), message))
            except BrokerError as error:
                raise Refused(ErrorCode.BROKER_SILENT, str(error)) from error
        return faults

    async def set_targets(self, account: str, targets: Targets, set_by: str) -> StoredTargets:
        """Store new targets, which were checked before."""
        stored = StoredTargets(
            self._engine.services.ids.new(), targets, set_by, self._engine.services.clock.now()
        )
        document = targets_document(targets)

        def add(tx: Tx) -> None:
            tx.execute(
                "add_rebalancing_targets",
                id=stored.id,
                account=account,
                mp=orjson.dumps(document["mp"]).decode(),
                sub_mp=orjson.dumps(document["sub_mp"]).decode(),
                set_by=set_by,
                now=to_us(stored.at),
            )

        await self._engine.store.write(add)
        self._engine.standings.renew()
        return stored
