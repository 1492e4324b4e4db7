"""Signatures, checked against Binance's own examples."""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from adapters.binance.signing import (
    HmacSigner,
    KeyKindError,
    read_keys,
    signed_for_socket,
    signed_query,
)

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
ORDER = (
    ("symbol", "LTCBTC"),
    ("side", "BUY"),
    ("type", "LIMIT"),
    ("timeInForce", "GTC"),
    ("quantity", "1"),
    ("price", "0.1"),
    ("recvWindow", "5000"),
    ("timestamp", "1499827319559"),
)
EXPECTED = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
PKCS8 = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_documented_example_has_its_documented_signature() -> None:
    query = signed_query(ORDER, HmacSigner(SECRET))
    assert query.endswith(f"&signature={EXPECTED}")
    assert query.startswith("symbol=LTCBTC&side=BUY&")


def test_values_are_percent_encoded_before_they_are_signed() -> None:
    query = signed_query((("symbol", "币安USDT"), ("ids", '["a"]')), HmacSigner("s"))
    payload, _, signature = query.partition("&signature=")
    assert payload == "symbol=%E5%B8%81%E5%AE%89USDT&ids=%5B%22a%22%5D"
    assert signature == HmacSigner("s").sign(payload)


def test_an_ed25519_signature_verifies_and_travels_percent_encoded() -> None:
    key = Ed25519PrivateKey.generate()
    keys = read_keys("key", key.private_bytes(*PKCS8).decode())
    payload, _, signature = signed_query(ORDER, keys.signer).partition("&signature=")
    assert not {"+", "/", "="} & set(signature)
    key.public_key().verify(b64decode(unquote(signature)), payload.encode())


def test_socket_parameters_are_sorted_and_not_encoded() -> None:
    signed = signed_for_socket({"timestamp": 1, "apiKey": "k/="}, HmacSigner("s"))
    assert signed["signature"] == HmacSigner("s").sign("apiKey=k/=&timestamp=1")


def test_another_kind_of_key_is_refused_with_its_reason() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(*PKCS8).decode()
    with pytest.raises(KeyKindError, match="Ed25519"):
        read_keys("key", other)
    with pytest.raises(KeyKindError, match="readable"):
        read_keys("key", "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----")
    with pytest.raises(KeyKindError, match="api_key"):
        read_keys("key with space", "secret")


def test_keys_never_show() -> None:
    assert "secret" not in repr(read_keys("key", "secret"))
