from __future__ import annotations

import pytest

from adapters.kis.hosts import Profile, hosts_of, moves_real_money


@pytest.mark.parametrize(
    ("address", "real"),
    [
        (hosts_of(Profile.REAL).rest, True),
        (hosts_of(Profile.PAPER).rest, False),
        ("https://OPENAPI.koreainvestment.com.:9443", True),
        ("http://127.0.0.1:8000", False),
        ("https://koreainvestment.com.example.org", False),
    ],
)
def test_only_kis_itself_moves_real_money(address: str, *, real: bool) -> None:
    assert moves_real_money(address) is real


def test_an_address_may_be_replaced_alone() -> None:
    hosts = hosts_of(Profile.PAPER, rest="http://127.0.0.1:1/")
    assert hosts.rest == "http://127.0.0.1:1"
    assert hosts.socket.endswith(":31000")
