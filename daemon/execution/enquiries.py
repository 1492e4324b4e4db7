"""What has to be known of a symbol before an order for it can be taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.broker import BrokerError, UnknownSymbolError
from daemon.execution.sizing import Terms, needs_price

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.broker import Broker
    from algorithms.domain import AccountName, StrategyName, Symbol
    from daemon.execution.commands import Place
    from daemon.execution.intake import Intake
    from daemon.market import Market

AllTerms = dict[tuple["AccountName", "Symbol"], Terms]


class Enquiries:
    """Asks the brokers of all accounts for the terms of orders."""

    def __init__(
        self, intake: Intake, market: Market, brokers: Mapping[AccountName, Broker]
    ) -> None:
        self._intake = intake
        self._market = market
        self._brokers = brokers

    def known(self, strategy: StrategyName, places: Sequence[Place]) -> AllTerms | None:
        """Collect what is known already; None if a broker has to be asked."""
        terms: AllTerms = {}
        always = self._intake.risk.limits.need_price
        for command in places:
            for book in self._intake.books(strategy, command):
                key = book.account.name, command.symbol
                priced = always or needs_price(command, book)
                known = terms.get(key)
                if known is None or (priced and known.price is None):
                    known = self._known_of(key, priced=priced)
                    if known is None:
                        return None
                    terms[key] = known
        return terms

    def _known_of(self, key: tuple[AccountName, Symbol], *, priced: bool) -> Terms | None:
        instrument = self._market.known_instrument(*key)
        broker = self._brokers.get(key[0])
        if instrument is None or broker is None:
            return None
        price = None
        if priced:
            quote = self._market.recent_quote(*key)
            if quote is None:
                return None
            price = quote.last
        return Terms(instrument, price, broker.capabilities.order_types)

    async def ask(self, strategy: StrategyName, places: Sequence[Place]) -> AllTerms:
        """Ask for what is not known, all at once. What no broker tells is in ``problem``."""
        wanted = self._wanted(strategy, places)
        found = await asyncio.gather(
            *(
                self._ask(account, symbol, priced=priced)
                for (account, symbol), priced in wanted.items()
            )
        )
        return dict(zip(wanted, found, strict=True))

    def _wanted(
        self, strategy: StrategyName, places: Sequence[Place]
    ) -> dict[tuple[AccountName, Symbol], bool]:
        """List what must be known of which symbol in which account; True: its price too."""
        wanted: dict[tuple[AccountName, Symbol], bool] = {}
        always = self._intake.risk.limits.need_price
        for command in places:
            for book in self._intake.books(strategy, command):
                key = book.account.name, command.symbol
                wanted[key] = wanted.get(key, always) or needs_price(command, book)
        return wanted

    async def _ask(self, account: AccountName, symbol: Symbol, *, priced: bool) -> Terms:
        try:
            instrument = await self._market.instrument(account, symbol)
        except BrokerError as error:
            return Terms(problem=_problem(error))
        price = problem = None
        if priced:
            try:
                price = (await self._market.quote(account, symbol)).last
            except BrokerError as error:
                problem = _problem(error)
        broker = self._brokers.get(account)
        if broker is None:
            return Terms(problem=f"unavailable: account {account} is not connected")
        return Terms(
            instrument=instrument,
            price=price,
            order_types=broker.capabilities.order_types,
            problem=problem,
        )


def _problem(error: BrokerError) -> str:
    code = "unknown_symbol" if isinstance(error, UnknownSymbolError) else "unavailable"
    return f"{code}: {error}"
