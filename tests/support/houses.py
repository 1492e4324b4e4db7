"""Configurations of several accounts and books, spelled shortly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = """
[accounts.{name}]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "{commission}"
[accounts.{name}.paper]
prices = {{ TQQQ = "100", SOXL = "50" }}
{paper}
"""
BOOK = """
[books.{name}]
strategy = "{strategy}"
account = "{account}"
capital = "{capital}"
{more}
"""
INSTRUMENTS = """
[instruments.TQQQ]
lot = "1"
[instruments.SOXL]
lot = "1"
"""


def house(
    books: Mapping[str, tuple[str, str]],
    *,
    paper: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
    capital: str = "100000",
    commission: str = "0.25",
    top: str = "",
) -> str:
    """Write a configuration. ``books`` gives each book's strategy and account.

    ``paper`` adds lines to accounts' paper sections, ``more`` to books, ``top`` whole sections.
    """
    accounts = dict.fromkeys(account for _, account in books.values())
    strategies = dict.fromkeys(strategy for strategy, _ in books.values())
    parts = [top]
    parts += [
        ACCOUNT.format(name=name, commission=commission, paper=(paper or {}).get(name, ""))
        for name in accounts
    ]
    parts += [f"[strategies.{name}]\n" for name in strategies]
    parts += [
        BOOK.format(
            name=name,
            strategy=strategy,
            account=account,
            capital=capital,
            more=(more or {}).get(name, ""),
        )
        for name, (strategy, account) in books.items()
    ]
    return "".join([*parts, INSTRUMENTS])
