"""Korean prices, order books and holidays."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.calls import Answer, Route, compact, plain
from tests.simulators.kis.hours import Country, Phase, stamp
from tests.simulators.kis.market import LEVELS

if TYPE_CHECKING:
    from tests.simulators.kis.calls import Call
    from tests.simulators.kis.engine import Engine
    from tests.simulators.kis.listings import Listing

KOREA = Country.KOREA
QUOTE = ("FID_COND_MRKT_DIV_CODE", "FID_INPUT_ISCD")
HOLIDAY_ROWS = 24
LIMIT_UP, UP, FLAT, LIMIT_DOWN, DOWN = "1", "2", "3", "4", "5"


class DomesticQuotes:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def table(self) -> dict[str, Route]:
        return {
            "domestic.price": Route(self.price, QUOTE),
            "domestic.book": Route(self.book, QUOTE),
            "domestic.holidays": Route(self.holidays, ("BASS_DT", "CTX_AREA_NK", "CTX_AREA_FK")),
        }

    def _listing(self, call: Call) -> Listing | None:
        call.choice("FID_COND_MRKT_DIV_CODE", "J", "NX", "UN")
        listing = self._engine.market.listings.get(call.text("FID_INPUT_ISCD"))
        return listing if listing is not None and listing.country is KOREA else None

    def price(self, call: Call) -> Answer:
        listing = self._listing(call)
        if listing is None:
            zero = dict.fromkeys(("stck_prpr", "stck_mxpr", "stck_llam", "stck_sdpr"), "0")
            return Answer({"output": zero}, "MCA00000", "정상처리")
        market = self._engine.market
        tape, limits = (
            market.tapes[listing.symbol],
            listing.limits(market.tapes[listing.symbol].base),
        )
        change = tape.last - tape.base
        output = {
            "iscd_stat_cls_code": "58" if tape.halted else "53" if listing.warned else "55",
            "marg_rate": "20.00",
            "rprs_mrkt_kor_name": "ETF" if listing.is_fund else listing.exchange,
            "temp_stop_yn": "Y" if tape.halted else "N",
            "stck_prpr": plain(tape.last),
            "prdy_vrss": plain(change),
            "prdy_vrss_sign": _sign(tape.last, tape.base, limits),
            "prdy_ctrt": f"{change / tape.base * 100:.2f}",
            "acml_tr_pbmn": plain(tape.turnover),
            "acml_vol": str(tape.volume),
            "stck_oprc": plain(tape.opened),
            "stck_hgpr": plain(tape.high),
            "stck_lwpr": plain(tape.low),
            "stck_mxpr": plain(limits[1]),
            "stck_llam": plain(limits[0]),
            "stck_sdpr": plain(tape.base),
            "aspr_unit": plain(listing.tick(tape.last)),
            "fcam_cnnm": "5,000",
            "stck_shrn_iscd": listing.symbol,
            "vi_cls_code": "N",
            "mrkt_warn_cls_code": "02" if listing.warned else "00",
            "short_over_yn": "N",
            "sltr_yn": "N",
        }
        return Answer({"output": output}, "MCA00000", "정상처리")

    def book(self, call: Call) -> Answer:
        listing = self._listing(call)
        if listing is None:
            return Answer({"output1": {}, "output2": {}}, "MCA00000", "정상처리")
        market, symbol = self._engine.market, listing.symbol
        tape = market.tapes[symbol]
        first: dict[str, str] = {"aspr_acpt_hour": stamp(call.now)}
        for name, levels in (("ask", market.asks(symbol)), ("bid", market.bids(symbol))):
            padded = [*levels, *[(Decimal(0), 0)] * LEVELS][:LEVELS]
            for place, (price, size) in enumerate(padded, start=1):
                first |= {
                    f"{name}p{place}": plain(price),
                    f"{name}p_rsqn{place}": str(size),
                    f"{name}p_rsqn_icdc{place}": "0",
                }
            first[f"total_{name}p_rsqn"] = str(sum(size for _, size in levels))
            first[f"total_{name}p_rsqn_icdc"] = "0"
            first[f"ovtm_total_{name}p_rsqn"] = first[f"ovtm_total_{name}p_icdc"] = "0"
        first |= {"ntby_aspr_rsqn": "0", "new_mkop_cls_code": "20"}
        in_auction = self._engine.phases(KOREA) & {Phase.OPENING_AUCTION, Phase.CLOSING_AUCTION}
        expected = market.auction.get(symbol, tape.last) if in_auction else Decimal(0)
        second = {
            "antc_mkop_cls_code": "311" if not in_auction else "112",
            "stck_prpr": plain(tape.last),
            "stck_oprc": plain(tape.opened),
            "stck_hgpr": plain(tape.high),
            "stck_lwpr": plain(tape.low),
            "stck_sdpr": plain(tape.base),
            "antc_cnpr": plain(expected),
            "antc_cntg_vrss_sign": FLAT,
            "antc_cntg_vrss": "0",
            "antc_cntg_prdy_ctrt": "0.00",
            "antc_vol": str(market.depth[symbol]) if in_auction else "0",
            "stck_shrn_iscd": symbol,
            "vi_cls_code": "N",
        }
        return Answer({"output1": first, "output2": second}, "MCA00000", "정상처리")

    def holidays(self, call: Call) -> Answer:
        """List 24 calendar days. It says that more follow; a client asks for the next first day."""
        first = call.day("BASS_DT")
        hours = self._engine.hours[KOREA]
        rows = []
        for ahead in range(HOLIDAY_ROWS):
            day = first + timedelta(days=ahead)
            is_open = "Y" if hours.is_open_on(day) else "N"
            rows.append(
                {
                    "bass_dt": compact(day),
                    "wday_dvsn_cd": f"{day.isoweekday() % 7 + 1:02d}",
                    "bzdy_yn": is_open,
                    "tr_day_yn": "Y",
                    "opnd_yn": is_open,
                    "sttl_day_yn": is_open,
                }
            )
        context = {
            "ctx_area_nk": rows[-1]["bass_dt"].ljust(20),
            "ctx_area_fk": rows[0]["bass_dt"].ljust(20),
        }
        return Answer({**context, "output": rows}, "KIOK0500", "조회 계속")


def _sign(last: Decimal, base: Decimal, limits: tuple[Decimal, Decimal]) -> str:
    if last == limits[1]:
        return LIMIT_UP
    if last == limits[0]:
        return LIMIT_DOWN
    return UP if last > base else DOWN if last < base else FLAT
