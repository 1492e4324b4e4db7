"""One call: its parameters, read with the refusals of the real parser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.simulators.binance.errors import ApiError, illegal, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CLIENT_ID = re.compile(r"[.A-Za-z0-9:/_-]{1,36}")


class Security(StrEnum):
    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Call:
    """``params`` as sent; ``account`` is empty on a public call."""

    account: str
    params: Mapping[str, str]
    now_ms: int
    query_lag_ms: int = 0

    def text(self, name: str) -> str:
        value = self.params.get(name, "")
        if not value:
            raise missing(name)
        return value

    def choice(self, name: str, allowed: tuple[str, ...], otherwise: str | None = None) -> str:
        value = self.params.get(name) or otherwise or self.text(name)
        if value not in allowed:
            code = {"side": -1117, "type": -1116, "timeInForce": -1115}.get(name, -1130)
            raise ApiError(code, f"Invalid {name}.")
        return value

    def number(self, name: str) -> Decimal | None:
        value = self.params.get(name, "")
        if not value:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise illegal(name) from None
        if not number.is_finite():
            raise illegal(name)
        return number

    def needed(self, name: str) -> Decimal:
        value = self.number(name)
        if value is None:
            raise missing(name)
        return value

    def whole(self, name: str) -> int | None:
        value = self.params.get(name, "")
        if not value:
            return None
        if not value.removeprefix("-").isdecimal():
            raise illegal(name)
        return int(value)

    def flag(self, name: str) -> bool:
        return self.params.get(name, "false").lower() == "true"

    def client_id(self, name: str, otherwise: str) -> str:
        value = self.params.get(name) or otherwise
        if not CLIENT_ID.fullmatch(value):
            if len(value) > 36:
                raise ApiError(-4015, "Client order id length should be less than 36 chars")
            raise illegal(name)
        return value

    def order_names(self) -> tuple[int | None, str | None]:
        """Return orderId and origClientOrderId, of which one must be there."""
        order_id, client_id = self.whole("orderId"), self.params.get("origClientOrderId")
        if order_id is None and not client_id:
            raise ApiError(
                -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty"
            )
        return order_id, client_id

    def page(self, most: int) -> int:
        limit = self.whole("limit")
        return min(most, 500 if limit is None else limit)


@dataclass(frozen=True, slots=True)
class Route:
    """``orders``: what the call counts on the 10 s and on the 1 min order limit."""

    handle: Callable[[Call], object]
    weight: int
    security: Security = Security.SIGNED
    orders: tuple[int, int] = (0, 0)
