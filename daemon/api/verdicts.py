"""A person's word on an order of unknown fate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field
from typing_extensions import TypedDict

from adapters.broker import BrokerUnavailableError
from daemon.api.bodies import Body, read_model
from daemon.api.errors import ErrorCode, Refused
from daemon.api.operation import Answer, Operation, Parameter
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import json_response
from daemon.api.wire import GivenId, GivenSwitch  # noqa: TC001 - pydantic reads annotations
from daemon.execution.orders import UnknownOrderError
from daemon.execution.verdicts import NotUnknownError

if TYPE_CHECKING:
    from aiohttp import web

    from daemon.api.ports import AdminPort


class SettleBody(Body):
    """Which order at the broker it is, or that it is none. Exactly one of the two."""

    broker_order_id: GivenId | None = Field(None, description="The broker's number of the order.")
    absent: GivenSwitch = Field(default=False, description="The broker never had it.")


class Settled(TypedDict):
    """Which order was settled, and as what; no number: the broker never had it."""

    id: str
    broker_order_id: str | None


class VerdictDesk:
    """The handler of such a word."""

    def __init__(self, port: AdminPort) -> None:
        self._port = port

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="POST",
                path="/api/orders/{id}/settle",
                summary="Say which of the broker's orders one of unknown fate is, or that none is.",
                handler=self.settle,
                in_path=(Parameter("id", "`order` of the notice `order_ambiguous`."),),
                body=SettleBody,
                answers={200: Answer("It is taken so.", Settled)},
                codes=frozenset(
                    {ErrorCode.NOT_FOUND, ErrorCode.NOT_UNKNOWN, ErrorCode.BROKER_SILENT}
                ),
            )
        ]

    async def settle(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/orders/{id}/settle``."""
        body = await read_model(request, SettleBody)
        number = None if body.broker_order_id is None else str(body.broker_order_id)
        if (number is None) is not body.absent:
            fault = "give the broker's number, or absent = true, and not both"
            raise BadInput([Problem("broker_order_id", fault)])
        order_id = request.match_info["id"]
        try:
            await self._port.settle(order_id, number)
        except UnknownOrderError as error:
            raise Refused(ErrorCode.NOT_FOUND, "there is no such order") from error
        except NotUnknownError as error:
            raise Refused(ErrorCode.NOT_UNKNOWN, str(error)) from error
        except BrokerUnavailableError as error:
            raise Refused(ErrorCode.BROKER_SILENT, str(error)) from error
        return json_response({"id": order_id, "broker_order_id": number})
