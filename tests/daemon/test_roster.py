from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import AccountName, BookName, OrderType, StrategyName, Symbol
from daemon.config import load_config
from daemon.roster import registry_of
from tests.support.world import START

if TYPE_CHECKING:
    from pathlib import Path

TWO_BOOKS = """
[accounts.main]
market = "XNYS"
commission_percent = "0.25"
[strategies.alpha]
[strategies.idle]
[books.a]
strategy = "alpha"
account = "main"
capital = "1000.50"
symbols = ["TQQQ"]
order_type = "MARKET"
leverage = 2
net = false
active = false
"""


def test_the_registry_says_what_the_configuration_says(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(TWO_BOOKS)

    registry = registry_of(load_config(path, {}), START)

    account = registry.accounts[AccountName("main")]
    assert (account.broker, account.market, account.currency) == ("paper", "XNYS", "USD")
    assert account.commission_percent == Decimal("0.25")
    book = registry.books[BookName("a")]
    assert (book.strategy, book.account) == (StrategyName("alpha"), account)
    assert book.symbols == {Symbol("TQQQ")}
    assert (book.capital, book.leverage) == (Decimal("1000.50"), Decimal(2))
    assert book.slice_type is OrderType.MARKET
    assert not book.nets
    assert not book.active


def test_a_strategy_without_a_book_is_known_and_has_none(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(TWO_BOOKS)

    registry = registry_of(load_config(path, {}), START)

    assert StrategyName("idle") in registry.strategies
    assert StrategyName("idle") not in registry.books_of_strategy
