"""Signatures: what Binance signs is the parameters exactly as they travel, the signature last.

Source: the general information pages of the spot and USD-M futures interfaces.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Params = tuple[tuple[str, str], ...]
PEM = "-----BEGIN"


class KeyKindError(ValueError):
    """The secret is no key this adapter can sign with."""


class Signer(Protocol):
    """Signs with the account's secret."""

    def sign(self, payload: str) -> str:
        """Return the signature, not yet percent-encoded."""
        ...


class HmacSigner:
    """HMAC-SHA256 with a shared secret, in hexadecimal."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, payload: str) -> str:
        return hmac.new(self._secret, payload.encode(), hashlib.sha256).hexdigest()


class Ed25519Signer:
    """Ed25519, in base64; the kind Binance recommends."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, payload: str) -> str:
        return b64encode(self._key.sign(payload.encode())).decode()


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one account."""

    api_key: str
    signer: Signer

    def __repr__(self) -> str:
        return "Keys(***)"


def read_keys(api_key: str, secret: str) -> Keys:
    """Take a secret for what it is: a private key in PEM, or else a shared secret.

    Raises KeyKindError for a private key that is not Ed25519 and for keys with odd characters.
    """
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise KeyKindError("api_key must be printable ASCII without spaces")
    text = secret.strip()
    if not text.startswith(PEM):
        return Keys(api_key, HmacSigner(secret))
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise KeyKindError("api_secret is not a readable private key without password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyKindError("api_secret must be an Ed25519 private key or a shared secret")
    return Keys(api_key, Ed25519Signer(key))


def encoded(params: Iterable[tuple[str, str]]) -> str:
    """Percent-encode parameters as a query."""
    return urlencode(tuple(params), quote_via=quote, safe="")


def signed_query(params: Iterable[tuple[str, str]], signer: Signer) -> str:
    """Percent-encode, sign what was encoded, and put the signature last."""
    payload = encoded(params)
    return f"{payload}&signature={quote(signer.sign(payload), safe='')}"


def signed_for_socket(params: Mapping[str, str | int], signer: Signer) -> dict[str, str | int]:
    """Sign a WebSocket request: sorted by name, not percent-encoded, the signature left out."""
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return {**params, "signature": signer.sign(payload)}
