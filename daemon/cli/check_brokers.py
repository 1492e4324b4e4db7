"""Whether the accounts' brokers let us in, for ``nettingd check --online``. It only reads there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from adapters.clock import SystemClock
from adapters.sessions import AlwaysOpen, ListedSessions
from algorithms.decimals import to_text
from daemon.brokers.opening import BrokerNotAvailableError
from daemon.calendars import ZONES, CalendarError, compute_in_child, corrected
from daemon.config.accounts import BrokerKind
from daemon.trading_days import AHEAD, differences

if TYPE_CHECKING:
    from adapters.broker import Broker
    from adapters.kis.broker import KisBroker
    from algorithms.domain import AccountName
    from daemon.config import Config
    from daemon.config.market import Market

LOGIN_S = 20.0
FAILED = "failed: "
SLOW_LOGIN_S = 90.0
"""Where one request leaves a second, and answers take eight."""


def broker_logins(config: Config) -> dict[str, str]:
    """Say what came of asking each account's broker what the account holds."""
    return {name: asyncio.run(_ask(config, name)) for name in config.accounts}


async def _ask(config: Config, name: AccountName) -> str:
    match config.accounts[name].broker:
        case BrokerKind.PAPER:
            return "not needed: its exchange runs in the daemon"
        case BrokerKind.KIS:
            return await _ask_kis(config, name)
        case BrokerKind.BINANCE:
            return await _ask_binance(config, name)
        case BrokerKind.CCXT:
            return await _ask_bridge(config, name)


async def _ask_binance(config: Config, name: AccountName) -> str:
    from adapters.binance.hub import Hub  # noqa: PLC0415 - for those who trade there
    from daemon.brokers.binance import open_binance  # noqa: PLC0415

    hub = Hub(SystemClock())
    try:
        return await _holdings(open_binance(config, name, config.accounts[name], hub))
    except BrokerNotAvailableError as error:
        return f"{FAILED}{error}"
    finally:
        await hub.close()


async def _ask_kis(config: Config, name: AccountName) -> str:
    """Use the token that the daemon keeps: KIS tells the owner of every new one."""
    from adapters.kis.broker import KisBroker  # noqa: PLC0415 - for those who trade there
    from adapters.kis.hub import Hub  # noqa: PLC0415
    from daemon.brokers.kis import kis_settings  # noqa: PLC0415

    account = config.accounts[name]
    hub = Hub(SystemClock(), config.daemon.data_dir)
    try:
        settings = kis_settings(config, name, account)
        access = hub.access(settings.profile, settings.hosts, settings.keys)
        # Not listening: KIS lets a key listen once, and the daemon may be doing so.
        broker = KisBroker(replace(settings, hts_id=None), access, AlwaysOpen())
        said = await _holdings(broker, SLOW_LOGIN_S)
        return (
            said if said.startswith(FAILED) else said + await _days(config, account.market, broker)
        )
    except BrokerNotAvailableError as error:
        return f"{FAILED}{error}"
    finally:
        await hub.close()


async def _days(config: Config, market: Market, broker: KisBroker) -> str:
    """Say which days to come the broker and the calendar do not agree on."""
    today = SystemClock().now().astimezone(ZONES[market]).date()
    if await broker.is_trading_day(today) is None:
        return ""
    try:
        computed = await compute_in_child(market, today, today + timedelta(days=AHEAD))
    except CalendarError as error:
        return f"; {error}"
    correction = config.calendars.get(market)
    sessions = corrected(computed, correction, ZONES[market]) if correction else computed
    found = await differences(broker, ListedSessions(sessions, ZONES[market]), today)
    if not found:
        return "; its trading days of the next two weeks are those of the calendar"
    told = ", ".join(f"{day} {'trades' if trades else 'is closed'}" for day, trades in found)
    return f"; unlike the calendar it says: {told}; correct it under [calendars.{market.value}]"


async def _ask_bridge(config: Config, name: AccountName) -> str:
    from adapters.ccxt_bridge.hub import Hub  # noqa: PLC0415 - for those who trade there
    from daemon.brokers.ccxt import open_bridge  # noqa: PLC0415

    hub = Hub(SystemClock())
    try:
        return await _holdings(open_bridge(config, name, config.accounts[name], hub))
    except BrokerNotAvailableError as error:
        return f"{FAILED}{error}"
    finally:
        await hub.close()


async def _holdings(broker: Broker, within_s: float = LOGIN_S) -> str:
    try:
        async with asyncio.timeout(within_s):
            await broker.open()
            held = await broker.holdings()
    except BrokerError as error:
        return f"{FAILED}{error}"
    except TimeoutError:
        return f"{FAILED}no answer within {within_s:.0f} s"
    finally:
        await broker.close()
    cash = ", ".join(f"{to_text(amount)} {asset}" for asset, amount in sorted(held.cash.items()))
    symbols = ", ".join(
        f"{to_text(amount)} {symbol}" for symbol, amount in sorted(held.positions.items())
    )
    return f"it holds {cash}" + (f" and {symbols}" if symbols else "")
