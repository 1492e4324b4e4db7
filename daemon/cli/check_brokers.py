"""Whether the accounts' brokers let us in, for ``nettingd check --online``. It only reads there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from adapters.clock import SystemClock
from algorithms.decimals import to_text
from daemon.brokers import BrokerNotAvailableError
from daemon.config.accounts import BrokerKind

if TYPE_CHECKING:
    from adapters.broker import Broker
    from algorithms.domain import AccountName
    from daemon.config import Config

LOGIN_S = 20.0


def broker_logins(config: Config) -> dict[str, str]:
    """Say what came of asking each account's broker what the account holds."""
    return {name: asyncio.run(_ask(config, name)) for name in config.accounts}


async def _ask(config: Config, name: AccountName) -> str:
    match config.accounts[name].broker:
        case BrokerKind.PAPER:
            return "not needed: its exchange runs in the daemon"
        case BrokerKind.KIS:
            return "not tried: KIS counts logins and tells the owner of each"
        case BrokerKind.BINANCE:
            return await _ask_binance(config, name)
        case BrokerKind.CCXT:
            return await _ask_bridge(config, name)


async def _ask_binance(config: Config, name: AccountName) -> str:
    from adapters.binance.hub import Hub  # noqa: PLC0415 - for those who trade there
    from daemon.binance_accounts import open_binance  # noqa: PLC0415

    hub = Hub(SystemClock())
    try:
        return await _holdings(open_binance(config, name, config.accounts[name], hub))
    except BrokerNotAvailableError as error:
        return f"failed: {error}"
    finally:
        await hub.close()


async def _ask_bridge(config: Config, name: AccountName) -> str:
    from adapters.ccxt_bridge.hub import Hub  # noqa: PLC0415 - for those who trade there
    from daemon.ccxt_accounts import open_bridge  # noqa: PLC0415

    hub = Hub(SystemClock())
    try:
        return await _holdings(open_bridge(config, name, config.accounts[name], hub))
    except BrokerNotAvailableError as error:
        return f"failed: {error}"
    finally:
        await hub.close()


async def _holdings(broker: Broker) -> str:
    try:
        async with asyncio.timeout(LOGIN_S):
            await broker.open()
            held = await broker.holdings()
    except BrokerError as error:
        return f"failed: {error}"
    except TimeoutError:
        return f"failed: no answer within {LOGIN_S:.0f} s"
    finally:
        await broker.close()
    cash = ", ".join(f"{to_text(amount)} {asset}" for asset, amount in sorted(held.cash.items()))
    symbols = ", ".join(
        f"{to_text(amount)} {symbol}" for symbol, amount in sorted(held.positions.items())
    )
    return f"it holds {cash}" + (f" and {symbols}" if symbols else "")
