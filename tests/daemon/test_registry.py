from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from algorithms.domain import AccountName, BookName, OrderType, StrategyName, Symbol
from daemon.registry import Account, Book, Registry


def account(name: str) -> Account:
    return Account(
        name=AccountName(name),
        broker="paper",
        market="24/7",
        market_type="spot",
        currency="USD",
        commission_percent=Decimal(0),
        sell_tax_percent=Decimal(0),
    )


def book(name: str, strategy: str, of: Account, *symbols: str) -> Book:
    return Book(
        name=BookName(name),
        strategy=StrategyName(strategy),
        account=of,
        symbols=frozenset(Symbol(symbol) for symbol in symbols),
        capital=Decimal(1000),
        leverage=Decimal(1),
        nets=True,
        slice_type=OrderType.LIMIT,
        active=True,
    )


def test_a_strategy_has_a_book_in_each_of_its_accounts() -> None:
    main, other = account("main"), account("other")
    first, second = book("a", "alpha", main), book("b", "alpha", other)

    registry = Registry.of(
        [main, other], [first, second, book("c", "beta", main)], [StrategyName("alpha")]
    )

    assert registry.books_of_strategy[StrategyName("alpha")] == (first, second)
    assert [one.name for one in registry.books_of_account[AccountName("main")]] == ["a", "c"]
    assert registry.books[BookName("b")] is second


def test_a_book_without_symbols_trades_any() -> None:
    assert book("a", "alpha", account("main")).trades(Symbol("TQQQ"))


def test_a_book_with_symbols_trades_those_only() -> None:
    of_one = book("a", "alpha", account("main"), "TQQQ")

    assert of_one.trades(Symbol("TQQQ"))
    assert not of_one.trades(Symbol("SOXL"))


def test_the_book_that_is_rebalanced_is_marked_or_the_only_one() -> None:
    main, other = account("main"), account("other")
    shadow = replace(account("other@shadow"), shadows=other.name)
    marked = replace(book("p", "alpha", main), is_portfolio=True)
    played = replace(book("q", "alpha", shadow), is_portfolio=True)
    registry = Registry.of(
        [main, other, shadow],
        [book("a", "beta", main), marked, book("b", "beta", other), played],
        (),
    )
    assert registry.portfolio_book("main") is marked
    assert registry.portfolio_book("other") is played
    assert registry.portfolio_book("none") is None
    alone = book("a", "alpha", main)
    assert Registry.of([main], [alone], ()).portfolio_book("main") is alone
    two = Registry.of([main], [alone, book("b", "beta", main)], ())
    assert two.portfolio_book("main") is None
