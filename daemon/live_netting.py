"""``POST /api/netting/preview`` without orders: what would be crossed at this moment.

The same calculation as the real run, on the same orders and prices; nothing is settled and
nobody is told.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from algorithms.decimals import total
from algorithms.domain import AccountName, Side, Symbol
from algorithms.netting import GroupResult, Savings, net_group, savings
from algorithms.netting_price import clamp_price, price_problem
from daemon.api.netting_preview import pair_row, remaining_row, saved_row
from daemon.api.problems import BadInput, Problem
from daemon.execution.netter import Netter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from algorithms.netting import NettingOrder
    from daemon.api.decode import Json
    from daemon.execution.services import Services
    from daemon.storage.tx import View

_Group = tuple[AccountName, Symbol]
ASKED_AT_ONCE = 20
"""Prices; of a broker that is silent each takes as long as is waited for one."""


async def live_netting(services: Services, body: Mapping[str, Json]) -> Mapping[str, object]:
    """Answer like a hypothetical preview, and name the groups that cannot net, with the reason.

    ``account`` in the body restricts it to one account. Raises BadInput.
    """
    wanted = _accounts(services, body)
    orders = await _eligible(services, wanted)
    turns = asyncio.Semaphore(ASKED_AT_ONCE)
    tried = await asyncio.gather(*(_try(services, turns, *each) for each in orders.items()))
    results = {
        group: result
        for group, result in zip(orders, tried, strict=True)
        if isinstance(result, GroupResult)
    }
    skipped = [
        {"account": account, "symbol": symbol, "reason": result}
        for ((account, symbol), members), result in zip(orders.items(), tried, strict=True)
        # Where nothing opposes, no price would help.
        if isinstance(result, str) and {order.side for order in members} == set(Side)
    ]
    return {
        "pairs": [pair_row(pair) for result in results.values() for pair in result.pairs],
        "remaining": [remaining_row(left) for one in results.values() for left in one.remaining],
        "saved": saved_row(_saved(services, results)),
        "skipped": skipped,
    }


class _NoPriceError(Exception):
    """A group is not netted for want of a price to trust; the message is its code."""


def _accounts(services: Services, body: Mapping[str, Json]) -> Iterable[AccountName]:
    known = services.registry.accounts
    problems = [
        Problem(key, "unknown key: without orders there is only account")
        for key in body
        if key not in {"account", "orders"}
    ]
    account = body.get("account")
    if account is not None and not (isinstance(account, str) and account in known):
        problems.append(Problem("account", "must be the name of a configured account"))
    if problems:
        raise BadInput(problems)
    return known if account is None else (AccountName(str(account)),)


async def _eligible(
    services: Services, accounts: Iterable[AccountName]
) -> dict[_Group, list[NettingOrder]]:
    """Read the orders of every group that could net, all at one moment."""
    netter = Netter(services)
    now = services.clock.now()

    def read(view: View) -> dict[_Group, list[NettingOrder]]:
        groups = dict.fromkeys(
            (account, Symbol(row["symbol"]))
            for account in accounts
            for row in view.fetch("live_symbols", account=account)
        )
        return {group: netter.eligible(view, *group, now) for group in groups}

    return await services.persistence.read(read)


async def _try(
    services: Services, turns: asyncio.Semaphore, group: _Group, orders: list[NettingOrder]
) -> GroupResult | str:
    """Net a group, or say why it cannot be."""
    try:
        async with turns:
            return await _net(services, group, orders)
    except (_NoPriceError, BrokerError, TimeoutError) as error:
        return str(error)


async def _net(services: Services, group: _Group, orders: list[NettingOrder]) -> GroupResult:
    if not services.current.setup.netting.enabled:
        raise _NoPriceError("netting_off")
    quote = await services.market.quote(*group)
    problem = price_problem(quote, services.clock.now(), services.current.setup.netting.limits)
    if problem is not None:
        raise _NoPriceError(problem.value)
    instrument = await services.market.instrument(*group)
    return net_group(orders, clamp_price(quote.last, quote.bid, quote.ask), instrument.lot)


def _saved(services: Services, results: Mapping[_Group, GroupResult]) -> Savings:
    """Add up groups of accounts with different commission rates."""
    each = [
        savings([result], services.registry.accounts[account].commission_percent)
        for (account, _), result in results.items()
    ]
    return Savings(
        broker_orders=sum(one.broker_orders for one in each),
        value=total(one.value for one in each),
        commission=total(one.commission for one in each),
    )
