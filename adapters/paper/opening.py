"""Puts a paper broker together from its settings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from adapters.files import make_file, make_folder
from adapters.paper import database
from adapters.paper.account import Account, MarginAccount
from adapters.paper.broker import PaperBroker
from adapters.paper.charges import Charges
from adapters.paper.engine import Engine, Rules
from adapters.paper.errors import PaperSettingsError
from adapters.paper.exchange import PaperExchange
from adapters.paper.faults import Faults
from adapters.paper.market import Market
from adapters.paper.order_book import OrderBook
from adapters.paper.orders import View
from adapters.paper.prices import FixedPrices, RandomWalk, RecordedPrices
from adapters.paper.recording import read_recording
from adapters.paper.stream import Stream
from adapters.sqlite.errors import StorageError
from adapters.tasks import TaskSupervisor
from algorithms.decimals import to_text
from algorithms.instruments import default_instrument

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from adapters.clock import Clock
    from adapters.paper.database import Stored
    from adapters.paper.prices import PricePath
    from adapters.paper.settings import PaperSettings
    from adapters.sessions import Sessions
    from adapters.sqlite.driver import OpenDriver, SqliteDriver
    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument


async def open_paper(
    settings: PaperSettings,
    clock: Clock,
    open_driver: OpenDriver,
    sessions: Sessions,
    *,
    on_failure: Callable[[str, BaseException], None] | None = None,
) -> PaperBroker:
    """Open the exchange's database, catch up with the clock, and connect to it.

    ``on_failure`` hears of a task of the broker that died. Raises PaperSettingsError for settings
    that make no market, BrokerUnavailableError for a database that cannot be used.
    """
    instruments, prices = _market_of(settings, sessions)
    driver, stored = await _open_database(settings, clock, open_driver)
    misfit = _misfit(settings, prices, stored)
    if misfit is not None:
        await driver.close()
        raise PaperSettingsError(f"the paper account {settings.account} {misfit}")
    tasks = TaskSupervisor(on_failure=on_failure)
    faults = Faults(settings.faults, settings.seed, stored.serial)
    latency = timedelta(milliseconds=settings.latency_ms)
    stream = Stream(clock, faults, tasks, latency=latency)
    view = View(settings.currency, settings.client_order_ids)
    exchange = PaperExchange(
        settings.account,
        clock,
        driver,
        stored,
        build=lambda stored: _build_engine(settings, sessions, instruments, prices, stored),
        listen=lambda reports: stream.publish(view.event(report) for report in reports),
    )
    broker = PaperBroker(
        settings,
        clock,
        sessions,
        exchange=exchange,
        stream=stream,
        tasks=tasks,
    )
    try:
        await exchange.start(tasks)
    except BaseException:
        await broker.close()
        raise
    return broker


def _misfit(settings: PaperSettings, prices: PricePath, stored: Stored) -> str | None:
    """Say what the stored account has that the settings leave no room for."""
    if stored.currency != settings.currency:
        return f"holds {stored.currency}, the settings say {settings.currency}"
    needed = {order.symbol for order in stored.open_orders}
    if settings.market_type == "futures":
        needed.update(symbol for symbol, units in stored.positions.items() if units)
    missing = sorted(needed - prices.starts.keys())
    return f"trades {', '.join(missing)}, without a price in the settings" if missing else None


async def _open_database(
    settings: PaperSettings, clock: Clock, open_driver: OpenDriver
) -> tuple[SqliteDriver, Stored]:
    """Open the file, make the account if it is new, and read it."""
    opened_at = clock.now()

    def read(connection: sqlite3.Connection) -> Stored:
        database.prepare(connection)
        database.create(
            connection,
            settings.account,
            currency=settings.currency,
            cash=settings.initial_cash,
            at=opened_at,
        )
        return database.load(connection, settings.account)

    try:
        make_folder(settings.database.parent)
        make_file(settings.database)
        driver = await open_driver(settings.database)
    except (OSError, StorageError) as error:
        raise BrokerUnavailableError(f"{settings.database}: {error}") from error
    try:
        return driver, await driver.run(read)
    except PaperSettingsError as error:
        await driver.close()
        raise PaperSettingsError(f"{settings.database}: {error}") from error
    except StorageError as error:
        await driver.close()
        raise BrokerUnavailableError(f"{settings.database}: {error}") from error


def _market_of(
    settings: PaperSettings, sessions: Sessions
) -> tuple[Mapping[Symbol, Instrument], PricePath]:
    """Return what is traded here, and how its prices move."""
    if isinstance(settings.prices, Path):
        recording = read_recording(settings.prices)
        instruments = _instruments_of(settings, recording)
        for symbol, rows in recording.items():
            _require_on_tick(instruments[symbol], (price for _, price in rows))
        return instruments, RecordedPrices(recording)
    instruments = _instruments_of(settings, settings.prices)
    for symbol, price in settings.prices.items():
        _require_on_tick(instruments[symbol], [price])
    if not settings.walk_percent:
        return instruments, FixedPrices(settings.prices)
    return instruments, RandomWalk(
        settings.prices,
        instruments,
        walk_percent=settings.walk_percent,
        seed=settings.seed,
        sessions=sessions if settings.hours == "exchange" else None,
    )


def _instruments_of(settings: PaperSettings, symbols: Iterable[Symbol]) -> dict[Symbol, Instrument]:
    try:
        return {
            symbol: settings.instruments.get(symbol)
            or default_instrument(symbol, settings.market, settings.currency)
            for symbol in symbols
        }
    except ValueError as error:
        raise PaperSettingsError(str(error)) from error


def _require_on_tick(instrument: Instrument, prices: Iterable[Decimal]) -> None:
    for price in prices:
        if not instrument.is_on_tick(price):
            raise PaperSettingsError(
                f"the price {to_text(price)} of {instrument.symbol} is not on its tick"
                f" {to_text(instrument.tick_at(price))}"
            )


def _build_engine(
    settings: PaperSettings,
    sessions: Sessions,
    instruments: Mapping[Symbol, Instrument],
    prices: PricePath,
    stored: Stored,
) -> Engine:
    market = Market(
        prices,
        instruments,
        sessions,
        settings.spread_percent,
        opened_at=stored.played_to,
        stored=stored.prices,
        closes=stored.closes,
    )
    return Engine(
        Rules(
            seed=settings.seed,
            sessions=sessions,
            keeps_hours=settings.hours == "exchange",
            cuts_fills=settings.fill == "partial",
            daily_numbers=not settings.client_order_ids,
        ),
        market,
        _account_of(settings, stored),
        OrderBook(stored.open_orders),
        counters=stored.counters,
        now=stored.played_to,
    )


def _account_of(settings: PaperSettings, stored: Stored) -> Account:
    charges = Charges(settings.currency, settings.commission_percent, settings.sell_tax_percent)
    if settings.market_type == "futures":
        return MarginAccount(
            charges,
            cash=stored.cash,
            positions=stored.positions,
            open_orders=stored.open_orders,
            leverage=settings.leverage,
        )
    return Account(
        charges, cash=stored.cash, positions=stored.positions, open_orders=stored.open_orders
    )
