"""Trades as the quote registrations tell them: by index, in the documented order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulators.kis.calls import plain
from tests.simulators.kis.domestic_quotes import DOWN, FLAT, UP
from tests.simulators.kis.hours import EASTERN, KST, NEW_REGIME, Country, Phase, stamp
from tests.simulators.kis.overseas_quotes import rsym

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from tests.simulators.kis.engine import Engine

KOREAN_TRADES = "H0STCNT0"
AMERICAN_TRADES = "HDFSCNT0"
KOREAN_FIELDS = 46


def trade(engine: Engine, symbol: str, price: Decimal, at: datetime) -> tuple[str, str, list[str]]:
    """Return the registration (TR, key) that hears of a trade, and its record."""
    if engine.market.listings[symbol].country is Country.KOREA:
        return KOREAN_TRADES, symbol, _korean(engine, symbol, price, at)
    listing = engine.market.listings[symbol]
    return AMERICAN_TRADES, rsym(listing), _american(engine, symbol, price, at)


def _sign(price: Decimal, base: Decimal) -> str:
    return UP if price > base else DOWN if price < base else FLAT


def _korean(engine: Engine, symbol: str, price: Decimal, at: datetime) -> list[str]:
    market, tape = engine.market, engine.market.tapes[symbol]
    change = price - tape.base
    fields = ["0"] * KOREAN_FIELDS
    known = {
        0: symbol,
        1: stamp(at),
        2: plain(price),
        3: _sign(price, tape.base),
        4: plain(change),
        5: f"{change / tape.base * 100:.2f}",
        6: plain(price),
        7: plain(tape.opened),
        8: plain(tape.high),
        9: plain(tape.low),
        10: plain(market.ask(symbol)),
        11: plain(market.bid(symbol)),
        13: str(tape.volume),
        14: plain(tape.turnover),
        21: "1",
        33: f"{at.astimezone(KST):%Y%m%d}",
        35: "Y" if tape.halted else "N",
        36: str(market.depth[symbol]),
        37: str(market.depth[symbol]),
        45: plain(tape.base),
    }
    for place, text in known.items():
        fields[place] = text
    if engine.hours[Country.KOREA].day_at(at) >= NEW_REGIME:
        fields.append(_market_class(engine.hours[Country.KOREA].phases_at(at)))
    return fields


def _market_class(phases: frozenset[Phase]) -> str:
    if Phase.CONTINUOUS in phases or Phase.CLOSING_AUCTION in phases:
        return "2"
    return "3" if Phase.AFTER_MARKET in phases else "5" if Phase.POST_CLOSE_PRICE in phases else "1"


def _american(engine: Engine, symbol: str, price: Decimal, at: datetime) -> list[str]:
    market, tape = engine.market, engine.market.tapes[symbol]
    change = price - tape.base
    local, korean = at.astimezone(EASTERN), at.astimezone(KST)
    session = {Phase.PRE_MARKET: "2", Phase.AFTER_HOURS: "3"}
    phases = engine.hours[Country.AMERICA].phases_at(at)
    return [
        rsym(market.listings[symbol]),
        symbol,
        "4",
        f"{local:%Y%m%d}",
        f"{local:%Y%m%d}",
        f"{local:%H%M%S}",
        f"{korean:%Y%m%d}",
        f"{korean:%H%M%S}",
        f"{tape.opened:.4f}",
        f"{tape.high:.4f}",
        f"{tape.low:.4f}",
        f"{price:.4f}",
        _sign(price, tape.base),
        f"{abs(change):.4f}",
        f"{change / tape.base * 100:+.2f}",
        f"{market.bid(symbol):.4f}",
        f"{market.ask(symbol):.4f}",
        str(market.depth[symbol]),
        str(market.depth[symbol]),
        "0",
        str(tape.volume),
        f"{tape.turnover:.0f}",
        "0",
        "0",
        "0.00",
        next((session[phase] for phase in phases if phase in session), "1"),
    ]
