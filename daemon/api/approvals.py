"""A person's yes or no to an order that waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from daemon.api.errors import ErrorCode, Refused
from daemon.api.operation import Answer, Operation, Parameter
from daemon.api.respond import json_response
from daemon.execution.approvals import NotWaitingError
from daemon.execution.orders import UnknownOrderError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from daemon.api.ports import AdminPort

_ORDER = Parameter("id", "`id` of the order, as the notice `approval_wanted` names it.")
_CODES = frozenset({ErrorCode.NOT_FOUND, ErrorCode.NOT_WAITING})


class Decided(TypedDict):
    """Which order was decided on, and how."""

    id: str
    approved: bool


class ApprovalDesk:
    """Handlers of decisions on orders of books in mode approve."""

    def __init__(self, port: AdminPort) -> None:
        self._port = port

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="POST",
                path="/api/orders/{id}/approve",
                summary="Let an order be worked that waits for a yes.",
                handler=self.approve,
                in_path=(_ORDER,),
                answers={200: Answer("It is worked from now on.", Decided)},
                codes=_CODES,
            ),
            Operation(
                method="POST",
                path="/api/orders/{id}/reject",
                summary="End an order that waits for a yes.",
                handler=self.reject,
                in_path=(_ORDER,),
                answers={200: Answer("It has ended.", Decided)},
                codes=_CODES,
            ),
        ]

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/orders/{id}/approve``."""
        return await _decide(request, self._port.approve, approved=True)

    async def reject(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/orders/{id}/reject``."""
        return await _decide(request, self._port.reject, approved=False)


async def _decide(
    request: web.Request, decide: Callable[[str], Awaitable[None]], *, approved: bool
) -> web.StreamResponse:
    order_id = request.match_info["id"]
    try:
        await decide(order_id)
    except UnknownOrderError as error:
        raise Refused(ErrorCode.NOT_FOUND, "there is no such order") from error
    except NotWaitingError as error:
        raise Refused(ErrorCode.NOT_WAITING, str(error)) from error
    return json_response({"id": order_id, "approved": approved})
