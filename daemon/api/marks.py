"""A person's mark on alarms: they have been seen, by whom and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from typing_extensions import TypedDict

from daemon.api.bodies import Body, read_model
from daemon.api.errors import ErrorCode
from daemon.api.operation import Answer, Operation
from daemon.api.respond import json_response
from daemon.api.wire import GivenId, GivenReason, Time  # noqa: TC001 - pydantic reads annotations

if TYPE_CHECKING:
    from aiohttp import web

    from daemon.api.ports import AdminPort

IDS_MAX = 100


class SeenBody(Body):
    """Which alarms have been seen. They are named one by one: none is marked that came since."""

    ids: Annotated[list[GivenId], Field(min_length=1, max_length=IDS_MAX)]
    by: GivenReason = Field("admin", description="Who has seen them.")


class SeenMark(TypedDict):
    """The mark an alarm bears: the first one, however often it is marked."""

    id: str
    seen_at: Time
    seen_by: str


class Seen(TypedDict):
    """The marks of all that were named."""

    marks: list[SeenMark]


class Marks:
    """The handler of such a mark."""

    def __init__(self, port: AdminPort) -> None:
        self._port = port

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="POST",
                path="/api/events/seen",
                summary="Mark alarms as seen: the page of today shows them no more.",
                handler=self.see,
                body=SeenBody,
                answers={200: Answer("All bear a mark now.", Seen)},
                codes=frozenset({ErrorCode.NOT_FOUND}),
            )
        ]

    async def see(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/events/seen``: all of them, or none."""
        body = await read_model(request, SeenBody)
        return json_response({"marks": await self._port.see(body.ids, body.by)})
