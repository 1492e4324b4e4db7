"""Accounts with their keys, and the verification of what was signed with them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.simulators.binance.errors import ApiError, bad_key, missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_WINDOW_MS = 5000
LONGEST_WINDOW_MS = 60_000
AHEAD_MS = 1000


def _riches() -> dict[str, Decimal]:
    return {"USDT": Decimal(1_000_000), "BTC": Decimal(10), "ETH": Decimal(100)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeed:
    """An account as it begins; both purses count in units of their assets."""

    name: str
    spot: Mapping[str, Decimal] = field(default_factory=_riches)
    futures: Mapping[str, Decimal] = field(default_factory=lambda: {"USDT": Decimal(1_000_000)})


@dataclass(frozen=True, slots=True)
class Key:
    """An API key. ``secret`` is the HMAC secret, or the Ed25519 private key as PEM."""

    account: str
    api_key: str
    secret: str
    kind: str

    def verify(self, payload: bytes, signature: str) -> bool:
        if self.kind == "hmac":
            expected = hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
            return hmac.compare_digest(expected.encode(), signature.lower().encode())
        try:
            private = _ed25519(self.api_key)
            private.public_key().verify(base64.b64decode(signature, validate=True), payload)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def _ed25519(api_key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(api_key.encode()).digest())


def make_keys(seed: int, account: str) -> tuple[Key, Key]:
    """Derive an HMAC key and an Ed25519 key from the seed: the same in every run."""

    def derived(what: str) -> str:
        return hashlib.sha256(f"{seed}/{account}/{what}".encode()).hexdigest()

    pem = _ed25519(derived("ed25519 key")).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return (
        Key(account, derived("hmac key"), derived("hmac secret"), "hmac"),
        Key(account, derived("ed25519 key"), pem.decode(), "ed25519"),
    )


class KeyRing:
    """Every key of every account."""

    def __init__(self, seed: int, accounts: Iterable[AccountSeed]) -> None:
        self.of_account = {each.name: make_keys(seed, each.name) for each in accounts}
        self._keys = {key.api_key: key for keys in self.of_account.values() for key in keys}

    def get(self, api_key: str | None) -> Key:
        """Return a key by its public part; refuse an unknown one."""
        if not api_key:
            raise ApiError(-2014, "API-key format invalid.", status=401)
        if api_key not in self._keys:
            raise bad_key()
        return self._keys[api_key]

    def revoke(self, api_key: str) -> None:
        """Let a key be unknown from now on, as one deleted on the website."""
        self._keys.pop(api_key, None)


def check_signed(key: Key, payload: bytes, params: Mapping[str, str], now_ms: int) -> None:
    """Refuse a call without a valid signature, or outside its time window."""
    if not params.get("signature"):
        raise missing("signature")
    timestamp = params.get("timestamp", "")
    if not timestamp.isdecimal():
        raise missing("timestamp")
    window = params.get("recvWindow", str(DEFAULT_WINDOW_MS))
    if not window.replace(".", "", 1).isdecimal():
        raise missing("recvWindow")
    if Decimal(window) > LONGEST_WINDOW_MS:
        raise ApiError(-1131, "recvWindow must be less than 60000.")
    if int(timestamp) >= now_ms + AHEAD_MS:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - int(timestamp) > Decimal(window):
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")
    if not key.verify(payload, params["signature"]):
        raise ApiError(-1022, "Signature for this request is not valid.")
