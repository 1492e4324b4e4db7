"""Every member of an item has a type that OpenAPI can tell; items are told by test_listing."""

from __future__ import annotations

from pydantic import TypeAdapter

from daemon.api.listing import LISTINGS


def test_every_member_says_what_it_holds() -> None:
    for listing in LISTINGS:
        schema = TypeAdapter(listing.columns.model).json_schema(mode="serialization")
        for name, member in schema["properties"].items():
            assert member.keys() & {"type", "anyOf", "$ref", "enum"}, f"{listing.name}.{name}"
        assert set(schema["required"]) == set(listing.columns.names)
