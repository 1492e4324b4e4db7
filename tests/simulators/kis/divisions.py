"""The order types (ORD_DVSN): what each means, who takes it, and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.simulators.kis.hours import NEW_REGIME, Country, Phase

if TYPE_CHECKING:
    from datetime import date


class Style(StrEnum):
    """How an order finds its price."""

    LIMIT = "limit"
    MARKET = "market"
    CONDITIONAL = "limit, and market in the closing auction"
    BEST = "the other side's best price"
    PRIORITY = "the own side's best price"
    CLOSE_PRICE = "the close"
    MIDPOINT = "midpoint"
    STOP_LIMIT = "stop-limit"
    ON_OPEN = "market on open"
    LIMIT_ON_OPEN = "limit on open"
    ON_CLOSE = "market on close"
    LIMIT_ON_CLOSE = "limit on close"


AUCTIONS = frozenset({Phase.OPENING_AUCTION, Phase.CLOSING_AUCTION})
KRX = frozenset({Phase.OPENING_AUCTION, Phase.CONTINUOUS, Phase.CLOSING_AUCTION})
CONTINUOUS = frozenset({Phase.CONTINUOUS})
NXT = frozenset({Phase.NXT_PRE, Phase.NXT_MAIN, Phase.NXT_AFTER})
NXT_MAIN = frozenset({Phase.NXT_MAIN})
AMERICAN = frozenset({Phase.PRE_MARKET, Phase.REGULAR, Phase.AFTER_HOURS})


@dataclass(frozen=True, slots=True)
class Division:
    """``krx``, ``nxt``: the phases in which a venue takes it; SOR takes what either takes.

    ``now``: what is not filled at once is gone, all or nothing if ``whole``.
    """

    code: str
    name: str
    style: Style
    krx: frozenset[Phase] = frozenset()
    nxt: frozenset[Phase] = frozenset()
    now: bool = False
    whole: bool = False
    american: frozenset[Phase] = frozenset()
    sides: tuple[str, ...] = ("01", "02")
    notice_kind: str = ""
    """ORDER_KIND2 of the overseas notice."""

    @property
    def is_priced(self) -> bool:
        return self.style in {
            Style.LIMIT,
            Style.CONDITIONAL,
            Style.STOP_LIMIT,
            Style.LIMIT_ON_OPEN,
            Style.LIMIT_ON_CLOSE,
        }

    @property
    def is_for_auction(self) -> bool:
        """An American order that only an auction fills."""
        return self.style in {
            Style.ON_OPEN,
            Style.LIMIT_ON_OPEN,
            Style.ON_CLOSE,
            Style.LIMIT_ON_CLOSE,
        }

    def phases(self, venue: str) -> frozenset[Phase]:
        if venue == "KRX":
            return self.krx
        if venue == "NXT":
            return self.nxt
        if venue == "SOR":
            return self.krx | self.nxt if self.krx and self.code not in NOT_IN_SOR else frozenset()
        return self.american


NOT_IN_SOR = {
    "02",
    "05",
    "06",
    "07",
    "21",
    "22",
    "23",
    "24",
    "41",
    "42",
    "43",
    "44",
    "45",
    "46",
    "47",
}

AFTER = frozenset({Phase.AFTER_MARKET})
PRE_NXT = frozenset({Phase.NXT_PRE})

DOMESTIC_DIVISIONS = {
    each.code: each
    for each in (
        Division("00", "지정가", Style.LIMIT, KRX, NXT),
        Division("01", "시장가", Style.MARKET, KRX),
        Division("02", "조건부지정가", Style.CONDITIONAL, KRX - {Phase.CLOSING_AUCTION}),
        Division("03", "최유리지정가", Style.BEST, CONTINUOUS, NXT),
        Division("04", "최우선지정가", Style.PRIORITY, CONTINUOUS, NXT),
        Division("05", "장전시간외", Style.CLOSE_PRICE, frozenset({Phase.PRE_CLOSE_PRICE})),
        Division("06", "장후시간외", Style.CLOSE_PRICE, frozenset({Phase.POST_CLOSE_PRICE})),
        Division("07", "시간외단일가", Style.LIMIT, frozenset({Phase.SINGLE_PRICE})),
        Division("11", "IOC지정가", Style.LIMIT, CONTINUOUS, NXT, now=True),
        Division("12", "FOK지정가", Style.LIMIT, CONTINUOUS, NXT, now=True, whole=True),
        Division("13", "IOC시장가", Style.MARKET, CONTINUOUS, NXT_MAIN, now=True),
        Division("14", "FOK시장가", Style.MARKET, CONTINUOUS, NXT_MAIN, now=True, whole=True),
        Division("15", "IOC최유리", Style.BEST, CONTINUOUS, NXT, now=True),
        Division("16", "FOK최유리", Style.BEST, CONTINUOUS, NXT, now=True, whole=True),
        Division("21", "중간가", Style.MIDPOINT, CONTINUOUS, NXT_MAIN),
        Division("22", "스톱지정가", Style.STOP_LIMIT, CONTINUOUS, NXT_MAIN),
        Division("23", "중간가IOC", Style.MIDPOINT, CONTINUOUS, NXT_MAIN, now=True),
        Division("24", "중간가FOK", Style.MIDPOINT, CONTINUOUS, NXT_MAIN, now=True, whole=True),
        Division("27", "GTP지정가", Style.LIMIT, nxt=PRE_NXT),
        Division("28", "GTP최유리", Style.BEST, nxt=PRE_NXT),
        Division("29", "GTP최우선", Style.PRIORITY, nxt=PRE_NXT),
        Division("41", "애프터지정가", Style.LIMIT, AFTER),
        Division("42", "애프터IOC지정가", Style.LIMIT, AFTER, now=True),
        Division("43", "애프터FOK지정가", Style.LIMIT, AFTER, now=True, whole=True),
        Division("44", "애프터최유리", Style.BEST, AFTER),
        Division("45", "애프터IOC최유리", Style.BEST, AFTER, now=True),
        Division("46", "애프터FOK최유리", Style.BEST, AFTER, now=True, whole=True),
        Division("47", "애프터최우선", Style.PRIORITY, AFTER),
    )
}
BEFORE_CLOSE = frozenset({Phase.PRE_MARKET, Phase.REGULAR})
BEFORE_OPEN = frozenset({Phase.PRE_MARKET})
OVERSEAS_DIVISIONS = {
    each.code: each
    for each in (
        Division("00", "지정가", Style.LIMIT, american=AMERICAN, notice_kind="2"),
        Division("31", "MOO", Style.ON_OPEN, american=BEFORE_OPEN, sides=("01",), notice_kind="A"),
        Division("32", "LOO", Style.LIMIT_ON_OPEN, american=BEFORE_OPEN, notice_kind="B"),
        Division(
            "33", "MOC", Style.ON_CLOSE, american=BEFORE_CLOSE, sides=("01",), notice_kind="C"
        ),
        Division("34", "LOC", Style.LIMIT_ON_CLOSE, american=BEFORE_CLOSE, notice_kind="D"),
    )
}


def division_of(country: Country, code: str, day: date) -> Division | None:
    """Return an order type as the day knows it; None for a code of no type."""
    found = (DOMESTIC_DIVISIONS if country is Country.KOREA else OVERSEAS_DIVISIONS).get(code)
    if found is None or (code in {"27", "28", "29"} and day < NEW_REGIME):
        return None
    return found
