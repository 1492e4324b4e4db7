"""What is calculated on request: previews of hypothetical orders, and of those that live."""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from daemon.api.bodies import (
    PREVIEW_BYTES_MAX,
    PREVIEW_SECONDS_MAX,
    SMALL_BODY_BYTES_MAX,
    decoded,
)
from daemon.api.body import read_body
from daemon.api.calculation import Calculation
from daemon.api.errors import ErrorCode
from daemon.api.loc_preview import LocAnswer, LocPreview, preview_loc
from daemon.api.operation import Answer, Operation, Parameter
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import json_response
from daemon.api.wire import Amount

if TYPE_CHECKING:
    from aiohttp import web

    from daemon.api.aside import Aside
    from daemon.api.ports import AdminPort

SHEET_KEYS = (
    Parameter("account", "name of an account"),
    Parameter("symbol", "what is traded"),
)


class LiveLocOrder(TypedDict):
    """What is left of a live order for the close. A null price is market-on-close."""

    id: str
    book: str
    side: str
    price: Amount | None
    quantity: Amount


class LiveLocAnswer(LocAnswer):
    """What live orders come to; ``skipped`` are those of which less than a lot is left."""

    account: str
    symbol: str
    orders: list[LiveLocOrder]
    skipped: list[str]


class Calculators:
    """Handlers of previews. They change nothing."""

    def __init__(self, port: AdminPort, aside: Aside) -> None:
        self._port = port
        self._aside = aside

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="POST",
                path="/api/loc/preview",
                summary="Tell what orders for the close come to at every close, and their ladder.",
                handler=self.preview_loc,
                body=LocPreview,
                answers={200: Answer("Nothing was changed.", LocAnswer)},
                codes=frozenset({ErrorCode.CALCULATION_GIVEN_UP}),
                asks_database=False,
            ),
            Operation(
                method="GET",
                path="/api/loc/sheet",
                summary="Tell the same of the live orders of an account and symbol.",
                handler=self.loc_sheet,
                query=SHEET_KEYS,
                answers={200: Answer("The orders as they stand.", LiveLocAnswer)},
            ),
        ]

    async def preview_loc(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/loc/preview``: of the orders in the body."""
        body = await read_body(request, PREVIEW_BYTES_MAX, PREVIEW_SECONDS_MAX)
        if len(body) > SMALL_BODY_BYTES_MAX:
            return await self._aside.answer(request, Calculation.LOC, body)
        return json_response(preview_loc(decoded(body)))

    async def loc_sheet(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/loc/sheet?account=&symbol=``: of the live orders."""
        names = [key.name for key in SHEET_KEYS]
        query = request.query
        problems = [
            Problem(key, f"unknown parameter: there are {' and '.join(names)}")
            for key in dict.fromkeys(query)
            if key not in names
        ]
        problems += [
            Problem(key, "must be given once") for key in names if len(query.getall(key, [])) != 1
        ]
        if problems:
            raise BadInput(problems)
        return json_response(await self._port.loc_sheet(query["account"], query["symbol"]))
