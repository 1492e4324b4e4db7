"""What is traded, with the ticks of its exchange. Written down here once more, from the rules."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from tests.simulators.kis.hours import Country


class Kind(StrEnum):
    STOCK = "stock"
    ETF = "etf"
    ETN = "etn"


STOCK_TICKS = (
    (Decimal(2_000), Decimal(1)),
    (Decimal(5_000), Decimal(5)),
    (Decimal(20_000), Decimal(10)),
    (Decimal(50_000), Decimal(50)),
    (Decimal(200_000), Decimal(100)),
    (Decimal(500_000), Decimal(500)),
)
"""Prices below the first are on the second."""
DEAREST_TICK = Decimal(1_000)
CENT, SMALLEST = Decimal("0.01"), Decimal("0.0001")
"""Ticks in America, from one dollar and below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """``price``: the close of the day before the story. ``exchange``: KOSPI, KOSDAQ or a US one.

    ``nxt``: whether NXT, and so SOR, trades it; it has no ETFs and ETNs."""

    symbol: str
    name: str
    price: Decimal
    country: Country = Country.KOREA
    kind: Kind = Kind.STOCK
    exchange: str = "KOSPI"
    nxt: bool = False
    warned: bool = False

    @property
    def is_fund(self) -> bool:
        return self.kind is not Kind.STOCK

    def tick(self, price: Decimal) -> Decimal:
        """Return the tick at a price."""
        if self.country is Country.AMERICA:
            return CENT if price >= 1 else SMALLEST
        if self.is_fund:
            return Decimal(1) if price < 2_000 else Decimal(5)
        return next((tick for below, tick in STOCK_TICKS if price < below), DEAREST_TICK)

    def is_on_tick(self, price: Decimal) -> bool:
        return price > 0 and price % self.tick(price) == 0

    def limits(self, base: Decimal) -> tuple[Decimal, Decimal]:
        """Return the day's lowest and highest price: 30 % around the base, on ticks."""
        low, high = base * Decimal("0.7"), base * Decimal("1.3")
        floor, roof = self.tick(low), self.tick(high)
        return (
            (low / floor).to_integral_value(ROUND_CEILING) * floor,
            (high / roof).to_integral_value(ROUND_FLOOR) * roof,
        )


def _american(symbol: str, name: str, price: str, exchange: str, kind: Kind) -> Listing:
    return Listing(
        symbol=symbol,
        name=name,
        price=Decimal(price),
        country=Country.AMERICA,
        kind=kind,
        exchange=exchange,
    )


def _fund(symbol: str, name: str, price: int, kind: Kind = Kind.ETF) -> Listing:
    return Listing(symbol=symbol, name=name, price=Decimal(price), kind=kind)


LISTINGS = (
    Listing(symbol="005930", name="삼성전자", price=Decimal(71_500), nxt=True),
    Listing(symbol="000660", name="SK하이닉스", price=Decimal(205_500), nxt=True),
    Listing(symbol="035720", name="카카오", price=Decimal(42_350), nxt=True),
    Listing(symbol="091990", name="셀트리온헬스", price=Decimal(4_995), exchange="KOSDAQ"),
    Listing(symbol="000040", name="KR모터스", price=Decimal(1_205), warned=True),
    _fund("069500", "KODEX 200", 41_400),
    _fund("122630", "KODEX 레버리지", 21_505),
    _fund("114800", "KODEX 인버스", 1_998),
    _fund("0043B0", "TIME 신상품액티브", 10_215),
    _fund("Q500061", "신한 레버리지 ETN", 8_120, Kind.ETN),
    _american("SOXL", "DIREXION 3X", "27.45", "AMEX", Kind.ETF),
    _american("SPY", "SPDR S&P 500", "682.10", "AMEX", Kind.ETF),
    _american("TQQQ", "PROSHARES ULTRAPRO QQQ", "53.20", "NASD", Kind.ETF),
    _american("QQQ", "INVESCO QQQ", "610.55", "NASD", Kind.ETF),
    _american("AAPL", "APPLE", "271.30", "NASD", Kind.STOCK),
    _american("IBM", "IBM", "301.15", "NYSE", Kind.STOCK),
    _american("PENY", "PENNY MINES", "0.4321", "NASD", Kind.STOCK),
)
