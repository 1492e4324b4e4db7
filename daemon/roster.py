"""From the configuration to the registry of accounts, strategies and books."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from algorithms.domain import AccountName, BookName, StrategyName, Symbol
from daemon.brokers.shadows import configured, shadow_of, shadows
from daemon.config.accounts import Environment, MarketType
from daemon.config.books import PORTFOLIO_RULE, WEBHOOK_RULE, BookMode
from daemon.rates import rate_at
from daemon.registry import Account, Book, Registry
from daemon.rules.catalogue import make_rule

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.config import Config
    from daemon.config.books import BookConfig

OWN_RULELESS = frozenset({WEBHOOK_RULE, PORTFOLIO_RULE})
"""Rules that are never asked: the orders of their books are made elsewhere."""


def registry_of(config: Config, at: datetime) -> Registry:
    """Index what the configuration names, with the commissions and taxes of a day."""
    rates = {name: rate_at(account, at) for name, account in config.accounts.items()}
    accounts = {
        AccountName(name): Account(
            name=AccountName(name),
            broker=account.broker.value,
            market=account.market.value,
            market_type=account.market_type.value,
            currency=account.currency,
            commission_percent=rates[name].commission_percent,
            sell_tax_percent=rates[name].sell_tax_percent,
            is_live=account.environment is Environment.LIVE,
        )
        for name, account in config.accounts.items()
    }
    for name in shadows(config):
        real = configured(name)
        accounts[name] = replace(accounts[real], name=name, is_live=False, shadows=real)
    books = (
        Book(
            name=BookName(name),
            strategy=StrategyName(book.strategy),
            account=accounts[_account_of(book)],
            symbols=frozenset(Symbol(symbol) for symbol in book.symbols),
            capital=book.capital,
            leverage=book.leverage,
            nets=_nets(book, accounts[_account_of(book)]),
            slice_type=book.order_type,
            active=book.active,
            rule=None
            if book.rule.type in OWN_RULELESS
            else make_rule(book.rule.type, book.rule.options),
            mode=book.mode,
            is_portfolio=book.rule.type == PORTFOLIO_RULE,
        )
        for name, book in config.books.items()
    )
    return Registry.of(accounts.values(), books, (StrategyName(name) for name in config.strategies))


def _nets(book: BookConfig, account: Account) -> bool:
    """Whether a book's orders are crossed: on futures only if it says so."""
    usual = account.market_type != MarketType.FUTURES.value
    wanted = book.net if "net" in book.model_fields_set else usual
    return wanted and book.mode is not BookMode.SHADOW


def _account_of(book: BookConfig) -> AccountName:
    named = AccountName(book.account)
    return shadow_of(named) if book.mode is BookMode.SHADOW else named
