"""Accounts that contradict themselves or each other."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING

from adapters.ccxt_bridge.fitness import NO_FUTURES
from algorithms.decimals import ZERO, to_text
from algorithms.instruments import default_instrument
from daemon.config.accounts import BrokerKind, Environment, MarketType
from daemon.config.market import InstrumentType, KoreanVenue, Market, read_market
from daemon.config.problems import path_text
from daemon.config.secret import read_secret
from daemon.config.tables import Conflict, attempt, entries, table
from daemon.config.values import read_database_url, read_decimal, read_path, read_symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument
    from daemon.config.problems import KeyPath
    from daemon.config.secret import Surroundings
    from daemon.config.tables import Tables

_KIS_NUMBER = re.compile(r"[0-9]{8}-?[0-9]{2}")
_MARKETS: dict[str, tuple[Market, ...]] = {
    BrokerKind.KIS: (Market.XKRX, Market.XNYS),
    BrokerKind.BINANCE: (Market.ALWAYS_OPEN,),
    BrokerKind.CCXT: (Market.ALWAYS_OPEN,),
}


def find_account_conflicts(tables: Tables, around: Surroundings) -> Iterator[Conflict]:
    """Run every check of accounts."""
    yield from _accounts_in_the_wrong_market(tables)
    yield from _kis_without_its_number(tables)
    yield from _only_in_seoul(tables)
    yield from _beyond_the_bridge(tables)
    yield from _two_sources_of_prices(tables)
    yield from _prices_off_their_ticks(tables)
    yield from _databases_twice(tables, around)
    yield from _real_accounts_twice(tables, around)


def _accounts_in_the_wrong_market(tables: Tables) -> Iterator[Conflict]:
    for name, account in entries(tables, "accounts").items():
        broker = account.get("broker", BrokerKind.PAPER)
        path: KeyPath = ("accounts", name)
        if broker != BrokerKind.PAPER and "paper" in account:
            yield Conflict(
                (*path, "paper"), "belongs to paper accounts only", 'or write broker = "paper"'
            )
        if broker == BrokerKind.PAPER and account.get("environment") == Environment.LIVE:
            yield Conflict((*path, "environment"), "the paper broker has no live environment")
        markets = _MARKETS.get(broker) if isinstance(broker, str) else None
        market = attempt(read_market, account.get("market"))
        if markets is not None and market is not None and market not in markets:
            listed = " and ".join(f'"{each}"' for each in markets)
            yield Conflict((*path, "market"), f"this broker trades {listed} only")


def _kis_without_its_number(tables: Tables) -> Iterator[Conflict]:
    """KIS knows an account by its number and the pair of keys made for it."""
    for name, account in entries(tables, "accounts").items():
        if account.get("broker") != BrokerKind.KIS:
            continue
        number = account.get("account_no")
        if not isinstance(number, str) or not _KIS_NUMBER.fullmatch(number):
            yield Conflict(
                ("accounts", name, "account_no"),
                "must be the number of an account at KIS",
                'eight digits and two, like "50123456-01"',
            )
        credentials = table(account, "credentials")
        for key in ("app_key", "app_secret"):
            if key not in credentials:
                yield Conflict(
                    ("accounts", name, "credentials", key),
                    "is missing",
                    'by reference, like { env = "NAME" }',
                )


def _only_in_seoul(tables: Tables) -> Iterator[Conflict]:
    """KIS has venues beside KRX, and its after-market, for Korean orders of live accounts."""
    usual = {"venue": KoreanVenue.KRX, "after_market": False}
    for name, account in entries(tables, "accounts").items():
        live = account.get("environment") == Environment.LIVE
        if account.get("broker") != BrokerKind.KIS or (
            live and account.get("market") == Market.XKRX
        ):
            continue
        for key, value in usual.items():
            if account.get(key, value) != value:
                yield Conflict(
                    ("accounts", name, key), "is for live accounts in Korea", "leave it out"
                )


def _beyond_the_bridge(tables: Tables) -> Iterator[Conflict]:
    """Ccxt is told which exchange, and does spot only."""
    for name, account in entries(tables, "accounts").items():
        path: KeyPath = ("accounts", name)
        if account.get("broker") != BrokerKind.CCXT:
            continue
        if "exchange" not in account:
            yield Conflict((*path, "exchange"), "is missing", 'a name of ccxt\'s, like "kraken"')
        if account.get("market_type") == MarketType.FUTURES:
            yield Conflict((*path, "market_type"), NO_FUTURES)
        if "ws_url" in account:
            yield Conflict((*path, "ws_url"), "the bridge to ccxt asks and opens no socket")
        credentials = table(account, "credentials")
        for key in ("api_key", "api_secret"):
            if key not in credentials:
                yield Conflict(
                    (*path, "credentials", key), "is missing", 'by reference, like { env = "NAME" }'
                )


def _two_sources_of_prices(tables: Tables) -> Iterator[Conflict]:
    """A paper market follows either its table or a file."""
    for name, account in entries(tables, "accounts").items():
        paper = table(account, "paper")
        given = table(paper, "prices")
        if ("csv" in paper and given) or ("csv" in given and len(given) > 1):
            yield Conflict(
                ("accounts", name, "paper", "prices"),
                "prices come from this table and from a file",
                "leave one out",
            )


def _prices_off_their_ticks(tables: Tables) -> Iterator[Conflict]:
    """The paper exchange has only prices that an order could have."""
    corrections = {
        attempt(read_symbol, key): each for key, each in entries(tables, "instruments").items()
    }
    for name, account in entries(tables, "accounts").items():
        market = attempt(read_market, account.get("market"))
        if market is None:
            continue
        for key, value in table(table(account, "paper"), "prices").items():
            symbol, price = attempt(read_symbol, key), attempt(read_decimal, value)
            if symbol is None or price is None or price <= ZERO:
                continue
            instrument = _instrument(symbol, market, corrections.get(symbol, {}))
            if instrument is not None and not instrument.is_on_tick(price):
                yield Conflict(
                    ("accounts", name, "paper", "prices", key),
                    f"must be on the tick of its symbol, {to_text(instrument.tick_at(price))}",
                    "a tick of its own stands in [instruments.SYMBOL]",
                )


def _instrument(symbol: Symbol, market: Market, given: Tables) -> Instrument | None:
    """The symbol as the exchange trades it; None when its correction is faulty itself."""
    tick = attempt(read_decimal, given["tick"]) if "tick" in given else None
    kind = given.get("type", InstrumentType.STOCK)
    if ("tick" in given and (tick is None or tick <= ZERO)) or not isinstance(kind, str):
        return None
    return default_instrument(symbol, market, "", type=kind, tick=tick)


def _databases_twice(tables: Tables, around: Surroundings) -> Iterator[Conflict]:
    """Each paper exchange has its own database, apart from the daemon's."""
    url = table(tables, "database").get("url")
    main = attempt(partial(read_database_url, around=around), url)
    seen: dict[str, str] = {}
    if main is not None:
        seen[os.path.normpath(main.removeprefix("sqlite:///"))] = "database.url"
    for name, account in entries(tables, "accounts").items():
        database = table(account, "paper").get("database")
        file = attempt(partial(read_path, around=around), database)
        own = path_text(("accounts", name, "paper", "database"))
        if file is not None and (first := seen.setdefault(os.path.normpath(file), own)) != own:
            yield Conflict(
                ("accounts", name, "paper", "database"),
                f"the same file as {first}",
                "every paper account has its own market",
            )


def _real_accounts_twice(tables: Tables, around: Surroundings) -> Iterator[Conflict]:
    """Two of our accounts on one real account would each take its cash for their own."""
    seen: dict[object, str] = {}
    for name, account in entries(tables, "accounts").items():
        for key, mark in _marks(account, around):
            first = seen.setdefault((_venue(account), key, mark), name)
            if first != name:
                yield Conflict(
                    ("accounts", name, *key),
                    f"the same account at the broker as {path_text(('accounts', first))}",
                    "one account here for each market of a real account",
                )


def _venue(account: Tables) -> tuple[str, ...]:
    """Where the account is. A real one has one of ours for each market it trades."""
    keys = {
        "broker": BrokerKind.PAPER,
        "exchange": "",
        "environment": Environment.PAPER,
        "market": "",
        "market_type": MarketType.SPOT,
        "base_url": "",
    }
    values = [account.get(key, default) for key, default in keys.items()]
    return tuple(value if isinstance(value, str) else "" for value in values)


def _marks(account: Tables, around: Surroundings) -> Iterator[tuple[KeyPath, object]]:
    """What tells a real account from another: its number, and the keys to it."""
    if account.get("broker", BrokerKind.PAPER) == BrokerKind.PAPER:
        return
    if isinstance(number := account.get("account_no"), str):
        yield ("account_no",), number
    credentials = table(account, "credentials")
    for key in ("api_key", "app_key"):
        secret = attempt(partial(read_secret, around=around), credentials.get(key))
        if secret is not None:
            yield ("credentials", key), secret
