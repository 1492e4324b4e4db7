"""The description of the API is made from the API, and is a valid one."""

from __future__ import annotations

from typing import Any

from daemon.api.openapi import openapi
from daemon.api.operation import Access
from tests.daemon.api.fakes import ADMIN, House


def document() -> dict[str, Any]:
    return openapi(House().operations())


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_type_that_is_named_is_there() -> None:
    told = document()
    schemas = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    assert references(told) == schemas


def test_every_operation_tells_who_may_and_what_may_go_wrong() -> None:
    told = document()
    for operation in House().operations():
        described = told["paths"][operation.path][operation.method.lower()]
        assert bool(described["security"]) is (operation.access is not Access.ANYBODY)
        assert "500" in described["responses"]
        if operation.access is Access.ADMIN:
            assert "401" in described["responses"]
        if operation.body is not None:
            assert {"400", "413", "415"} <= described["responses"].keys()
            assert "requestBody" in described


def test_names_of_operations_are_unique() -> None:
    names = [
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names))


async def test_it_is_served_to_the_admin() -> None:
    async with House().client() as client:
        assert (await client.get("/api/openapi.json")).status == 401
        told = await (await client.get("/api/openapi.json", headers=ADMIN)).json()
        assert told["openapi"].startswith("3.1")
