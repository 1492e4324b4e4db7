"""Korea Investment & Securities on this machine: its protocol, a seeded market, its faults."""

from __future__ import annotations

from tests.simulators.kis.accounts import DEFAULT_ACCOUNTS, AccountSeed, Key
from tests.simulators.kis.faults import Fault, Faults, Met
from tests.simulators.kis.services import Profile
from tests.simulators.kis.simulator import KisSimulator, Urls
from tests.simulators.kis.switches import Switches

__all__ = [
    "DEFAULT_ACCOUNTS",
    "AccountSeed",
    "Fault",
    "Faults",
    "Key",
    "KisSimulator",
    "Met",
    "Profile",
    "Switches",
    "Urls",
]
