"""Who may call: accounts, each with a key pair of its own, under the HTS ids of their owners."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.refusals import gateway, oauth
from tests.simulators.kis.services import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeed:
    """An account as it begins. ``number``: ten digits, the product code last.

    ``won`` and ``dollars`` are settled cash; ``holdings`` map symbols to units."""

    name: str
    number: str
    hts_id: str = "htsuser1"
    won: Decimal = Decimal(100_000_000)
    dollars: Decimal = Decimal(100_000)
    holdings: Mapping[str, int] = field(default_factory=dict)


DEFAULT_ACCOUNTS = (
    AccountSeed(name="alice", number="5012345601"),
    AccountSeed(name="bob", number="5012345701"),
    AccountSeed(name="carol", number="5020000101", hts_id="htsuser2"),
)


@dataclass(frozen=True, slots=True)
class Key:
    """An app key and its secret, for one account on one of the two hosts."""

    account: str
    app_key: str
    app_secret: str


def make_key(seed: int, profile: Profile, number: str) -> Key:
    """Derive a key pair from the seed: the same in every run."""

    def derived(what: str, length: int) -> str:
        text = "".join(
            hashlib.sha256(f"{seed}/{profile}/{number}/{what}/{part}".encode()).hexdigest()
            for part in range(3)
        )
        return text[:length]

    return Key(number, f"PS{derived('key', 34)}", derived("secret", 180))


class KeyRing:
    """The keys of this host; those of the other are recognised, and refused."""

    def __init__(self, seed: int, profile: Profile, accounts: Iterable[AccountSeed]) -> None:
        other = Profile.PAPER if profile is Profile.REAL else Profile.REAL
        numbers = [each.number for each in accounts]
        self.of_account = {number: make_key(seed, profile, number) for number in numbers}
        self._keys = {key.app_key: key for key in self.of_account.values()}
        self._foreign = {make_key(seed, other, number).app_key for number in numbers}

    def for_oauth(self, app_key: object, secret: object) -> Key:
        """Return the key that a token or approval key is asked for."""
        if not app_key:
            raise oauth("EGW00102")
        if not secret:
            raise oauth("EGW00104")
        key = self._keys.get(str(app_key))
        if key is None:
            raise gateway("EGW02004") if app_key in self._foreign else oauth("EGW00103")
        if secret != key.app_secret:
            raise oauth("EGW00105")
        return key

    def for_call(self, app_key: str, secret: str) -> Key:
        """Return the key in the headers of a call."""
        if app_key in self._foreign:
            raise gateway("EGW02004")
        if not app_key or not secret:
            raise gateway("EGW00102" if not app_key else "EGW00104", 403)
        if app_key not in self._keys:
            raise gateway("EGW00103", 403)
        if secret != self._keys[app_key].app_secret:
            raise gateway("EGW00304")
        return self._keys[app_key]
