"""What rebalancing goes by, stored: thresholds, and every account's targets with their history."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from adapters.broker import BrokerError, UnknownSymbolError
from algorithms.decimals import to_text
from algorithms.domain import AccountName, Symbol
from algorithms.rebalancing.drift import Thresholds
from algorithms.rebalancing.plan import DEFAULT_THRESHOLDS
from algorithms.rebalancing.targets import TargetFault, Targets
from daemon.api.errors import ErrorCode, Refused
from daemon.storage.rows import from_us, to_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import datetime

    from daemon.engine import Engine
    from daemon.storage.tx import Tx, View

HISTORY_MAX = 100
"""Most targets that are listed, the newest ones."""


@dataclass(frozen=True, slots=True)
class StoredThresholds:
    """``updated_at`` None: nobody has changed them yet."""

    thresholds: Thresholds
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredTargets:
    """Targets as they were set, by whom and when."""

    id: str
    targets: Targets
    set_by: str
    at: datetime


class RebalancingOffice:
    """Answers for the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accounts(self) -> Collection[str]:
        return self._engine.registry.accounts

    async def thresholds(self) -> StoredThresholds:
        """Return those in force."""
        return await self._engine.store.read(_thresholds)

    async def set_thresholds(self, mp: Decimal | None, sub_mp: Decimal | None) -> StoredThresholds:
        """Change one or both, and return those now in force."""
        now = self._engine.services.clock.now()

        def change(tx: Tx) -> StoredThresholds:
            old = _thresholds(tx).thresholds
            new = Thresholds(old.mp if mp is None else mp, old.sub_mp if sub_mp is None else sub_mp)
            tx.execute(
                "save_rebalancing_config",
                mp=to_text(new.mp),
                sub_mp=to_text(new.sub_mp),
                now=to_us(now),
            )
            return StoredThresholds(new, now)

        return await self._engine.store.write(change)

    async def targets(self, account: str) -> list[StoredTargets]:
        """Return an account's targets, newest first, at most ``HISTORY_MAX``."""
        return await self._engine.store.read(
            lambda view: [
                _stored(row)
                for row in view.fetch("rebalancing_targets", account=account, limit=HISTORY_MAX)
            ]
        )

    async def unknown_tickers(self, account: str, targets: Targets) -> list[TargetFault]:
        """Name the tickers that the account's broker does not trade. Raises Refused."""
        faults = []
        for ticker, name in targets.class_of().items():
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

        def add(tx: Tx) -> StoredTargets:
            tx.execute(
                "add_rebalancing_targets",
                id=stored.id,
                account=account,
                mp=_document({name: to_text(weight) for name, weight in targets.mp.items()}),
                sub_mp=_document(
                    {
                        name: {ticker: to_text(weight) for ticker, weight in tickers.items()}
                        for name, tickers in targets.sub_mp.items()
                    }
                ),
                set_by=set_by,
                now=to_us(stored.at),
            )
            return stored

        return await self._engine.store.write(add)


def _thresholds(view: View) -> StoredThresholds:
    row = view.fetch_one("rebalancing_config")
    if row is None:
        return StoredThresholds(DEFAULT_THRESHOLDS, None)
    found = Thresholds(
        Decimal(row["mp_threshold_percent"]), Decimal(row["sub_mp_threshold_percent"])
    )
    return StoredThresholds(found, from_us(row["updated_at"]))


def _stored(row: sqlite3.Row) -> StoredTargets:
    targets = Targets(
        {name: Decimal(weight) for name, weight in orjson.loads(row["mp"]).items()},
        {
            name: {Symbol(ticker): Decimal(weight) for ticker, weight in tickers.items()}
            for name, tickers in orjson.loads(row["sub_mp"]).items()
        },
    )
    return StoredTargets(row["id"], targets, row["set_by"], from_us(row["at"]))


def _document(weights: object) -> str:
    return orjson.dumps(weights).decode()
