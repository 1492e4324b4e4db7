"""``POST /api/netting/run``: a person has orders netted now, by those who net them always."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, multiply, to_text, total
from daemon.api.columns import Columns
from daemon.api.items import PairItem
from daemon.live_netting import live_netting

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from algorithms.domain import AccountName, Symbol
    from daemon.execution.account_runtime import AccountRuntime
    from daemon.execution.services import Services
    from daemon.storage.tx import View

WAIT_S = 10.0
"""An account that nets for longer goes on behind the answer."""
_PAIR = Columns(PairItem)


async def netting_run(
    services: Services,
    accounts: Mapping[AccountName, AccountRuntime],
    account: str | None,
    symbol: Symbol | None,
) -> Mapping[str, object]:
    """Net all, one account or one symbol, and answer what was crossed meanwhile.

    The accounts' own workers do it in their next round, so that nothing is sent while they net.
    """
    row = await services.persistence.read(lambda view: view.fetch_one("newest_pair"))
    newest = "" if row is None or row["id"] is None else row["id"]
    meant = {name: each for name, each in accounts.items() if account in {None, name}}
    finished = all(await asyncio.gather(*(_net(services, each, symbol) for each in meant.values())))

    def crossed(view: View) -> list[sqlite3.Row]:
        rows = view.fetch("pairs_after", id=newest)
        return [one for one in rows if one["account"] in meant and symbol in {None, one["symbol"]}]

    pairs = list(map(_PAIR.item, await services.persistence.read(crossed)))
    live = await live_netting(services, {} if account is None else {"account": account})
    skipped = live["skipped"]
    assert isinstance(skipped, list)  # as live_netting answers
    return {
        "pairs": pairs,
        "saved": _saved(pairs),
        "skipped": [one for one in skipped if symbol in {None, one["symbol"]}],
        "finished": finished,
    }


async def _net(services: Services, account: AccountRuntime, symbol: Symbol | None) -> bool:
    """Let one account net; tell whether it came to it in time."""

    def live(view: View) -> set[Symbol]:
        rows = view.fetch("live_symbols", account=account.name)
        return {row["symbol"] for row in rows if symbol in {None, row["symbol"]}}

    symbols = await services.persistence.read(live)
    if not symbols:
        return True
    worker = account.worker
    if worker is None:
        return False
    try:
        async with asyncio.timeout(WAIT_S):
            await worker.net_now(symbols)
    except TimeoutError:
        return False
    return True


def _saved(pairs: list[dict[str, object]]) -> dict[str, object]:
    values = [multiply(_number(pair["quantity"]), _number(pair["price"])) for pair in pairs]
    return {
        "commission": to_text(total(_number(pair["commission_saved"]) for pair in pairs)),
        "value": to_text(total(values)) if values else to_text(ZERO),
        "broker_orders": sum(int(str(pair["broker_orders_saved"])) for pair in pairs),
    }


def _number(value: object) -> Decimal:
    return Decimal(str(value))
