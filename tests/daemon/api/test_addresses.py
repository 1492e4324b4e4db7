"""Who called is found through trusted proxies only; what strangers wrote is not believed."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from daemon.api.addresses import Networks, bucket_of, client_address, parse_address

PROXIES = Networks([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])
NOBODY = Networks(())


def test_without_trusted_proxies_the_caller_is_the_other_end() -> None:
    assert client_address("192.0.2.7", ["203.0.113.9"], NOBODY) == "192.0.2.7"


def test_a_stranger_s_header_is_not_believed() -> None:
    assert client_address("192.0.2.7", ["203.0.113.9"], PROXIES) == "192.0.2.7"


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1", "203.0.113.9,10.1.1.1"], "203.0.113.9"),
        (["10.9.9.9, 10.1.1.1"], "10.9.9.9"),
        ([], "10.0.0.1"),
        (["203.0.113.9:5123"], "203.0.113.9"),
        (["[2001:db8::5]:5123"], "2001:db8::5"),
        (["2001:db8::5"], "2001:db8::5"),
        (["fd00::2"], "fd00::2"),
    ],
)
def test_the_list_is_read_from_its_end_as_long_as_the_reporter_is_trusted(
    forwarded: list[str], caller: str
) -> None:
    assert client_address("10.0.0.1", forwarded, PROXIES) == caller


@pytest.mark.parametrize(
    "hop", ["", "unknown", "localhost", "1.2.3", "999.1.1.1", "_hidden", "9" * 8000]
)
def test_a_hop_that_is_no_address_makes_the_caller_unknown(hop: str) -> None:
    assert client_address("10.0.0.1", [f"203.0.113.9, {hop}"], PROXIES) == "unknown"


def test_who_has_no_address_is_unknown_and_in_no_network() -> None:
    everything = Networks([ip_network("0.0.0.0/0"), ip_network("::/0")])
    assert client_address(None, [], PROXIES) == "unknown"
    assert "unknown" not in everything
    assert "203.0.113.9" in everything


def test_an_ipv4_address_written_as_ipv6_is_the_ipv4_address() -> None:
    assert "::ffff:10.0.0.1" in PROXIES
    assert client_address("::ffff:10.0.0.1", ["203.0.113.9"], PROXIES) == "203.0.113.9"


def test_a_link_local_address_is_read_without_its_interface() -> None:
    assert str(parse_address("fe80::1%eth0")) == "fe80::1"


def test_an_ipv6_caller_is_counted_by_its_network() -> None:
    assert bucket_of("2001:db8::5") == bucket_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert bucket_of("2001:db8:0:1::5") != bucket_of("2001:db8::5")
    assert bucket_of("203.0.113.9") == "203.0.113.9"
    assert bucket_of("unknown") == "unknown"
