"""``GET /api/loc/sheet``: what an account's live LOC and MOC orders of a symbol come to.

The same calculation as the preview, on the orders as they stand. It changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from adapters.broker import BrokerError
from algorithms.decimals import to_text
from algorithms.domain import AT_THE_CLOSE, LADDER, AccountName, Symbol
from algorithms.instruments import normalise_symbol
from daemon.api.loc_preview import describe
from daemon.api.problems import BadInput, Problem
from daemon.execution.ladder.orders import loc_order
from daemon.loc.plans import NoPlanError, plan_symbol
from daemon.storage.rows import parent_from_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from algorithms.domain import ParentOrder
    from algorithms.instruments import Instrument
    from algorithms.loc.curve import LocOrder
    from daemon.execution.services import Services
    from daemon.storage.tx import View


HERE_MAX = 200
"""Up to so many orders a sheet is made at once."""

T = TypeVar("T")


async def by_turns(orders: int, work: Callable[[], T]) -> T:
    """Work on the orders of a sheet; on many in a thread, which lets webhooks through meanwhile."""
    return work() if orders <= HERE_MAX else await asyncio.to_thread(work)


@dataclass(frozen=True, slots=True)
class _Left:
    """An order of the sheet, and whose it is."""

    parent: ParentOrder
    order: LocOrder


async def live_loc(services: Services, account: str, symbol: str) -> Mapping[str, object]:
    """Answer like a preview, with the orders and their books. Raises BadInput.

    What is left of an order of a book counts, at the broker or not; a ladder's own orders do not.
    ``skipped`` are those of which less than one lot is left. ``next``: what the ``dip_loc`` books
    would have at the next close, None without any or if ``next_problem`` keeps it from being
    worked out.
    """
    name, of = _read(services, account, symbol)
    try:
        instrument = await services.market.instrument(name, of)
    except BrokerError as error:
        raise BadInput([Problem("symbol", str(error))]) from error
    try:
        plan = await plan_symbol(services, name, of)
        problem = None
    except NoPlanError as error:
        plan, problem = None, str(error)

    def read(view: View) -> list[ParentOrder]:
        rows = view.fetch("live_parents_of_symbol", account=name, symbol=of)
        return [parent_from_row(row) for row in rows]

    parents = [
        parent
        for parent in await services.persistence.read(read)
        if parent.order_type in AT_THE_CLOSE and parent.book != LADDER
    ]
    found = [_left(parent, instrument) for parent in parents]
    left = [each for each in found if each is not None]
    counted = {each.parent.id for each in left}
    orders = [each.order for each in left]
    return {
        "account": name,
        "symbol": of,
        "orders": [_order_row(each) for each in left],
        "skipped": [parent.id for parent in parents if parent.id not in counted],
        "next": None if plan is None else plan.as_json(),
        "next_problem": problem,
        **await by_turns(
            len(orders), lambda: describe(orders, instrument.ticks, instrument.currency)
        ),
    }


def _read(services: Services, account: str, symbol: str) -> tuple[AccountName, Symbol]:
    problems = []
    if account not in services.registry.accounts:
        problems.append(Problem("account", "must be the name of a configured account"))
    read = Symbol("")
    try:
        read = normalise_symbol(symbol)
    except ValueError as error:
        problems.append(Problem("symbol", str(error)))
    if problems:
        raise BadInput(problems)
    return AccountName(account), read


def _left(parent: ParentOrder, instrument: Instrument) -> _Left | None:
    """Return what is left of an order as a ladder would have it, so that both say the same."""
    order = loc_order(parent, instrument)
    return None if order is None else _Left(parent, order)


def _order_row(each: _Left) -> Mapping[str, object]:
    price = each.order.price
    return {
        "id": each.order.id,
        "book": each.parent.book,
        "side": each.order.side.value,
        "price": None if price is None else to_text(price),
        "quantity": to_text(each.order.quantity),
    }
