"""Which address moves real money."""

from __future__ import annotations

import pytest

from adapters.binance.hosts import DEMO, REAL, MarketKind, hosts_of, moves_real_money


@pytest.mark.parametrize(
    ("address", "real"),
    [
        ("https://api.binance.com", True),
        ("https://API3.Binance.com.", True),
        ("wss://fstream.binance.com", True),
        ("https://demo-fapi.binance.com", False),
        ("https://testnet.binance.vision", False),
        ("https://api.binance.com.evil.example", False),
        ("http://127.0.0.1:9000", False),
    ],
)
def test_binances_own_addresses_are_real_unless_a_demo(address: str, *, real: bool) -> None:
    assert moves_real_money(address) is real


def test_the_usual_addresses_are_what_they_are_called() -> None:
    for kind in MarketKind:
        assert moves_real_money(REAL[kind].rest)
        assert moves_real_money(REAL[kind].socket)
        assert not moves_real_money(DEMO[kind].rest)
        assert not moves_real_money(DEMO[kind].socket)


def test_each_address_can_be_replaced() -> None:
    hosts = hosts_of(MarketKind.SPOT, real=False, rest="http://localhost:1/")
    assert hosts.rest == "http://localhost:1"
    assert hosts.socket == DEMO[MarketKind.SPOT].socket
