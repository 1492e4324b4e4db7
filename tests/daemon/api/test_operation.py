"""What may go wrong with an operation follows from what it is."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from daemon.api.errors import ErrorCode
from daemon.api.operation import Access, Operation, Parameter, in_order
from daemon.api.respond import json_response

if TYPE_CHECKING:
    from aiohttp import web


async def nothing(_: web.Request) -> web.StreamResponse:
    return json_response({})


def operation(
    method: str = "GET",
    path: str = "/x",
    access: Access = Access.ADMIN,
    body: object = None,
    query: tuple[Parameter, ...] = (),
) -> Operation:
    return Operation(
        method=method,
        path=path,
        summary="Nothing.",
        handler=nothing,
        access=access,
        body=body,
        query=query,
    )


def codes(each: Operation) -> set[ErrorCode]:
    return {code for found in each.problems().values() for code in found}


def test_a_session_needs_its_token_only_to_change_something() -> None:
    assert ErrorCode.SESSION_NEEDS_CSRF not in codes(operation())
    assert ErrorCode.SESSION_NEEDS_CSRF in codes(operation("POST"))


def test_bodies_and_queries_may_be_wrong() -> None:
    assert ErrorCode.BAD_INPUT not in codes(operation())
    assert ErrorCode.BAD_INPUT in codes(operation(query=(Parameter("limit", ""),)))
    assert ErrorCode.BODY_TOO_LARGE in codes(operation("POST", body=dict))


def test_errors_stand_under_their_status() -> None:
    found = operation(access=Access.ANYBODY).problems()
    assert ErrorCode.INTERNAL in found[HTTPStatus.INTERNAL_SERVER_ERROR]
    assert HTTPStatus.UNAUTHORIZED not in found


def test_operations_are_sorted_as_people_look_for_them() -> None:
    unsorted = [operation("POST", "/b"), operation("GET", "/b"), operation("POST", "/a")]
    assert [(e.path, e.method) for e in in_order(unsorted)] == [
        ("/a", "POST"),
        ("/b", "GET"),
        ("/b", "POST"),
    ]
