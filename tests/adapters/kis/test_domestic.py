"""Seoul: orders as they are spelt, lists and prices as they are read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError, OrderRequest, RefusalCode, UnknownSymbolError
from adapters.kis.asking import Asker
from adapters.kis.desk import Target
from adapters.kis.domestic import Domestic
from adapters.kis.fields import SEOUL
from adapters.kis.hosts import Profile
from adapters.kis.krx import Venue
from adapters.kis.operations import Operation
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.adapters.kis.conftest import MORNING, NEVER_OPEN, settings
from tests.adapters.kis.lines import KR_BALANCE, KR_BOOK, KR_PRICE, kr_line, resting, spelt
from tests.adapters.kis.rows import row
from tests.support.scripted_kis import Says, bad, good
from tests.support.world import START

if TYPE_CHECKING:
    from adapters.kis.hub import Access, Hub
from tests.support.scripted_kis import ScriptedKis

KODEX = Symbol("069500")
DAY = date(2026, 11, 20)
WHO = {"CANO": "50123456", "ACNT_PRDT_CD": "01"}
TARGET = Target(number="218840", branch="91264", venue="SOR", symbol=KODEX, left=Decimal(1))


@pytest.fixture
async def desk(real: Access, kis: ScriptedKis) -> Domestic:
    return Domestic(settings(kis, Profile.REAL), Asker(real), NEVER_OPEN)


@pytest.fixture
async def paper_desk(paper: Access, kis: ScriptedKis) -> Domestic:
    return Domestic(settings(kis, Profile.PAPER), Asker(paper), NEVER_OPEN)


@pytest.fixture
async def routed(real: Access, kis: ScriptedKis) -> Domestic:
    """A desk whose orders KIS routes, but for one symbol."""
    own = settings(kis, Profile.REAL)
    venues = {Symbol("005930"): Venue.NXT}
    return Domestic(replace(own, venue=Venue.SOR, venues=venues), Asker(real), NEVER_OPEN)


@pytest.fixture
async def late(real: Access, kis: ScriptedKis) -> Domestic:
    """A desk that trades on after the close."""
    own = settings(kis, Profile.REAL)
    return Domestic(replace(own, after_market=True), Asker(real), NEVER_OPEN)


def order(side: Side, kind: OrderType, price: str | None, quantity: int) -> OrderRequest:
    return OrderRequest(
        client_id=ChildId("c1"),
        symbol=KODEX,
        side=side,
        order_type=kind,
        time_in_force=TimeInForce.DAY,
        quantity=Decimal(quantity),
        limit_price=None if price is None else Decimal(price),
    )


async def test_a_limit_buy_is_spelt_as_documented(desk: Domestic) -> None:
    request = order(Side.BUY, OrderType.LIMIT, "41250", 3)
    call = desk.order(request, await desk.terms(request, START))
    assert call.operation is Operation.KR_BUY
    assert dict(call.params) == {
        **WHO,
        "PDNO": "069500",
        "ORD_DVSN": "00",
        "ORD_QTY": "3",
        "ORD_UNPR": "41250",
        "EXCG_ID_DVSN_CD": "KRX",
        "SLL_TYPE": "",
        "CNDT_PRIC": "",
    }


async def test_a_market_sell_says_zero_for_its_price(desk: Domestic) -> None:
    request = order(Side.SELL, OrderType.MARKET, None, 2)
    call = desk.order(request, await desk.terms(request, START))
    assert call.operation is Operation.KR_SELL
    fields = dict(call.params)
    assert (fields["ORD_DVSN"], fields["ORD_UNPR"], fields["SLL_TYPE"]) == ("01", "0", "01")


KR_BAND = {"output": {**KR_PRICE["output"], "stck_llam": "28980", "stck_mxpr": "53820"}}
EVENING = datetime(2026, 11, 20, 17, 0, tzinfo=SEOUL)


async def test_a_price_beyond_the_days_limits_is_refused_with_them(
    desk: Domestic, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_PRICE, good(**KR_BAND))
    for price in ("28980", "53820"):
        assert await desk.refusal(order(Side.BUY, OrderType.LIMIT, price, 1), MORNING) is None
    refused = await desk.refusal(order(Side.BUY, OrderType.LIMIT, "53825", 1), MORNING)
    assert refused is not None
    assert refused.code is RefusalCode.BAD_PRICE
    assert "from 28980 to 53820" in refused.message
    assert len(kis.asked(Operation.KR_PRICE)) == 1


async def test_limits_count_against_an_order_only_as_they_are_now(
    desk: Domestic, kis: ScriptedKis, hub: Hub
) -> None:
    kis.says(Operation.KR_PRICE, good(**KR_BAND))
    beyond = order(Side.BUY, OrderType.LIMIT, "53825", 1)
    await desk.refusal(beyond, hub.clock.now())
    higher = {"output": {**KR_BAND["output"], "stck_mxpr": "60000"}}
    kis.says(Operation.KR_PRICE, good(**higher))
    await hub.clock.sleep(61)
    assert await desk.refusal(beyond, hub.clock.now()) is None
    assert len(kis.asked(Operation.KR_PRICE)) == 2


@pytest.mark.parametrize(
    "said", [bad("EGW00316", status=500), good(**KR_PRICE), Says({}, delay_s=3600)]
)
async def test_where_nobody_tells_the_limits_kis_judges(
    desk: Domestic, kis: ScriptedKis, hub: Hub, said: Says
) -> None:
    kis.says(Operation.KR_PRICE, said)
    began = hub.clock.monotonic()
    assert await desk.refusal(order(Side.SELL, OrderType.LIMIT, "1", 1), MORNING) is None
    assert hub.clock.monotonic() - began < 5


async def test_a_stop_limit_says_from_which_price_on_it_is_an_order(desk: Domestic) -> None:
    request = replace(order(Side.SELL, OrderType.STOP_LIMIT, "40000", 1), stop_price=Decimal(40500))
    fields = dict(desk.order(request, await desk.terms(request, START)).params)
    assert [fields[name] for name in ("ORD_DVSN", "ORD_UNPR", "CNDT_PRIC")] == [
        "22",
        "40000",
        "40500",
    ]


async def test_stops_are_not_for_paper_nor_for_orders_that_kis_routes(
    desk: Domestic, paper_desk: Domestic, routed: Domestic
) -> None:
    assert OrderType.STOP_LIMIT in desk.order_types
    assert OrderType.STOP_LIMIT not in paper_desk.order_types
    refused = await routed.refusal(order(Side.SELL, OrderType.STOP_LIMIT, "40000", 1), START)
    assert refused is not None
    assert refused.code is RefusalCode.UNSUPPORTED


async def test_an_order_goes_where_its_symbol_is_to_go(routed: Domestic, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BOOK, good(**KR_BOOK))
    for symbol, venue, prices in (("069500", "SOR", "UN"), ("005930", "NXT", "NX")):
        request = replace(order(Side.BUY, OrderType.LIMIT, "41250", 1), symbol=Symbol(symbol))
        call = routed.order(request, await routed.terms(request, START))
        assert dict(call.params)["EXCG_ID_DVSN_CD"] == venue
        await routed.quote(Symbol(symbol), START)
        assert kis.seen[-1].params["FID_COND_MRKT_DIV_CODE"] == prices


async def test_nxt_takes_no_market_orders(routed: Domestic) -> None:
    request = order(Side.BUY, OrderType.MARKET, None, 1)
    assert await routed.refusal(request, START) is None
    refused = await routed.refusal(replace(request, symbol=Symbol("005930")), START)
    assert refused is not None
    assert "NXT" in refused.message


async def test_after_the_close_a_limit_order_for_a_stock_has_a_type_of_its_own(
    late: Domestic, desk: Domestic, kis: ScriptedKis
) -> None:
    stock = {"stck_prpr": "60000", "rprs_mrkt_kor_name": "KOSPI", "stck_mxpr": "61000"}
    kis.says(Operation.KR_PRICE, good(output=stock))
    request = order(Side.BUY, OrderType.LIMIT, "62000", 1)
    assert await late.refusal(request, EVENING) is None
    assert (await late.terms(request, EVENING)).division == "41"
    assert (await late.terms(request, MORNING)).division == "00"
    assert (await desk.terms(request, EVENING)).division == "00"


async def test_the_after_market_takes_no_funds_and_no_market_orders(
    late: Domestic, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_PRICE, good(**KR_PRICE))
    for kind, price in ((OrderType.LIMIT, "41250"), (OrderType.MARKET, None)):
        refused = await late.refusal(order(Side.BUY, kind, price, 1), EVENING)
        assert refused is not None
        assert refused.code is RefusalCode.UNSUPPORTED


def test_a_cancel_names_the_branch_and_the_padded_number(desk: Domestic) -> None:
    assert dict(desk.cancel(TARGET).params) == {
        **WHO,
        "KRX_FWDG_ORD_ORGNO": "91264",
        "ORGN_ODNO": "0000218840",
        "ORD_DVSN": "00",
        "RVSE_CNCL_DVSN_CD": "02",
        "ORD_QTY": "0",
        "ORD_UNPR": "0",
        "QTY_ALL_ORD_YN": "Y",
        "EXCG_ID_DVSN_CD": "SOR",
    }


def test_an_amendment_is_for_all_that_is_left(desk: Domestic) -> None:
    fields = dict(desk.amend(TARGET, Decimal(41300), "00").params)
    assert (fields["RVSE_CNCL_DVSN_CD"], fields["ORD_UNPR"]) == ("01", "41300")
    assert fields["QTY_ALL_ORD_YN"] == "Y"


async def test_the_daily_list_is_read_across_its_pages(desk: Domestic, kis: ScriptedKis) -> None:
    child = kr_line(
        "0000219377", orgn_odno="0000218840", sll_buy_dvsn_cd_name="매수취소*", ord_qty="1"
    )
    first = {"output1": [child], "ctx_area_nk100": "x", "rt_cd": "0", "msg_cd": "KIOK0500"}
    kis.says(Operation.KR_ORDERS, Says(first, tr_cont="F"), good(output1=[kr_line(), child]))
    cancel, original = await desk.orders(DAY, DAY, symbol=KODEX, number="218840")
    assert (cancel.is_cancel, cancel.origin) == (True, "218840")
    assert (original.number, original.origin, original.branch) == ("218840", "", "91264")
    assert spelt(original.filled, original.value, original.left) == "2 82490 1"
    assert original.times == (datetime(2026, 11, 20, 1, 15, tzinfo=UTC),)
    assert spelt(original.division, original.venue, original.limit_price) == "00 KRX 41250"
    asked = kis.asked(Operation.KR_ORDERS)[0].params
    assert (asked["ODNO"], asked["CCLD_DVSN"], asked["EXCG_ID_DVSN_CD"]) == (
        "0000218840",
        "00",
        "ALL",
    )


async def test_on_paper_there_is_krx_only(paper_desk: Domestic, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_ORDERS, good(output1=[]))
    assert await paper_desk.orders(DAY, DAY) == []
    assert kis.seen[-1].params["EXCG_ID_DVSN_CD"] == "KRX"


async def test_a_value_that_is_not_told_is_worked_out(desk: Domestic, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_ORDERS, good(output1=[kr_line(tot_ccld_amt="", cncl_cfrm_qty=" ")]))
    (row,) = await desk.orders(DAY, DAY)
    assert spelt(row.value, row.cancelled) == "82490 0"


async def test_a_market_orders_price_of_zero_is_none(desk: Domestic, kis: ScriptedKis) -> None:
    line = kr_line(ord_unpr="0", ord_dvsn_cd="01", avg_prvs="", orgn_odno="")
    kis.says(Operation.KR_ORDERS, good(output1=line))
    (row,) = await desk.orders(DAY, DAY)
    assert (row.limit_price, row.division) == (None, "01")


async def test_a_line_without_what_it_hangs_on_is_no_answer(
    desk: Domestic, kis: ScriptedKis
) -> None:
    for broken in ({"rmn_qty": ""}, {"pdno": " "}, {"ord_dt": "x"}):
        kis.says(Operation.KR_ORDERS, good(output1=[kr_line(**broken)]))
        with pytest.raises(BrokerUnavailableError):
            await desk.orders(DAY, DAY)


async def test_what_can_be_cancelled_is_open(desk: Domestic, kis: ScriptedKis) -> None:
    line = {
        "ord_gno_brno": "91264",
        "odno": "0000218840",
        "orgn_odno": "",
        "pdno": "069500",
        "rvse_cncl_dvsn_name": "",
        "ord_qty": "3",
        "ord_unpr": "41250",
        "ord_tmd": "101502",
        "tot_ccld_qty": "2",
        "tot_ccld_amt": "82490",
        "psbl_qty": "1",
        "sll_buy_dvsn_cd": "02",
        "ord_dvsn_cd": "00",
        "excg_id_dvsn_cd": "KRX",
    }
    kis.says(Operation.KR_CANCELLABLE, good(output=[line, {**line, "odno": "", "psbl_qty": ""}]))
    (row,) = await desk.open_orders(DAY)
    assert spelt(row.number, row.left, row.filled, row.value) == "218840 1 2 82490"


async def test_on_paper_what_is_not_filled_is_open(paper_desk: Domestic, kis: ScriptedKis) -> None:
    done = kr_line("0000000002", rmn_qty="0", cncl_cfrm_qty="1")
    kis.says(Operation.KR_ORDERS, good(output1=[resting(), done]))
    assert [row.number for row in await paper_desk.open_orders(DAY)] == ["218840"]
    assert kis.seen[-1].params["CCLD_DVSN"] == "02"


async def test_cash_is_what_is_there_in_two_days(desk: Domestic, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BALANCE, good(**KR_BALANCE))
    owned = await desk.owned()
    assert owned.cash == 917498
    assert owned.positions == {KODEX: 3}


async def test_what_orders_may_take_is_asked_for_without_receivables(
    desk: Domestic, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_BUYABLE, good(output={"nrcvb_buy_amt": "5000", "max_buy_amt": "9000"}))
    assert await desk.spendable() == 5000
    assert kis.seen[-1].params["ORD_DVSN"] == "01"
    kis.says(Operation.KR_BUYABLE, good(output={}))
    with pytest.raises(BrokerUnavailableError, match="without one"):
        await desk.spendable()


async def test_a_balance_without_cash_is_no_answer(desk: Domestic, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BALANCE, good(output1=[], output2=[]))
    with pytest.raises(BrokerUnavailableError, match="without cash"):
        await desk.owned()


async def test_one_question_tells_last_bid_and_ask(desk: Domestic, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BOOK, good(**KR_BOOK))
    quote = await desk.quote(KODEX, START)
    assert spelt(quote.last, quote.bid, quote.ask) == "41260 41260 41265"
    assert quote.previous_close == 41400
    kis.says(Operation.KR_BOOK, good(output1={"askp1": "0"}, output2={"stck_prpr": "0"}))
    with pytest.raises(UnknownSymbolError):
        await desk.quote(KODEX, START)


async def test_kis_says_what_is_a_fund(desk: Domestic, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_PRICE, good(**KR_PRICE))
    fund = await desk.instrument(KODEX)
    assert spelt(fund.type, fund.tick_at(Decimal(60_000))) == "etf 5"
    assert await desk.instrument(KODEX) is fund
    assert len(kis.asked(Operation.KR_PRICE)) == 1
    kis.says(Operation.KR_PRICE, good(output={"stck_prpr": "60000", "rprs_mrkt_kor_name": "KOSPI"}))
    stock = await desk.instrument(Symbol("005930"))
    assert spelt(stock.type, stock.tick_at(Decimal(60_000))) == "stock 100"


async def test_a_symbol_without_a_price_is_not_traded(desk: Domestic, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_PRICE, good(output={"stck_prpr": "0"}))
    with pytest.raises(UnknownSymbolError):
        await desk.instrument(Symbol("NOSUCH"))


def test_an_order_on_krx_is_over_before_one_elsewhere(desk: Domestic) -> None:
    assert desk.over_at(row(venue="KRX")).isoformat() == "2026-11-20T16:00:00+09:00"
    assert desk.over_at(row(venue="SOR")).isoformat() == "2026-11-20T20:30:00+09:00"
    assert desk.over_at(row(division="41")).isoformat() == "2026-11-20T20:30:00+09:00"
