"""The records of execution notices, in the layouts that were seen and that are documented."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulators.kis.calls import padded_number
from tests.simulators.kis.hours import Country, stamp
from tests.simulators.kis.orders import NewsKind

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.simulators.kis.orders import News, Order
    from tests.simulators.kis.switches import Switches

HOLDER = "홍길동"
VENUES = {"KRX": "1", "NXT": "2", "SOR": "3"}
MARKETS = {"NASD": "6", "NYSE": "7", "AMEX": "8"}
CASH = "10"
ORDER_NOTICE, EXECUTION = "1", "2"
PRICE_DECIMALS = 4


def record(news: News, hts_id: str, switches: Switches) -> list[str]:
    """Return the fields of a notice."""
    korean = news.order.draft.listing.country is Country.KOREA
    fields = (_domestic if korean else _overseas)(news, hts_id, switches)
    return [*fields, "?"] if switches.extra_fields else fields


def _says(news: News, switches: Switches) -> tuple[str, str, str]:
    """Return RFUS_YN, CNTG_YN and ACPT_YN."""
    match news.kind:
        case NewsKind.FILLED:
            return "0", EXECUTION, "2"
        case NewsKind.REJECTED:
            return "1", ORDER_NOTICE, "1"
        case NewsKind.LAPSED:
            return "0", ORDER_NOTICE, "3"
        case NewsKind.CONFIRMED:
            return "0", ORDER_NOTICE, switches.confirmed_as
        case NewsKind.ACCEPTED:
            return "0", ORDER_NOTICE, "1"


def _head(news: News, hts_id: str, switches: Switches) -> list[str]:
    order, stripped = news.order, switches.notice_numbers == "stripped"

    def number(of: Order | None) -> str:
        if of is None:
            return ""
        return str(of.number) if stripped else padded_number(of.number)

    return [
        hts_id,
        order.draft.account,
        number(order),
        number(order.original),
        order.draft.side,
        order.what,
    ]


def _domestic(news: News, hts_id: str, switches: Switches) -> list[str]:
    order, division = news.order, news.order.draft.division
    price = f"{_shown(news.price):09d}"
    fields = [
        *_head(news, hts_id, switches),
        division.code,
        "2" if division.whole else "1" if division.now else "0",
        order.symbol,
        f"{news.quantity:010d}",
        price,
        stamp(news.at),
        *_says(news, switches),
        order.branch,
        f"{order.quantity:09d}",
        HOLDER,
    ]
    limit = f"{_shown(order.draft.price):09d}" if news.kind is NewsKind.FILLED else ""
    venue, name = VENUES[order.draft.venue], order.draft.listing.name
    stop = "" if order.draft.stop is None else f"{_shown(order.draft.stop):09d}"
    if switches.notice_fields == "26":
        return [*fields, stop, venue, "Y", "", CASH, "", name, limit]
    tail = [f"{stop}{venue}Y", CASH, "", name]
    return [*fields, *tail] if switches.notice_fields == "22" else [*fields, *tail, limit]


def _shown(price: Decimal) -> int:
    """Return a price in whole won: a midpoint loses its half."""
    return int(price)


def _overseas(news: News, hts_id: str, switches: Switches) -> list[str]:
    order = news.order
    scaled = int(news.price * 10**PRICE_DECIMALS)
    filled = news.kind is NewsKind.FILLED
    fields = [
        *_head(news, hts_id, switches),
        order.draft.division.notice_kind,
        order.symbol,
        f"{news.quantity:010d}",
        f"{scaled:09d}",
        stamp(news.at) if switches.us_notice_time else "",
        *_says(news, switches),
        order.branch,
        f"{order.quantity:09d}" if filled else "",
        HOLDER,
        order.draft.listing.name,
        MARKETS[order.draft.venue],
        CASH,
        *("", "", "", ""),
    ]
    if switches.us_notice_fields == "24":
        return fields
    return [*fields, f"{scaled:012d}"]
