"""Conditional futures orders: a service of their own, with an identity space of its own.

When one goes off, a plain order is born, and the fills are that order's. For the core it stays
one order, under the conditional one's number and our id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.binance.answers import Reply
from adapters.binance.fields import symbol_of, text
from adapters.binance.outcomes import NOT_FOUND, said_by
from adapters.broker import BrokerUnavailableError
from adapters.fields import fields_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from adapters.binance.answers import Observation
    from adapters.binance.orders import Reader
    from adapters.binance.routes import Routes
    from adapters.binance.wire import Call
    from adapters.broker import BrokerOrder, SentOrder
    from adapters.fields import Fields
    from algorithms.domain import Symbol

NO_ORDER = frozenset({"", "0", "None"})


class Algos:
    """The conditional orders of one account."""

    def __init__(
        self, routes: Routes, reader: Reader, send: Callable[[Call], Awaitable[Observation]]
    ) -> None:
        self._routes = routes
        self._reader = reader
        self._send = send

    async def find(self, sent: SentOrder) -> tuple[BrokerOrder, str | None] | None:
        """Return the order as it stands, and the number of the one born of it.

        None where no answer of the service shows it. Raises BrokerUnavailableError.
        """
        row = await self._row(sent)
        if row is None:
            return None
        algo, number = self._reader.algo(row), born_number(row)
        if number is None:
            return algo, None
        self._reader.born(algo, number)
        born = fields_of(await self._ask(self._routes.find_number(algo.symbol, number)))
        return self._reader.order(born), number

    async def open(self, symbol: Symbol | None) -> list[BrokerOrder]:
        """Return the conditional orders that have not gone off."""
        rows = rows_of(await self._ask(self._routes.open_algos(symbol)))
        return [algo for row in rows if (algo := self._asleep(row)) is not None]

    async def learn(self, symbol: Symbol) -> None:
        """Learn which orders of a symbol were born of conditional ones."""
        for row in rows_of(await self._ask(self._routes.all_algos(symbol))):
            self._asleep(row)

    async def learn_parents(self, rows: Iterable[Fields]) -> None:
        """Learn of what plain orders were born, where that is not known of them."""
        unknown = {
            symbol_of(row)
            for row in rows
            if self._reader.memory.get(symbol_of(row), text(row, "orderId")) is None
        }
        for symbol in sorted(unknown):
            await self.learn(symbol)

    def _asleep(self, row: Fields) -> BrokerOrder | None:
        """Read a conditional order; None if it has gone off, which is remembered."""
        algo, number = self._reader.algo(row), born_number(row)
        if number is None:
            return algo
        self._reader.born(algo, number)
        return None

    async def _row(self, sent: SentOrder) -> Fields | None:
        """Find an order's row. Asking by its id has been seen to miss orders that exist."""
        seen = await self._send(self._routes.find(sent))
        if isinstance(seen, Reply) and seen.is_good:
            return fields_of(seen.body)
        if not isinstance(seen, Reply) or seen.code not in NOT_FOUND:
            said = said_by(seen) if isinstance(seen, Reply) else seen.reason
            raise BrokerUnavailableError(said)
        symbol, client_id = sent.request.symbol, sent.request.client_id
        for call in (self._routes.open_algos(symbol), self._routes.all_algos(symbol)):
            for row in rows_of(await self._ask(call)):
                if row.get("clientAlgoId") == client_id:
                    return row
        return None

    async def _ask(self, call: Call) -> object:
        seen = await self._send(call)
        if not isinstance(seen, Reply):
            raise BrokerUnavailableError(seen.reason)
        if not seen.is_good:
            raise BrokerUnavailableError(said_by(seen))
        return seen.body


def born_number(row: Fields) -> str | None:
    """Return the number of the order that was born of a conditional one, if one was."""
    number = str(row.get("actualOrderId") or "")
    return None if number in NO_ORDER else number
