"""What can be asked of KIS: path and operation id, real and paper.

The paper ids stand here one by one. "V in place of the first letter" holds for most of them and
is wrong for the US sell order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from adapters.kis.hosts import Profile

_DOMESTIC = "/uapi/domestic-stock/v1/"
_OVERSEAS = "/uapi/overseas-stock/v1/"
_QUOTES = "/uapi/overseas-price/v1/quotations/"


@dataclass(frozen=True, slots=True)
class Route:
    """``real`` and ``paper`` are operation ids; None where the environment does not offer it."""

    method: str
    path: str
    real: str
    paper: str | None

    def tr_id(self, profile: Profile) -> str | None:
        return self.real if profile is Profile.REAL else self.paper


def _get(path: str, real: str, paper: str | None) -> Route:
    return Route("GET", path, real, paper)


def _post(path: str, real: str, paper: str | None) -> Route:
    return Route("POST", path, real, paper)


class Operation(Enum):
    """One row of the reference's table of operations."""

    KR_BUY = _post(_DOMESTIC + "trading/order-cash", "TTTC0012U", "VTTC0012U")
    KR_SELL = _post(_DOMESTIC + "trading/order-cash", "TTTC0011U", "VTTC0011U")
    KR_CHANGE = _post(_DOMESTIC + "trading/order-rvsecncl", "TTTC0013U", "VTTC0013U")
    KR_CANCELLABLE = _get(_DOMESTIC + "trading/inquire-psbl-rvsecncl", "TTTC0084R", None)
    KR_ORDERS = _get(_DOMESTIC + "trading/inquire-daily-ccld", "TTTC0081R", "VTTC0081R")
    KR_BALANCE = _get(_DOMESTIC + "trading/inquire-balance", "TTTC8434R", "VTTC8434R")
    KR_BUYABLE = _get(_DOMESTIC + "trading/inquire-psbl-order", "TTTC8908R", "VTTC8908R")
    KR_SELLABLE = _get(_DOMESTIC + "trading/inquire-psbl-sell", "TTTC8408R", None)
    KR_PRICE = _get(_DOMESTIC + "quotations/inquire-price", "FHKST01010100", "FHKST01010100")
    KR_BOOK = _get(
        _DOMESTIC + "quotations/inquire-asking-price-exp-ccn", "FHKST01010200", "FHKST01010200"
    )
    KR_HOLIDAYS = _get(_DOMESTIC + "quotations/chk-holiday", "CTCA0903R", None)
    US_BUY = _post(_OVERSEAS + "trading/order", "TTTT1002U", "VTTT1002U")
    US_SELL = _post(_OVERSEAS + "trading/order", "TTTT1006U", "VTTT1001U")
    US_CHANGE = _post(_OVERSEAS + "trading/order-rvsecncl", "TTTT1004U", "VTTT1004U")
    US_OPEN = _get(_OVERSEAS + "trading/inquire-nccs", "TTTS3018R", None)
    US_ORDERS = _get(_OVERSEAS + "trading/inquire-ccnl", "TTTS3035R", "VTTS3035R")
    US_BALANCE = _get(_OVERSEAS + "trading/inquire-balance", "TTTS3012R", "VTTS3012R")
    US_PRESENT = _get(_OVERSEAS + "trading/inquire-present-balance", "CTRP6504R", "VTRP6504R")
    US_BUYABLE = _get(_OVERSEAS + "trading/inquire-psamount", "TTTS3007R", "VTTS3007R")
    US_MARGIN = _get(_OVERSEAS + "trading/foreign-margin", "TTTC2101R", None)
    US_PRICE = _get(_QUOTES + "price", "HHDFS00000300", "HHDFS00000300")
    US_DAILY = _get(_QUOTES + "dailyprice", "HHDFS76240000", "HHDFS76240000")
