"""Shadow accounts: where the books in mode shadow of an account trade with paper money.

Such a book is in another account than the one its configuration names: one of its own, beside it,
with the same market and costs and a paper exchange that follows the live prices. So nothing it
does can enter the sums of the real account, net there or reach its broker.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from adapters.paper import PaperSettings, open_paper
from adapters.shadow import ShadowBroker
from adapters.tasks import TaskSupervisor
from algorithms.decimals import ZERO, total
from algorithms.domain import AccountName, Symbol
from daemon.config.books import BookMode
from daemon.rates import rate_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from pathlib import Path

    from adapters.broker import Quote
    from adapters.clock import Clock
    from adapters.sessions import Sessions
    from adapters.sqlite.driver import OpenDriver
    from algorithms.instruments import Instrument
    from daemon.config import Config
    from daemon.market import Market

SUFFIX = "@shadow"


def shadow_of(account: AccountName) -> AccountName:
    """Return the account where the shadow books of an account trade."""
    return AccountName(f"{account}{SUFFIX}")


def configured(account: AccountName) -> AccountName:
    """Return the account that the configuration names: for a shadow, the one it stands beside."""
    return AccountName(account.removesuffix(SUFFIX))


def shadows(config: Config) -> Mapping[AccountName, frozenset[Symbol]]:
    """Return every shadow account there is, with the symbols of its books."""
    found: defaultdict[AccountName, set[Symbol]] = defaultdict(set)
    for book in config.books.values():
        if book.mode is BookMode.SHADOW:
            found[shadow_of(AccountName(book.account))].update(map(Symbol, book.symbols))
    return {name: frozenset(symbols) for name, symbols in found.items()}


def database_of(config: Config, name: AccountName) -> Path:
    """Return the file of a shadow account's exchange."""
    return config.daemon.data_dir / f"shadow-{configured(name)}.db"


class LiveMarket:
    """The live market of an account, as its shadow sees it."""

    def __init__(self, market: Market, account: AccountName) -> None:
        self._market = market
        self._account = account

    async def quote(self, symbol: Symbol) -> Quote:
        return await self._market.quote(self._account, symbol)

    async def instrument(self, symbol: Symbol) -> Instrument:
        return await self._market.instrument(self._account, symbol)


async def open_shadow(
    config: Config,
    name: AccountName,
    market: Market,
    *,
    clock: Clock,
    open_driver: OpenDriver,
    sessions: Sessions,
    on_failure: Callable[[str, BaseException], None],
) -> ShadowBroker:
    """Make the broker of a shadow account, whose prices are the real account's.

    Raises BrokerUnavailableError, also while the real account's prices cannot be had.
    """
    live = LiveMarket(market, configured(name))
    prices: dict[Symbol, Decimal] = {}
    instruments: dict[Symbol, Instrument] = {}
    symbols = shadows(config).get(name)
    if symbols is None:
        raise BrokerUnavailableError(f"{name} has no books any more")
    for symbol in sorted(symbols):
        instruments[symbol] = await live.instrument(symbol)
        last = (await live.quote(symbol)).last
        prices[symbol] = instruments[symbol].round_down_to_tick(last)
    account = config.accounts[configured(name)]
    rate = rate_at(account, clock.now())
    settings = PaperSettings(
        account=name,
        database=database_of(config, name),
        currency=account.currency,
        initial_cash=_capital(config, name),
        prices=prices,
        market=account.market.value,
        market_type=account.market_type.value,
        commission_percent=rate.commission_percent,
        sell_tax_percent=rate.sell_tax_percent,
        instruments=instruments,
    )
    paper = await open_paper(settings, clock, open_driver, sessions, on_failure=on_failure)
    return ShadowBroker(paper, live, clock, TaskSupervisor(on_failure=on_failure))


def _capital(config: Config, name: AccountName) -> Decimal:
    books = config.books.values()
    return (
        total(
            book.capital
            for book in books
            if book.mode is BookMode.SHADOW and shadow_of(AccountName(book.account)) == name
        )
        or ZERO
    )
