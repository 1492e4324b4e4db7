"""Korean stocks, ETFs and ETNs: how orders are spelt, and how lists and prices are read."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import (
    BrokerError,
    BrokerUnavailableError,
    Quote,
    RefusalCode,
    Refused,
    UnknownSymbolError,
)
from adapters.kis.desk import Desk, Owned, Target, Terms
from adapters.kis.fields import (
    SEOUL,
    amount,
    count,
    day_of,
    day_text,
    object_of,
    order_number,
    price,
    required,
    rows_of,
    seoul_time,
    text,
)
from adapters.kis.hosts import Profile
from adapters.kis.krx import AFTER_LIMIT, LIMIT, MARKET, STOP_LIMIT, Band, Hours, Venue
from adapters.kis.operations import Operation
from adapters.kis.pace import Rank
from adapters.kis.rows import Reader, Row
from adapters.kis.wire import Call
from algorithms.decimals import ZERO, add, to_text, total
from algorithms.domain import OrderType, Side, Symbol

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from adapters.broker import OrderRequest
    from adapters.fields import Fields
    from adapters.kis.answers import Reply
    from adapters.kis.asking import Asker
    from adapters.kis.desk import KisSettings
    from adapters.kis.wire import Params
    from adapters.sessions import Sessions
    from algorithms.instruments import Instrument

PAGE_KEYS = ("CTX_AREA_FK100", "CTX_AREA_NK100")
NONE: Params = (("CTX_AREA_FK100", ""), ("CTX_AREA_NK100", ""))
TICKER_OF = {Venue.KRX: "J", Venue.NXT: "NX", Venue.SOR: "UN"}
"""Whose prices a question is about; together for orders that KIS routes."""
ASK_BAND_S = 4.0
"""How long an order waits for the limits of its day; after that KIS judges it alone."""
FRESH = timedelta(minutes=1)
"""Limits told longer ago are asked for again before they count against an order."""
CANCEL = "취소"
"""The word by which a line of the lists is known to be a request to cancel."""
FUNDS = {"ETF": "etf", "ETN": "etn", "ELW": "elw"}
ON_PAPER = frozenset({OrderType.MARKET, OrderType.LIMIT})
ORDER_TYPES = ON_PAPER | {OrderType.STOP_LIMIT}


class Domestic(Desk):
    """The Korean half of an account."""

    zone = SEOUL

    def __init__(self, settings: KisSettings, asker: Asker, sessions: Sessions) -> None:
        super().__init__(settings, asker, sessions)
        self.order_types = ON_PAPER if settings.profile is Profile.PAPER else ORDER_TYPES
        self._read = Reader(lambda line: _order(line, self.side_of(line)))
        self._hours = Hours(sessions)
        self._bands: dict[Symbol, Band] = {}

    def venue(self, symbol: Symbol) -> Venue:
        """Return where orders for a symbol go."""
        return self.settings.venues.get(symbol, self.settings.venue)

    async def refusal(self, request: OrderRequest, at: datetime) -> Refused | None:
        venue, kind = self.venue(request.symbol), request.order_type
        if kind is OrderType.MARKET and venue is Venue.NXT:
            return Refused(RefusalCode.UNSUPPORTED, "NXT takes no market orders; send a limit")
        if kind is OrderType.STOP_LIMIT and venue is Venue.SOR:
            what = "KIS routes no stop-limit orders; send them to KRX or NXT"
            return Refused(RefusalCode.UNSUPPORTED, what)
        if self._is_after_market(request.symbol, at):
            return await self._not_after_market(request)
        return await self._beyond_limits(request, at)

    async def _not_after_market(self, request: OrderRequest) -> Refused | None:
        if request.order_type is not OrderType.LIMIT:
            what = f"the after-market takes limit orders, not {request.order_type.value}"
            return Refused(RefusalCode.UNSUPPORTED, what)
        if (await self.instrument(request.symbol)).type != "stock":
            what = "the after-market does not trade ETFs, ETNs and ELWs"
            return Refused(RefusalCode.UNSUPPORTED, what)
        return None

    async def _beyond_limits(self, request: OrderRequest, at: datetime) -> Refused | None:
        """Refuse a price that the day does not allow; where nobody tells, KIS judges."""
        price = request.limit_price
        if price is None:
            return None
        band = self._bands.get(request.symbol)
        try:
            async with asyncio.timeout(ASK_BAND_S):
                if band is None or band.day != self.day_at(at):
                    band = await self._ask_band(request.symbol)
                if not band.holds(price) and band.told_at < at - FRESH:
                    band = await self._ask_band(request.symbol)
        except (BrokerError, TimeoutError):
            return None
        if band.holds(price) or band.lowest is None or band.highest is None:
            return None
        allowed = f"from {to_text(band.lowest)} to {to_text(band.highest)}"
        what = f"{to_text(price)} is beyond today's limits of {request.symbol}, {allowed}"
        return Refused(RefusalCode.BAD_PRICE, what)

    async def _ask_band(self, symbol: Symbol) -> Band:
        reply = await self.asker.ask(self._about(Operation.KR_PRICE, symbol))
        return self._keep_band(symbol, object_of(reply.body.get("output")))

    def _keep_band(self, symbol: Symbol, output: Fields) -> Band:
        now = self.asker.clock.now()
        band = Band(self.day_at(now), now, price(output, "stck_llam"), price(output, "stck_mxpr"))
        self._bands[symbol] = band
        return band

    def _is_after_market(self, symbol: Symbol, at: datetime) -> bool:
        return (
            self.settings.after_market
            and self.venue(symbol) is Venue.KRX
            and self._hours.is_after_market(at)
        )

    async def terms(self, request: OrderRequest, at: datetime) -> Terms:
        venue, limit = self.venue(request.symbol), request.limit_price
        if request.order_type is OrderType.MARKET:
            return Terms(MARKET, None, venue)
        if request.order_type is OrderType.STOP_LIMIT:
            return Terms(STOP_LIMIT, limit, venue, request.stop_price)
        is_late = self._is_after_market(request.symbol, at)
        return Terms(AFTER_LIMIT if is_late else LIMIT, limit, venue)

    def order(self, request: OrderRequest, terms: Terms) -> Call:
        selling = request.side is Side.SELL
        return Call(
            operation=Operation.KR_SELL if selling else Operation.KR_BUY,
            params=(
                *self.settings.identity,
                ("PDNO", request.symbol),
                ("ORD_DVSN", terms.division),
                ("ORD_QTY", to_text(request.quantity)),
                ("ORD_UNPR", to_text(terms.price or ZERO)),
                ("EXCG_ID_DVSN_CD", terms.venue),
                ("SLL_TYPE", "01" if selling else ""),
                ("CNDT_PRIC", "" if terms.stop is None else to_text(terms.stop)),
            ),
            rank=Rank.ORDER,
        )

    def cancel(self, target: Target) -> Call:
        return self._change(target, "02", LIMIT, ZERO, Rank.CANCEL)

    def amend(self, target: Target, price: Decimal, division: str) -> Call:
        return self._change(target, "01", division, price, Rank.ORDER)

    def _change(self, target: Target, kind: str, division: str, price: Decimal, rank: Rank) -> Call:
        return Call(
            operation=Operation.KR_CHANGE,
            params=(
                *self.settings.identity,
                ("KRX_FWDG_ORD_ORGNO", target.branch),
                ("ORGN_ODNO", target.number.zfill(10)),
                ("ORD_DVSN", division),
                ("RVSE_CNCL_DVSN_CD", kind),
                ("ORD_QTY", "0"),
                ("ORD_UNPR", to_text(price)),
                ("QTY_ALL_ORD_YN", "Y"),
                ("EXCG_ID_DVSN_CD", target.venue or self.venue(target.symbol)),
            ),
            rank=rank,
        )

    async def orders(
        self, first: date, last: date, *, symbol: Symbol | None = None, number: str | None = None
    ) -> list[Row]:
        return await self._listed(self._daily(first, last, "00", symbol=symbol, number=number))

    async def open_orders(self, today: date) -> list[Row]:
        """Real: the list of what can be cancelled. Paper has none: what is not filled today."""
        if self.settings.profile is Profile.PAPER:
            return [row for row in await self._listed(self._daily(today, today, "02")) if row.left]
        call = Call(
            operation=Operation.KR_CANCELLABLE,
            params=(*self.settings.identity, *NONE, ("INQR_DVSN_1", "0"), ("INQR_DVSN_2", "0")),
        )
        found = {}
        for reply in await self.asker.pages(call, PAGE_KEYS):
            for line in rows_of(reply.body.get("output"), "odno"):
                row = _cancellable(line, self.side_of(line), today)
                found[row.key] = row
        return [row for row in found.values() if row.left]

    async def _listed(self, call: Call) -> list[Row]:
        found = {}
        for reply in await self.asker.pages(call, PAGE_KEYS):
            for line in rows_of(reply.body.get("output1"), "odno"):
                row = self._read(line)
                found[row.key] = row
        return list(found.values())

    def _daily(
        self,
        first: date,
        last: date,
        which: str,
        *,
        symbol: Symbol | None = None,
        number: str | None = None,
    ) -> Call:
        """The question for the orders of some days; ``which``: "00" all, "02" those not filled."""
        paper = self.settings.profile is Profile.PAPER
        return Call(
            operation=Operation.KR_ORDERS,
            params=(
                *self.settings.identity,
                ("INQR_STRT_DT", day_text(first)),
                ("INQR_END_DT", day_text(last)),
                ("SLL_BUY_DVSN_CD", "00"),
                ("PDNO", symbol or ""),
                ("ORD_GNO_BRNO", ""),
                ("ODNO", number.zfill(10) if number else ""),
                ("CCLD_DVSN", which),
                ("INQR_DVSN", "00"),
                ("INQR_DVSN_1", ""),
                ("INQR_DVSN_3", "00"),
                ("EXCG_ID_DVSN_CD", Venue.KRX if paper else "ALL"),
                *NONE,
            ),
            rank=Rank.FIND,
        )

    async def owned(self) -> Owned:
        lines, first = await self._balance()
        positions: dict[Symbol, Decimal] = {}
        for line in lines:
            units = count(line, "hldg_qty")
            if units:
                symbol = Symbol(text(line, "pdno"))
                positions[symbol] = add(positions.get(symbol, ZERO), units)
        # The deposit of today does not fall when something is bought; that in two days does.
        totals = object_of(first.body.get("output2"))
        cash = amount(totals, "prvs_rcdl_excc_amt")
        if cash is None:
            raise BrokerUnavailableError("the balance came without cash")
        return Owned(positions, cash)

    async def _balance(self) -> tuple[list[Fields], Reply]:
        """Return the lines of all pages, each once, and the first page, which has the totals."""
        call = Call(
            operation=Operation.KR_BALANCE,
            params=(
                *self.settings.identity,
                ("AFHR_FLPR_YN", "N"),
                ("OFL_YN", ""),
                ("INQR_DVSN", "02"),
                ("UNPR_DVSN", "01"),
                ("FUND_STTL_ICLD_YN", "N"),
                ("FNCG_AMT_AUTO_RDPT_YN", "N"),
                ("PRCS_DVSN", "00"),
                *NONE,
            ),
        )
        replies = await self.asker.pages(call, PAGE_KEYS)
        lines: dict[tuple[str, ...], Fields] = {}
        for reply in replies:
            for line in rows_of(reply.body.get("output1"), "pdno"):
                mark = (text(line, "pdno"), text(line, "loan_dt"), text(line, "trad_dvsn_name"))
                lines[mark] = line
        return list(lines.values()), replies[0]

    async def sellable(self, symbol: Symbol) -> Decimal:
        if self.settings.profile is Profile.PAPER:
            lines = (await self._balance())[0]
            own = [line for line in lines if text(line, "pdno") == symbol]
            return total(count(line, "ord_psbl_qty") for line in own)
        params = (*self.settings.identity, ("PDNO", symbol))
        reply = await self.asker.ask(Call(operation=Operation.KR_SELLABLE, params=params))
        output = object_of(reply.body.get("output", reply.body.get("output1")))
        return amount(output, "ord_psbl_qty") or ZERO

    async def is_hiding(self, request: OrderRequest, before: Decimal | None) -> bool:
        """On paper: the day's list was seen to tell totals, and not one order."""
        del before
        if self.settings.profile is not Profile.PAPER:
            return False
        today = self.day_at(self.asker.clock.now())
        call = self._daily(today, today, "00", symbol=request.symbol)
        first = (await self.asker.pages(call, PAGE_KEYS))[0]
        ordered = amount(object_of(first.body.get("output2")), "tot_ord_qty")
        return bool(ordered) and not rows_of(first.body.get("output1"), "odno")

    async def spendable(self) -> Decimal:
        call = Call(
            operation=Operation.KR_BUYABLE,
            params=(
                *self.settings.identity,
                ("PDNO", ""),
                ("ORD_UNPR", ""),
                ("ORD_DVSN", "01"),
                ("CMA_EVLU_AMT_ICLD_YN", "N"),
                ("OVRS_ICLD_YN", "N"),
            ),
        )
        reply = await self.asker.ask(call)
        free = amount(object_of(reply.body.get("output")), "nrcvb_buy_amt")
        if free is None:
            raise BrokerUnavailableError("the buyable amount came without one")
        return free

    async def quote(self, symbol: Symbol, at: datetime) -> Quote:
        body = (await self.asker.ask(self._about(Operation.KR_BOOK, symbol))).body
        book, last = object_of(body.get("output1")), object_of(body.get("output2"))
        found = price(last, "stck_prpr")
        if found is None:
            raise UnknownSymbolError(f"KIS has no price of {symbol}")
        return Quote(
            symbol=symbol,
            last=found,
            bid=price(book, "bidp1"),
            ask=price(book, "askp1"),
            previous_close=price(last, "stck_sdpr"),
            at=at,
        )

    async def _describe(self, symbol: Symbol) -> Instrument:
        reply = await self.asker.ask(self._about(Operation.KR_PRICE, symbol))
        output = object_of(reply.body.get("output"))
        if price(output, "stck_prpr") is None:
            raise UnknownSymbolError(f"KIS has no price of {symbol}")
        self._keep_band(symbol, output)
        kind = text(output, "rprs_mrkt_kor_name").upper()
        fund = next((name for word, name in FUNDS.items() if word in kind), "stock")
        return self.plain_instrument(symbol, fund)

    def _about(self, operation: Operation, symbol: Symbol) -> Call:
        of = TICKER_OF[self.venue(symbol)]
        params = (("FID_COND_MRKT_DIV_CODE", of), ("FID_INPUT_ISCD", symbol))
        return Call(operation=operation, params=params)

    def over_at(self, row: Row) -> datetime:
        return self._hours.over_at(row.day, row.venue, row.division)


def _order(line: Fields, side: Side | None) -> Row:
    """Read a line of the daily list."""
    day = day_of(required(line, "ord_dt"))
    filled = count(line, "tot_ccld_qty")
    average = price(line, "avg_prvs")
    value = amount(line, "tot_ccld_amt")
    if not value and filled and average is not None:
        value = average * filled
    return Row(
        number=order_number(text(line, "odno")),
        origin=order_number(text(line, "orgn_odno")),
        branch=text(line, "ord_gno_brno"),
        day=day,
        times=(seoul_time(day, text(line, "ord_tmd")),),
        symbol=Symbol(required(line, "pdno")),
        side=side,
        division=text(line, "ord_dvsn_cd"),
        venue=text(line, "excg_id_dvsn_Cd", "excg_id_dvsn_cd"),
        quantity=count(line, "ord_qty"),
        limit_price=price(line, "ord_unpr"),
        filled=filled,
        value=value,
        left=count(line, "rmn_qty"),
        cancelled=amount(line, "cncl_cfrm_qty", "cnc_cfrm_qty") or ZERO,
        rejected=amount(line, "rjct_qty") or ZERO,
        reason=text(line, "ccld_cndt_name"),
        is_cancel=CANCEL in text(line, "sll_buy_dvsn_cd_name"),
    )


def _cancellable(line: Fields, side: Side | None, today: date) -> Row:
    """Read a line of the list of what can be cancelled; all of it is today's."""
    left = count(line, "psbl_qty")
    filled = count(line, "tot_ccld_qty")
    return Row(
        number=order_number(text(line, "odno")),
        origin=order_number(text(line, "orgn_odno")),
        branch=text(line, "ord_gno_brno"),
        day=today,
        times=(seoul_time(today, text(line, "ord_tmd")),),
        symbol=Symbol(required(line, "pdno")),
        side=side,
        division=text(line, "ord_dvsn_cd"),
        venue=text(line, "excg_id_dvsn_cd"),
        quantity=count(line, "ord_qty"),
        limit_price=price(line, "ord_unpr"),
        filled=filled,
        value=amount(line, "tot_ccld_amt"),
        left=left,
        is_cancel=CANCEL in text(line, "rvse_cncl_dvsn_name"),
    )
