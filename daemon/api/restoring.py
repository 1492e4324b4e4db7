"""``POST /api/restore``: the daemon starts again, on the databases that wait to be put in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from daemon.api.bodies import Body, read_model
from daemon.api.errors import ErrorCode, Refused
from daemon.api.operation import Answer, Operation
from daemon.api.respond import json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web


class RestoreBody(Body):
    """Nothing: what is restored was staged by ``nettingd restore``."""


class Restarting(TypedDict):
    """The daemon stops in order and starts again, halted."""

    restarting: bool


class Restoring:
    """``is_armed``: whether a backup waits; ``start_again``: stop, and begin anew."""

    def __init__(self, is_armed: Callable[[], bool], start_again: Callable[[], None]) -> None:
        self._is_armed = is_armed
        self._start_again = start_again

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="POST",
                path="/api/restore",
                summary="Start again on the backup that `nettingd restore` has staged.",
                handler=self.restore,
                body=RestoreBody,
                body_required=False,
                answers={202: Answer("It stops and starts again, halted.", Restarting)},
                codes=frozenset({ErrorCode.NOTHING_STAGED}),
                asks_database=False,
            )
        ]

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """Answer, then stop and start again."""
        await read_model(request, RestoreBody)
        if not self._is_armed():
            raise Refused(ErrorCode.NOTHING_STAGED, "no backup waits; call nettingd restore")
        self._start_again()
        return json_response({"restarting": True}, 202)
