"""The control endpoint: what a test does with the library, for clients of the process.

``GET /control`` shows the state; ``POST /control/NAME`` with a JSON object changes it.
"""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from tests.simulators.kis.faults import Fault
from tests.simulators.kis.orders import BUY, SELL
from tests.simulators.kis.refusals import OrderRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulators.kis.simulator import KisSimulator


STR_KEYS = orjson.OPT_NON_STR_KEYS


class Control:
    def __init__(self, simulator: KisSimulator) -> None:
        self._simulator = simulator

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/control", self._show)
        for name, change in {
            "fault": self._fault,
            "switch": self._switch,
            "price": self._price,
            "auction": self._auction,
            "depth": self._depth,
            "sockets": self._sockets,
            "reset": self._reset,
            "hand": self._hand,
        }.items():
            app.router.add_post(f"/control/{name}", _handler(change))

    async def _show(self, _request: web.Request) -> web.Response:
        host = self._simulator.host
        host.agenda.catch_up()
        state = {
            "profile": host.profile,
            "switches": asdict(host.switches),
            "prices": {symbol: str(tape.last) for symbol, tape in host.market.tapes.items()},
            "throttled": host.limits.throttled,
            "faults_met": host.faults.met,
            "accounts": {name: self._account(seed.number) for name, seed in host.seeds.items()},
        }
        return web.Response(
            body=orjson.dumps(state, option=STR_KEYS), content_type="application/json"
        )

    def _account(self, number: str) -> dict[str, Any]:
        host = self._simulator.host
        account = host.accounts[number]
        return {
            "cash": {country: str(account.cash(country)) for country in host.hours},
            "holdings": {symbol: holding.quantity for symbol, holding in account.holdings.items()},
            "orders": [
                {
                    "day": order.day.isoformat(),
                    "number": order.number,
                    "what": order.what.name.lower(),
                    "symbol": order.symbol,
                    "side": order.draft.side,
                    "quantity": order.quantity,
                    "filled": order.state.filled,
                    "remaining": order.remaining,
                }
                for order in host.engine.orders[number]
            ],
        }

    def _fault(self, body: dict[str, Any]) -> None:
        if body.get("fault") == "none":
            self._simulator.faults.clear()
            return
        self._simulator.faults.script(
            str(body["route"]),
            Fault(body["fault"]),
            times=int(body.get("times", 1)),
            delay_s=float(body.get("delay_s", 0)),
            code=str(body.get("code", "")),
        )

    def _switch(self, body: dict[str, Any]) -> None:
        for name, value in body.items():
            self._simulator.switches.set(name, value)

    def _price(self, body: dict[str, Any]) -> None:
        self._simulator.set_price(self._symbol(body), _decimal(body, "price"))

    def _auction(self, body: dict[str, Any]) -> None:
        self._simulator.host.market.auction[self._symbol(body)] = _decimal(body, "price")

    def _depth(self, body: dict[str, Any]) -> None:
        self._simulator.host.market.depth[self._symbol(body)] = int(body["depth"])

    def _sockets(self, body: dict[str, Any]) -> None:
        if body["do"] != "drop":
            raise ValueError(f"do is drop, not {body['do']!r}")
        self._simulator.sockets.drop_all()

    def _reset(self, body: dict[str, Any]) -> None:
        self._simulator.reset(self._name(body))

    def _hand(self, body: dict[str, Any]) -> None:
        """Place an order as a person does in the broker's own app."""
        side, quantity = str(body["side"]), int(body["quantity"])
        if side not in {SELL, BUY}:
            raise ValueError(f"side is {SELL} (sell) or {BUY} (buy), not {side!r}")
        try:
            self._simulator.place_by_hand(
                self._name(body), self._symbol(body), side, quantity, _decimal(body, "price")
            )
        except OrderRefused as no:
            raise ValueError(f"refused: {no.reason.text}") from no

    def _name(self, body: dict[str, Any]) -> str:
        name = str(body["account"])
        if name not in self._simulator.host.seeds:
            raise ValueError(f"there is no account {name!r}")
        return name

    def _symbol(self, body: dict[str, Any]) -> str:
        symbol = str(body["symbol"])
        if symbol not in self._simulator.host.market.listings:
            raise ValueError(f"symbol {symbol!r} is not traded here")
        return symbol


def _decimal(body: dict[str, Any], name: str) -> Decimal:
    try:
        return Decimal(str(body[name]))
    except InvalidOperation:
        raise ValueError(f"{name} {body[name]!r} is no number") from None


def _handler(change: Callable[[dict[str, Any]], None]) -> Any:  # noqa: ANN401 - aiohttp's own type
    async def handle(request: web.Request) -> web.Response:
        try:
            change(dict(orjson.loads(await request.read())))
        except KeyError as missing:
            return web.Response(status=400, text=f"{missing.args[0]} is missing")
        except (ValueError, TypeError) as wrong:
            return web.Response(status=400, text=str(wrong))
        return web.Response(status=204)

    return handle
