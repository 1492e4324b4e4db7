"""A person's word on an order of unknown fate: which of the broker's it is, or that it is none.

Needed where a broker knows no client order ids and several orders look alike. A number is believed
only if the broker shows an order under it that is what was sent; absence is taken as said.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.broker import Ambiguous, BrokerOrder, BrokerUnavailableError, Found
from algorithms.domain import BrokerOrderId, ChildId, ChildState
from daemon.execution.sent import sent_order
from daemon.signals import WorkArrived

if TYPE_CHECKING:
    from adapters.broker import Broker, FindOutcome, SentOrder
    from algorithms.domain import ChildOrder
    from daemon.execution.services import Services
    from daemon.storage.tx import Tx

ASK_TIMEOUT_S = 8.0
"""A person waits for the answer."""


class NotUnknownError(Exception):
    """The word cannot be taken; the message says why."""


class Verdicts:
    """Takes a person's word."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def candidates(self, child_id: str) -> tuple[BrokerOrder, ...]:
        """Ask the broker which of its orders it could be; none if it does not say.

        Raises as ``absent``, and BrokerUnavailableError.
        """
        child = await self._unknown(child_id)
        match await self._find(child, sent_order(child)):
            case Found(order=order):
                return (order,)
            case Ambiguous(candidates=several):
                return several
            case _:
                return ()

    async def absent(self, child_id: str) -> None:
        """Take it that the broker never had the order.

        Raises UnknownOrderError, and NotUnknownError unless the order's fate is open.
        """
        await self._unknown(child_id)
        services = self._services
        now = services.clock.now()

        def take(tx: Tx) -> None:
            child = services.evidence.absent(tx, ChildId(child_id), now)
            tx.signal(WorkArrived(child.account, child.symbol))

        await services.persistence.write(take)

    async def found(self, child_id: str, number: str) -> None:
        """Take it that the broker has the order under a number, and look at it there.

        Raises as ``absent``, NotUnknownError also if the broker shows no such order under the
        number or it is another one of ours, and BrokerUnavailableError.
        """
        child = await self._unknown(child_id)
        services = self._services
        sent = sent_order(child)
        day = self._broker(child).market_day(sent.sent_at)
        owner = await services.persistence.read(
            lambda view: view.fetch_one(
                "child_by_broker_id",
                account=child.account,
                broker_order_id=number,
                symbol=child.symbol,
                market_day=day.isoformat(),
            )
        )
        if owner is not None:
            raise NotUnknownError(f"{number} is the order {owner['id']} of {owner['book']}")
        named = replace(sent, broker_order_id=BrokerOrderId(number), market_day=day)
        outcome = await self._find(child, named)
        if not isinstance(outcome, Found) or not _is_it(child, outcome.order):
            raise NotUnknownError(f"the broker shows no such order under {number}")
        now = services.clock.now()

        def take(tx: Tx) -> None:
            if services.orders.child(tx, child.id).state is ChildState.UNKNOWN:
                services.evidence.found(tx, child.id, outcome.order, outcome.fills, now)
                tx.signal(WorkArrived(child.account, child.symbol))

        await services.persistence.write(take)

    def _broker(self, child: ChildOrder) -> Broker:
        broker = self._services.brokers.get(child.account)
        if broker is None:
            raise BrokerUnavailableError(f"account {child.account} is not connected")
        return broker

    async def _find(self, child: ChildOrder, sent: SentOrder) -> FindOutcome:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                return await self._broker(child).find(sent)
        except TimeoutError as error:
            raise BrokerUnavailableError("no answer in time") from error

    async def _unknown(self, child_id: str) -> ChildOrder:
        services = self._services
        child = await services.persistence.read(
            lambda view: services.orders.child(view, ChildId(child_id))
        )
        if child.state is not ChildState.UNKNOWN:
            raise NotUnknownError(f"the order is {child.state.value}, not unknown")
        return child


def _is_it(child: ChildOrder, order: BrokerOrder) -> bool:
    """Whether an order at the broker can be the one that was sent."""
    return (
        order.symbol == child.symbol
        and order.side is child.side
        and order.quantity == child.quantity
    )
