"""A body is read by its model: every fault at once, each with what would be right."""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

import pytest

from daemon.api.bodies import Body, checked, decoded
from daemon.api.problems import BadInput
from daemon.api.wire import GivenAmount, GivenName


class Thing(Body):
    name: GivenName
    price: GivenAmount | None = None


def test_an_empty_body_is_an_object_without_keys_and_null_is_not_given() -> None:
    assert decoded(b" \n") == {}
    assert checked({"name": "x", "price": None}, Thing) == Thing(name="x")


def test_every_fault_is_told_with_the_known_keys() -> None:
    with pytest.raises(BadInput) as refused:
        checked(decoded(b'{"price": -1, "colour": "red"}'), Thing)
    assert {each.path: each.message for each in refused.value.problems} == {
        "name": "missing",
        "price": "must be above zero",
        "colour": "unknown key: there are name, price",
    }


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null"])
def test_only_an_object_is_a_body(body: bytes) -> None:
    with pytest.raises(BadInput, match="must be a JSON object"):
        checked(decoded(body), Thing)
