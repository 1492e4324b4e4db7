"""What single keys cannot know: names without an owner, and keys that contradict each other.

These checks read the plain tables, not the validated models: a faulty key must not hide what is
wrong with the others. What has the wrong type is passed over here and reported by its model.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from daemon.config.account_conflicts import find_account_conflicts
from daemon.config.job_conflicts import find_jobs_twice, find_slices_too_close
from daemon.config.problems import PATHS_HINT, did_you_mean, path_text
from daemon.config.rule_conflicts import find_portfolios_twice, find_rule_problems
from daemon.config.tables import Conflict, attempt, entries, items, table, texts
from daemon.config.values import read_name, read_path, read_symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.config.problems import KeyPath
    from daemon.config.secret import Surroundings
    from daemon.config.tables import Tables


def find_conflicts(tables: Tables, around: Surroundings) -> Iterator[Conflict]:
    """Run every check over the tables, derived defaults included."""
    yield from _unknown_names(tables)
    yield from _books_twice(tables)
    yield from find_rule_problems(tables)
    yield from find_portfolios_twice(tables)
    yield from _orphans_with_two_homes(tables)
    yield from _symbols_twice(tables)
    yield from _unreadable_files(tables, around)
    yield from find_account_conflicts(tables, around)
    yield from find_jobs_twice(tables)
    yield from find_slices_too_close(tables)


def _unknown_names(tables: Tables) -> Iterator[Conflict]:
    for path, section, value in _references(tables):
        known = table(tables, section)
        for place, text in texts(value):
            name = attempt(read_name, text)
            if name is not None and name not in known:
                hint = did_you_mean(name, known) or f"there is no [{section}.{name}]"
                yield Conflict((*path, *place), f"refers to {name}, which is not defined", hint)


def _references(tables: Tables) -> Iterator[tuple[KeyPath, str, object]]:
    """Every key that names an entry of another section, and that section."""
    for name, book in entries(tables, "books").items():
        yield ("books", name, "strategy"), "strategies", book.get("strategy")
        yield ("books", name, "account"), "accounts", book.get("account")
    for number, job in items(tables, "jobs"):
        yield ("jobs", number, "accounts"), "accounts", job.get("accounts")
    yield ("reconcile", "adopt_orphans"), "books", table(tables, "reconcile").get("adopt_orphans")


def _books_twice(tables: Tables) -> Iterator[Conflict]:
    """A book is one strategy in one account."""
    seen: dict[tuple[str, str], str] = {}
    for name, book in entries(tables, "books").items():
        strategy, account = book.get("strategy"), book.get("account")
        if not isinstance(strategy, str) or not isinstance(account, str):
            continue
        first = seen.setdefault((strategy, account), name)
        if first != name:
            yield Conflict(
                ("books", name),
                f"its strategy has a book in this account already: {path_text(('books', first))}",
                "a book is one strategy in one account",
            )


def _orphans_with_two_homes(tables: Tables) -> Iterator[Conflict]:
    books = entries(tables, "books")
    homes: dict[object, str] = {}
    for place, name in texts(table(tables, "reconcile").get("adopt_orphans")):
        account = books.get(name, {}).get("account")
        if isinstance(account, str) and homes.setdefault(account, name) != name:
            yield Conflict(
                ("reconcile", "adopt_orphans", *place),
                f"a second book in the account of {homes[account]}",
                "name one book for each account",
            )


def _symbols_twice(tables: Tables) -> Iterator[Conflict]:
    """``BTC/USDT`` and ``BTCUSDT`` are one symbol."""
    places: list[tuple[KeyPath, Tables]] = [(("instruments",), table(tables, "instruments"))]
    for name, account in entries(tables, "accounts").items():
        prices = table(table(account, "paper"), "prices")
        places.append((("accounts", name, "paper", "prices"), prices))
    for path, symbols in places:
        seen: dict[str, str] = {}
        for key in symbols:
            symbol = attempt(read_symbol, key)
            if symbol is not None and seen.setdefault(symbol, key) != key:
                yield Conflict((*path, key), f"the same symbol as {seen[symbol]}", "leave one out")


def _unreadable_files(tables: Tables, around: Surroundings) -> Iterator[Conflict]:
    for path, value in _files(tables):
        file = attempt(partial(read_path, around=around), value)
        if file is not None and not (file.is_file() and os.access(file, os.R_OK)):
            yield Conflict(path, "there is no such file to read", PATHS_HINT)


def _files(tables: Tables) -> Iterator[tuple[KeyPath, object]]:
    """Every key that names a file which must be there."""
    tls = table(table(tables, "http"), "tls")
    yield from ((("http", "tls", key), tls.get(key)) for key in ("certificate", "key"))
    for name, account in entries(tables, "accounts").items():
        paper = table(account, "paper")
        yield ("accounts", name, "paper", "csv"), paper.get("csv")
        yield ("accounts", name, "paper", "prices", "csv"), table(paper, "prices").get("csv")
