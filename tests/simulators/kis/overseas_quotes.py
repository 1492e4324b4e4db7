"""American prices and order books."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.calls import Answer, Route
from tests.simulators.kis.domestic_quotes import DOWN, FLAT, UP
from tests.simulators.kis.hours import EASTERN, Country
from tests.simulators.kis.market import LEVELS
from tests.simulators.kis.refusals import unknown_service

if TYPE_CHECKING:
    from tests.simulators.kis.calls import Call
    from tests.simulators.kis.engine import Engine
    from tests.simulators.kis.listings import Listing

QUOTE_CODES = {"NASD": "NAS", "NYSE": "NYS", "AMEX": "AMS"}
QUOTE = ("AUTH", "EXCD", "SYMB")
OK = "정상처리"
DAYS = 100
"""Listed at once."""


class OverseasQuotes:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def table(self) -> dict[str, Route]:
        return {
            "us.price": Route(self.price, QUOTE),
            "us.days": Route(self.days, (*QUOTE, "GUBN", "BYMD", "MODP")),
            "us.detail": Route(self.detail, QUOTE),
            "us.book": Route(self.book, QUOTE),
        }

    def _listing(self, call: Call) -> Listing | None:
        call.choice("EXCD", *QUOTE_CODES.values())
        listing = self._engine.market.listings.get(call.text("SYMB"))
        if listing is None or listing.country is not Country.AMERICA:
            return None
        return listing if QUOTE_CODES[listing.exchange] == call.text("EXCD") else None

    def price(self, call: Call) -> Answer:
        """Show the last price: the change has no sign here, the rate has one."""
        listing = self._listing(call)
        if listing is None:
            names = ("rsym", "zdiv", "base", "pvol", "last", "sign", "diff", "rate", "tvol", "tamt")
            return Answer({"output": dict.fromkeys((*names, "ordy"), "")}, "MCA00000", OK)
        tape = self._engine.market.tapes[listing.symbol]
        change = tape.last - tape.base
        output = {
            "rsym": rsym(listing),
            "zdiv": "4",
            "base": f"{tape.base:.4f}",
            "pvol": "81234567",
            "last": f"{tape.last:.4f}",
            "sign": UP if change > 0 else DOWN if change < 0 else FLAT,
            "diff": f"{abs(change):.4f}",
            "rate": f"{change / tape.base * 100:+.2f}",
            "tvol": str(tape.volume),
            "tamt": f"{tape.turnover:.0f}",
            "ordy": "매수가능",
        }
        return Answer({"output": output}, "MCA00000", OK)

    def days(self, call: Call) -> Answer:
        """List days up to one, the newest first; today's row moves with every trade."""
        listing = self._listing(call)
        call.choice("GUBN", "0", "1", "2")
        call.choice("MODP", "0", "1")
        if self._engine.switches.us_days == "missing":
            raise unknown_service()
        if listing is None or self._engine.switches.us_days == "empty":
            return Answer({"output1": {"rsym": ""}, "output2": []}, "MCA00000", OK)
        today = call.now.astimezone(EASTERN).date()
        until = call.day("BYMD") if call.text("BYMD") else today
        closes = dict(self._engine.market.closes[listing.symbol])
        if self._engine.hours[Country.AMERICA].is_open_on(today):
            closes[today] = self._engine.market.last(listing.symbol)
        rows = [
            {"xymd": f"{day:%Y%m%d}", "clos": f"{close:.4f}", "tvol": "60211001"}
            for day, close in sorted(closes.items(), reverse=True)
            if day <= until
        ]
        first = {"rsym": rsym(listing), "zdiv": "4", "nrec": str(len(rows))}
        return Answer({"output1": first, "output2": rows[:DAYS]}, "MCA00000", OK)

    def detail(self, call: Call) -> Answer:
        listing = self._listing(call)
        if listing is None:
            return Answer({"output": {"rsym": "", "last": ""}}, "MCA00000", OK)
        tape = self._engine.market.tapes[listing.symbol]
        output = {
            "rsym": rsym(listing),
            "zdiv": "4",
            "open": f"{tape.opened:.4f}",
            "high": f"{tape.high:.4f}",
            "low": f"{tape.low:.4f}",
            "last": f"{tape.last:.4f}",
            "base": f"{tape.base:.4f}",
            "tvol": str(tape.volume),
            "tamt": f"{tape.turnover:.0f}",
            "e_hogau": f"{listing.tick(tape.last):.4f}",
            "vnit": "1",
            "e_ordyn": "매매 가능",
            "t_rate": "1452.30",
        }
        return Answer({"output": output}, "MCA00000", OK)

    def book(self, call: Call) -> Answer:
        listing = self._listing(call)
        if listing is None:
            return Answer({"output1": {"rsym": ""}, "output2": {}}, "MCA00000", OK)
        market, symbol = self._engine.market, listing.symbol
        second: dict[str, str] = {}
        for name, levels in (("bid", market.bids(symbol)), ("ask", market.asks(symbol))):
            padded = [*levels, *[(Decimal(0), 0)] * LEVELS][:LEVELS]
            for place, (price, size) in enumerate(padded, start=1):
                second[f"p{name}{place}"] = f"{price:.4f}"
                second[f"v{name}{place}"] = str(size)
                second[f"d{name}{place}"] = "0"
        local = call.now.astimezone(EASTERN)
        first = {
            "rsym": rsym(listing),
            "zdiv": "4",
            "base": f"{market.tapes[symbol].base:.4f}",
            "last": f"{market.last(symbol):.4f}",
            "dymd": f"{local:%Y%m%d}",
            "dhms": f"{local:%H%M%S}",
            "bvol": str(sum(size for _, size in market.bids(symbol))),
            "avol": str(sum(size for _, size in market.asks(symbol))),
        }
        return Answer({"output1": first, "output2": second}, "MCA00000", OK)


def rsym(listing: Listing) -> str:
    """Name a symbol as quotes do."""
    return f"D{QUOTE_CODES[listing.exchange]}{listing.symbol}"
