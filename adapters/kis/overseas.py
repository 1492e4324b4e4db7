"""US stocks: how orders are spelt, and how lists and prices are read."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import (
    BrokerUnavailableError,
    Quote,
    RefusalCode,
    Refused,
    UnknownSymbolError,
)
from adapters.kis.desk import Desk, Owned, Target, Terms
from adapters.kis.exchanges import EXCHANGES, US, quote_code, usual_exchange
from adapters.kis.fields import (
    NEW_YORK,
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
from adapters.kis.operations import Operation
from adapters.kis.pace import Rank
from adapters.kis.rows import Reader, Row
from adapters.kis.wire import Call
from algorithms.decimals import ONE, ZERO, add, multiply, subtract, to_text, total
from algorithms.domain import OrderType, Side, Symbol

if TYPE_CHECKING:
    from datetime import date

    from adapters.broker import OrderRequest
    from adapters.fields import Fields
    from adapters.kis.asking import Asker
    from adapters.kis.desk import KisSettings
    from adapters.kis.wire import Params
    from adapters.sessions import Sessions
    from algorithms.instruments import Instrument

DOLLARS = "USD"
LIMIT = "00"
DIVISIONS = {
    OrderType.MARKET: LIMIT,
    OrderType.LIMIT: LIMIT,
    OrderType.LOC: "34",
    OrderType.MOC: "33",
    OrderType.LOO: "32",
    OrderType.MOO: "31",
}
AT_CLOSE = frozenset({OrderType.LOC, OrderType.MOC})
AT_OPEN = frozenset({OrderType.LOO, OrderType.MOO})
AT_MARKET = frozenset({OrderType.MOC, OrderType.MOO})
"""At an auction's price, whatever it is; KIS takes them for sales only."""
OPEN, CLOSE = time(9, 30), time(16, 0)
CUT_OFF = timedelta(minutes=10)
"""Before the close; NYSE's own, the earliest of the exchanges'. KIS tells none."""
OPEN_CUT_OFF = timedelta(minutes=2)
"""Before the open; the exchanges' own."""
ON_PAPER = frozenset({OrderType.MARKET, OrderType.LIMIT})
"""The paper environment takes limit orders only."""
COLLAR = Decimal("0.02")
"""How far beyond the last price a market order may trade: KIS takes limits only, so one is sent
as a limit that trades at once."""
PAGE_KEYS = ("CTX_AREA_FK200", "CTX_AREA_NK200")
NONE: Params = (("CTX_AREA_FK200", ""), ("CTX_AREA_NK200", ""))
CANCEL = "02"
LAST_CLOSE = time(20, 0)
"""In New York: after-hours trading ends, and with it every order of the day."""
MARGIN = timedelta(minutes=30)


class Overseas(Desk):
    """The US half of an account."""

    zone = NEW_YORK

    def __init__(self, settings: KisSettings, asker: Asker, sessions: Sessions) -> None:
        super().__init__(settings, asker, sessions)
        self.is_paper = settings.profile is Profile.PAPER
        self.order_types = ON_PAPER if self.is_paper else frozenset(DIVISIONS)
        self._exchanges: dict[Symbol, str] = {}
        self._read = Reader(lambda line: _order(line, self.side_of(line)))

    async def refusal(self, request: OrderRequest, at: datetime) -> Refused | None:
        kind = request.order_type
        if kind in AT_MARKET and request.side is Side.BUY:
            auction, instead = ("close", "LOC") if kind in AT_CLOSE else ("open", "LOO")
            what = (
                f"KIS has no buy at the {auction} without a limit; send {instead} with a high one"
            )
            return Refused(RefusalCode.UNSUPPORTED, what)
        opens, closes = self._hours(at)
        if kind in AT_CLOSE and at >= (until := closes - CUT_OFF):
            what = f"orders for the close are taken until {until:%H:%M} New York time"
            return Refused(RefusalCode.MARKET_CLOSED, what)
        if kind in AT_OPEN and at >= (until := opens - OPEN_CUT_OFF):
            what = f"orders for the open are taken until {until:%H:%M} New York time"
            return Refused(RefusalCode.MARKET_CLOSED, what)
        return None

    def _hours(self, at: datetime) -> tuple[datetime, datetime]:
        """Return when the day of a time opens and closes, sooner on half days; in New York."""
        day = self.day_at(at)
        session = self.sessions.session_on(day)
        if session is None:
            return datetime.combine(day, OPEN, NEW_YORK), datetime.combine(day, CLOSE, NEW_YORK)
        return session.open.astimezone(NEW_YORK), session.close.astimezone(NEW_YORK)

    async def terms(self, request: OrderRequest, at: datetime) -> Terms:
        del at
        exchange = await self.exchange(request.symbol)
        division = DIVISIONS[request.order_type]
        limit = request.limit_price
        if request.order_type is OrderType.MARKET:
            limit = await self._marketable(request)
        return Terms(division, None if request.order_type in AT_MARKET else limit, exchange)

    async def _marketable(self, request: OrderRequest) -> Decimal:
        """Return a limit that trades at once, a little beyond the last price."""
        last = (await self._price(request.symbol))[0]
        ticks = (await self.instrument(request.symbol)).ticks
        if request.side is Side.BUY:
            wanted = multiply(last, add(ONE, COLLAR))
            instrument = self.plain_instrument(request.symbol)
            return instrument.round_up_to_tick(wanted)
        wanted = multiply(last, subtract(ONE, COLLAR))
        lowest = ticks.tick_at(ZERO)
        return max(self.plain_instrument(request.symbol).round_down_to_tick(wanted), lowest)

    def order(self, request: OrderRequest, terms: Terms) -> Call:
        selling = request.side is Side.SELL
        return Call(
            operation=Operation.US_SELL if selling else Operation.US_BUY,
            params=(
                *self.settings.identity,
                ("OVRS_EXCG_CD", terms.venue),
                ("PDNO", request.symbol),
                ("ORD_QTY", to_text(request.quantity)),
                ("OVRS_ORD_UNPR", to_text(terms.price or ZERO)),
                ("CTAC_TLNO", ""),
                ("MGCO_APTM_ODNO", ""),
                ("SLL_TYPE", "00" if selling else ""),
                ("ORD_SVR_DVSN_CD", "0"),
                ("ORD_DVSN", terms.division),
            ),
            rank=Rank.ORDER,
        )

    def cancel(self, target: Target) -> Call:
        return self._change(target, "02", ZERO, Rank.CANCEL)

    def amend(self, target: Target, price: Decimal, division: str) -> Call:
        del division  # stays what it is
        return self._change(target, "01", price, Rank.ORDER)

    def _change(self, target: Target, kind: str, price: Decimal, rank: Rank) -> Call:
        return Call(
            operation=Operation.US_CHANGE,
            params=(
                *self.settings.identity,
                ("OVRS_EXCG_CD", target.venue or self._likely(target.symbol)),
                ("PDNO", target.symbol),
                ("ORGN_ODNO", target.number.zfill(10)),
                ("RVSE_CNCL_DVSN_CD", kind),
                ("ORD_QTY", to_text(target.left)),
                ("OVRS_ORD_UNPR", to_text(price)),
                ("MGCO_APTM_ODNO", ""),
                ("ORD_SVR_DVSN_CD", "0"),
            ),
            rank=rank,
        )

    async def orders(
        self, first: date, last: date, *, symbol: Symbol | None = None, number: str | None = None
    ) -> list[Row]:
        """The list cannot be narrowed by number, on paper by nothing but days."""
        anything = "" if self.is_paper else "%"
        call = Call(
            operation=Operation.US_ORDERS,
            params=(
                *self.settings.identity,
                ("PDNO", anything if self.is_paper or symbol is None else symbol),
                ("ORD_STRT_DT", day_text(first)),
                ("ORD_END_DT", day_text(last)),
                ("SLL_BUY_DVSN", "00"),
                ("CCLD_NCCS_DVSN", "00"),
                ("OVRS_EXCG_CD", anything),
                ("SORT_SQN", "DS"),
                ("ORD_DT", ""),
                ("ORD_GNO_BRNO", ""),
                ("ODNO", ""),
                ("CTX_AREA_NK200", ""),
                ("CTX_AREA_FK200", ""),
            ),
            rank=Rank.FIND,
        )
        found = {}
        for reply in await self.asker.pages(call, PAGE_KEYS):
            for line in rows_of(reply.body.get("output"), "odno"):
                row = self._read(line)
                found[row.key] = row
        return [
            row
            for row in found.values()
            if (symbol is None or row.symbol == symbol)
            and (number is None or number in {row.number, row.origin})
        ]

    async def open_orders(self, today: date) -> list[Row]:
        """Real: the list of open orders. Paper has none: what is not done of today's."""
        if self.is_paper:
            rows = await self.orders(today - timedelta(days=1), today)
        else:
            call = Call(
                operation=Operation.US_OPEN,
                params=(
                    *self.settings.identity,
                    ("OVRS_EXCG_CD", "NASD"),
                    ("SORT_SQN", "DS"),
                    *NONE,
                ),
            )
            rows = [
                _order(line, self.side_of(line))
                for reply in await self.asker.pages(call, PAGE_KEYS)
                for line in rows_of(reply.body.get("output"), "odno")
            ]
        return list({row.key: row for row in rows if row.left and not row.is_cancel}.values())

    async def owned(self) -> Owned:
        positions = {}
        for line in await self._balance(EXCHANGES if self.is_paper else (US,)):
            mark = text(line, "ovrs_pdno"), text(line, "loan_dt")
            positions[mark] = count(line, "ovrs_cblc_qty")
            if venue := text(line, "ovrs_excg_cd"):
                self._exchanges[Symbol(mark[0])] = venue
        units: dict[Symbol, Decimal] = {}
        for (symbol, _), held in positions.items():
            if held:
                units[Symbol(symbol)] = add(units.get(Symbol(symbol), ZERO), held)
        return Owned(units, await self._cash())

    async def _balance(self, exchanges: tuple[str, ...]) -> list[Fields]:
        """Return the lines of what is held at some exchanges."""
        found: list[Fields] = []
        for exchange in exchanges:
            call = Call(
                operation=Operation.US_BALANCE,
                params=(
                    *self.settings.identity,
                    ("OVRS_EXCG_CD", exchange),
                    ("TR_CRCY_CD", DOLLARS),
                    *NONE,
                ),
            )
            for reply in await self.asker.pages(call, PAGE_KEYS):
                found += rows_of(reply.body.get("output1"), "ovrs_pdno")
        return found

    async def trace(self, request: OrderRequest) -> Decimal | None:
        """On paper, where orders were missing from the list that had moved cash already.

        Whatever else moves it (a fill, a cancel) makes a person look where none need have.
        """
        if not self.is_paper:
            return None
        selling = request.side is Side.SELL
        return await (self.sellable(request.symbol) if selling else self.spendable())

    async def sellable(self, symbol: Symbol) -> Decimal:
        lines = await self._balance((await self.exchange(symbol),) if self.is_paper else (US,))
        own = {
            text(line, "loan_dt"): count(line, "ord_psbl_qty")
            for line in lines
            if text(line, "ovrs_pdno") == symbol
        }
        return total(own.values())

    async def _cash(self) -> Decimal:
        """Return the dollars when all that was traded has settled."""
        if self.is_paper:
            return await self.spendable()
        call = Call(operation=Operation.US_MARGIN, params=self.settings.identity)
        reply = await self.asker.ask(call)
        for line in rows_of(reply.body.get("output"), "crcy_cd"):
            deposit = amount(line, "frcr_dncl_amt1")
            if text(line, "crcy_cd") == DOLLARS and deposit is not None:
                owed = subtract(
                    amount(line, "ustl_sll_amt") or ZERO, amount(line, "ustl_buy_amt") or ZERO
                )
                return add(deposit, owed)
        return ZERO

    async def spendable(self) -> Decimal:
        call = Call(
            operation=Operation.US_BUYABLE,
            params=(
                *self.settings.identity,
                ("OVRS_EXCG_CD", US),
                ("OVRS_ORD_UNPR", "1"),
                ("ITEM_CD", "QQQ"),
            ),
        )
        reply = await self.asker.ask(call)
        free = amount(object_of(reply.body.get("output")), "ord_psbl_frcr_amt")
        if free is None:
            raise BrokerUnavailableError("the buyable amount came without one")
        return free

    async def quote(self, symbol: Symbol, at: datetime) -> Quote:
        last, base = await self._price(symbol)
        return Quote(symbol=symbol, last=last, bid=None, ask=None, previous_close=base, at=at)

    async def _price(self, symbol: Symbol) -> tuple[Decimal, Decimal | None]:
        exchange = await self.exchange(symbol)
        found = await self._price_at(symbol, exchange)
        if found is None:
            self._exchanges.pop(symbol, None)
            raise UnknownSymbolError(f"KIS has no price of {symbol} at {exchange}")
        return found

    async def _price_at(
        self, symbol: Symbol, exchange: str
    ) -> tuple[Decimal, Decimal | None] | None:
        params = (("AUTH", ""), ("EXCD", quote_code(exchange)), ("SYMB", symbol))
        reply = await self.asker.ask(Call(operation=Operation.US_PRICE, params=params))
        output = object_of(reply.body.get("output"))
        last = price(output, "last")
        return None if last is None else (last, price(output, "base"))

    async def daily_close(self, symbol: Symbol, day: date) -> Decimal | None:
        """Return the close as it was traded, whatever splits have come since."""
        params = (
            ("AUTH", ""),
            ("EXCD", quote_code(await self.exchange(symbol))),
            ("SYMB", symbol),
            ("GUBN", "0"),  # by day
            ("BYMD", day_text(day)),
            ("MODP", "0"),  # not adjusted
        )
        reply = await self.asker.ask(Call(operation=Operation.US_DAILY, params=params))
        for line in rows_of(reply.body.get("output2"), "xymd"):
            if text(line, "xymd") == day_text(day):
                return price(line, "clos")
        return None

    async def exchange(self, symbol: Symbol) -> str:
        """Return where a symbol is listed: as a person says, as is known, or by trying."""
        told = self.settings.exchanges.get(symbol) or self._exchanges.get(symbol)
        if told is not None:
            return told
        likely = usual_exchange(symbol)
        for exchange in sorted(EXCHANGES, key=lambda each: each != likely):
            try:
                found = await self._price_at(symbol, exchange)
            except UnknownSymbolError:
                found = None
            if found is not None:
                self._exchanges[symbol] = exchange
                return exchange
        raise UnknownSymbolError(f"{symbol} has no price at {', '.join(EXCHANGES)}")

    def _likely(self, symbol: Symbol) -> str:
        """Return where a symbol is listed, as well as that is known without asking."""
        told = self.settings.exchanges.get(symbol) or self._exchanges.get(symbol)
        return told or usual_exchange(symbol)

    async def _describe(self, symbol: Symbol) -> Instrument:
        await self.exchange(symbol)
        return self.plain_instrument(symbol)

    def over_at(self, row: Row) -> datetime:
        return datetime.combine(row.day, LAST_CLOSE, NEW_YORK) + MARGIN


def _order(line: Fields, side: Side | None) -> Row:
    """Read a line of the list of orders, or of open ones."""
    day = day_of(required(line, "ord_dt"))
    filled = count(line, "ft_ccld_qty")
    value = amount(line, "ft_ccld_amt3")
    average = price(line, "ft_ccld_unpr3")
    if not value and filled and average is not None:
        value = multiply(average, filled)
    quantity = count(line, "ft_ord_qty")
    left = amount(line, "nccs_qty")
    refused = text(line, "rjct_rson_name", "rjct_rson")
    return Row(
        number=order_number(text(line, "odno")),
        origin=order_number(text(line, "orgn_odno")),
        branch=text(line, "ord_gno_brno"),
        day=day,
        times=_times(line, day),
        symbol=Symbol(required(line, "pdno")),
        side=side,
        division="",
        venue=text(line, "ovrs_excg_cd"),
        quantity=quantity,
        limit_price=price(line, "ft_ord_unpr3"),
        filled=filled,
        value=value,
        left=subtract(quantity, filled) if left is None else left,
        rejected=quantity if refused and not filled else ZERO,
        reason=refused,
        is_cancel=text(line, "rvse_cncl_dvsn", "rvse_cncl_dvsn_cd") == CANCEL,
    )


def _times(line: Fields, day: date) -> tuple[datetime, ...]:
    """Return when an order was sent, by Seoul's clock or New York's: KIS does not say which."""
    there = text(line, "dmst_ord_dt")
    seoul = day_of(there) if there else None
    found = []
    for name in ("thco_ord_tmd", "ord_tmd"):
        clock = text(line, name)
        if not clock:
            continue
        days = [seoul] if seoul else [day, day + timedelta(days=1)]
        found += [seoul_time(each, clock) for each in days]
        found.append(seoul_time(day, clock).replace(tzinfo=NEW_YORK))
    return tuple(found) or (datetime.combine(day, time(), SEOUL),)
