"""Who is who: accounts, strategies and books of the configuration, looked up by name.

Rebuilt as a whole when the configuration is read again; what runs asks it anew each time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daemon.config.accounts import MarketType
from daemon.config.books import BookMode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from algorithms.domain import AccountName, BookName, OrderType, StrategyName, Symbol
    from daemon.rules.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One brokerage account. Percentages are of a trade's value; ``is_live``: it is real money.

    ``shadows``: the account beside which this one trades with paper money, None for a real one.
    """

    name: AccountName
    broker: str
    market: str
    market_type: str
    currency: str
    commission_percent: Decimal
    sell_tax_percent: Decimal
    is_live: bool = False
    shadows: AccountName | None = None

    @property
    def is_futures(self) -> bool:
        """Whether its books may be short, and are bounded by margin instead of cash."""
        return self.market_type == MarketType.FUTURES


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One strategy in one account. ``symbols`` empty: any symbol.

    ``rule`` is None where all orders come from outside; ``is_portfolio``: its orders come from
    rebalancing.
    """

    name: BookName
    strategy: StrategyName
    account: Account
    symbols: frozenset[Symbol]
    capital: Decimal
    leverage: Decimal
    nets: bool
    slice_type: OrderType
    active: bool
    rule: Rule | None = None
    mode: BookMode = BookMode.AUTO
    is_portfolio: bool = False

    def trades(self, symbol: Symbol) -> bool:
        """Whether this book may hold the symbol."""
        return not self.symbols or symbol in self.symbols


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything the configuration names."""

    accounts: dict[AccountName, Account]
    books: dict[BookName, Book]
    strategies: frozenset[StrategyName]
    books_of_strategy: dict[StrategyName, tuple[Book, ...]] = field(default_factory=dict)
    books_of_account: dict[AccountName, tuple[Book, ...]] = field(default_factory=dict)

    def portfolio_book(self, account: str) -> Book | None:
        """Return the book of an account, or of the shadow beside it, that is rebalanced.

        It is the one with the rule ``portfolio``; without one, the only book of the account if it
        has no rule of its own.
        """
        books = [b for b in self.books.values() if account in {b.account.name, b.account.shadows}]
        marked = [book for book in books if book.is_portfolio]
        if marked:
            return marked[0]
        return books[0] if len(books) == 1 and books[0].rule is None else None

    @classmethod
    def of(
        cls,
        accounts: Iterable[Account],
        books: Iterable[Book],
        strategies: Iterable[StrategyName],
    ) -> Registry:
        """Index accounts, books and strategies."""
        by_strategy: defaultdict[StrategyName, list[Book]] = defaultdict(list)
        by_account: defaultdict[AccountName, list[Book]] = defaultdict(list)
        by_name: dict[BookName, Book] = {}
        for book in books:
            by_name[book.name] = book
            by_strategy[book.strategy].append(book)
            by_account[book.account.name].append(book)
        return cls(
            {account.name: account for account in accounts},
            by_name,
            frozenset(strategies),
            {name: tuple(found) for name, found in by_strategy.items()},
            {name: tuple(found) for name, found in by_account.items()},
        )
