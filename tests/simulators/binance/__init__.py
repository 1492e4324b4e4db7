"""Binance on this machine: the real protocol, a seeded market, and switches for its faults."""

from __future__ import annotations

from tests.simulators.binance.accounts import AccountSeed, Key
from tests.simulators.binance.faults import Fault, Faults
from tests.simulators.binance.simulator import BinanceSimulator, Urls

__all__ = ["AccountSeed", "BinanceSimulator", "Fault", "Faults", "Key", "Urls"]
