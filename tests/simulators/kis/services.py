"""Which operations there are, where, and under which ids: real and paper are different tables.

An id that the official prefix rule would make up for paper (V for the first letter) and that the
portal does not list is known too, as ``missing``: the paper host says that it has no such service.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.simulators.kis.refusals import gateway, not_in_paper, unknown_service

DOMESTIC = "/uapi/domestic-stock/v1"
OVERSEAS = "/uapi/overseas-stock/v1"
OVERSEAS_PRICE = "/uapi/overseas-price/v1"


class Profile(StrEnum):
    """Which of the two hosts this is."""

    REAL = "real"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Service:
    """One operation. An empty ``paper`` id: the paper host does not offer it."""

    name: str
    method: str
    path: str
    real: str
    paper: str = ""

    @property
    def is_order(self) -> bool:
        return self.method == "POST"

    def id_in(self, profile: Profile) -> str:
        return self.real if profile is Profile.REAL else self.paper


def _trading(name: str, method: str, base: str, leaf: str, real: str, paper: str = "") -> Service:
    return Service(name, method, f"{base}/trading/{leaf}", real, paper)


def _quote(name: str, base: str, leaf: str, real: str, paper: str = "") -> Service:
    return Service(name, "GET", f"{base}/quotations/{leaf}", real, paper)


SERVICES = (
    _trading("domestic.sell", "POST", DOMESTIC, "order-cash", "TTTC0011U", "VTTC0011U"),
    _trading("domestic.buy", "POST", DOMESTIC, "order-cash", "TTTC0012U", "VTTC0012U"),
    _trading("domestic.revise", "POST", DOMESTIC, "order-rvsecncl", "TTTC0013U", "VTTC0013U"),
    _trading("domestic.cancellable", "GET", DOMESTIC, "inquire-psbl-rvsecncl", "TTTC0084R"),
    _trading("domestic.daily", "GET", DOMESTIC, "inquire-daily-ccld", "TTTC0081R", "VTTC0081R"),
    _trading("domestic.history", "GET", DOMESTIC, "inquire-daily-ccld", "CTSC9215R", "VTSC9215R"),
    _trading("domestic.retired", "GET", DOMESTIC, "inquire-daily-ccld", "TTTC8001R", "VTTC8001R"),
    _trading("domestic.balance", "GET", DOMESTIC, "inquire-balance", "TTTC8434R", "VTTC8434R"),
    _trading("domestic.buyable", "GET", DOMESTIC, "inquire-psbl-order", "TTTC8908R", "VTTC8908R"),
    _trading("domestic.sellable", "GET", DOMESTIC, "inquire-psbl-sell", "TTTC8408R"),
    _quote("domestic.price", DOMESTIC, "inquire-price", "FHKST01010100", "FHKST01010100"),
    _quote(
        "domestic.book",
        DOMESTIC,
        "inquire-asking-price-exp-ccn",
        "FHKST01010200",
        "FHKST01010200",
    ),
    _quote("domestic.holidays", DOMESTIC, "chk-holiday", "CTCA0903R"),
    _trading("us.buy", "POST", OVERSEAS, "order", "TTTT1002U", "VTTT1002U"),
    _trading("us.sell", "POST", OVERSEAS, "order", "TTTT1006U", "VTTT1001U"),
    _trading("us.revise", "POST", OVERSEAS, "order-rvsecncl", "TTTT1004U", "VTTT1004U"),
    _trading("us.open", "GET", OVERSEAS, "inquire-nccs", "TTTS3018R"),
    _trading("us.fills", "GET", OVERSEAS, "inquire-ccnl", "TTTS3035R", "VTTS3035R"),
    _trading("us.balance", "GET", OVERSEAS, "inquire-balance", "TTTS3012R", "VTTS3012R"),
    _trading("us.present", "GET", OVERSEAS, "inquire-present-balance", "CTRP6504R", "VTRP6504R"),
    _trading("us.buyable", "GET", OVERSEAS, "inquire-psamount", "TTTS3007R", "VTTS3007R"),
    _trading("us.margin", "GET", OVERSEAS, "foreign-margin", "TTTC2101R"),
    _quote("us.price", OVERSEAS_PRICE, "price", "HHDFS00000300", "HHDFS00000300"),
    _quote("us.days", OVERSEAS_PRICE, "dailyprice", "HHDFS76240000", "HHDFS76240000"),
    _quote("us.detail", OVERSEAS_PRICE, "price-detail", "HHDFS76200200"),
    _quote("us.book", OVERSEAS_PRICE, "inquire-asking-price", "HHDFS76200100"),
)

_BY_PATH = {(each.method, each.path) for each in SERVICES}


def find_service(profile: Profile, method: str, path: str, tr_id: str) -> Service:
    """Return what a call asks for, or refuse it as the host does."""
    if (method, path) not in _BY_PATH:
        raise unknown_service()
    here = [each for each in SERVICES if (each.method, each.path) == (method, path)]
    for service in here:
        if tr_id and tr_id == service.id_in(profile):
            return service
    if profile is Profile.PAPER:
        for service in here:
            if not service.paper and tr_id in {f"V{service.real[1:]}", service.real}:
                raise not_in_paper() if tr_id[0] in "VH" else gateway("EGW02004")
    other = Profile.REAL if profile is Profile.PAPER else Profile.PAPER
    if any(tr_id == service.id_in(other) for service in SERVICES if tr_id):
        raise gateway("EGW02004")
    raise unknown_service()
