"""New York: orders as they are spelt, lists and prices as they are read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import OrderRequest, UnknownSymbolError
from adapters.kis.asking import Asker
from adapters.kis.desk import Target
from adapters.kis.fields import NEW_YORK
from adapters.kis.hosts import Profile
from adapters.kis.operations import Operation
from adapters.kis.overseas import Overseas
from adapters.sessions import ListedSessions, Session
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.adapters.kis.conftest import NEVER_OPEN, settings
from tests.adapters.kis.lines import US_BALANCE, US_MARGIN, US_PRICE, spelt, us_line
from tests.adapters.kis.rows import row
from tests.support.scripted_kis import bad, good
from tests.support.world import START

if TYPE_CHECKING:
    from adapters.kis.hub import Access
from tests.support.scripted_kis import ScriptedKis

SOXL = Symbol("SOXL")
DAY = date(2026, 11, 20)
WHO = {"CANO": "50123456", "ACNT_PRDT_CD": "01"}


@pytest.fixture
async def desk(real: Access, kis: ScriptedKis) -> Overseas:
    kis.says(Operation.US_PRICE, good(**US_PRICE))
    return Overseas(settings(kis, Profile.REAL, "XNYS"), Asker(real), NEVER_OPEN)


@pytest.fixture
async def paper_desk(paper: Access, kis: ScriptedKis) -> Overseas:
    kis.says(Operation.US_PRICE, good(**US_PRICE))
    return Overseas(settings(kis, Profile.PAPER, "XNYS"), Asker(paper), NEVER_OPEN)


def order(side: Side, kind: OrderType, price: str | None = None) -> OrderRequest:
    return OrderRequest(
        client_id=ChildId("c1"),
        symbol=SOXL,
        side=side,
        order_type=kind,
        time_in_force=TimeInForce.DAY,
        quantity=Decimal(5),
        limit_price=None if price is None else Decimal(price),
    )


async def fields_of(desk: Overseas, request: OrderRequest) -> dict[str, str]:
    return dict(desk.order(request, await desk.terms(request, START)).params)


async def test_a_loc_buy_is_spelt_as_documented(desk: Overseas) -> None:
    assert await fields_of(desk, order(Side.BUY, OrderType.LOC, "27.45")) == {
        **WHO,
        "OVRS_EXCG_CD": "AMEX",
        "PDNO": "SOXL",
        "ORD_QTY": "5",
        "OVRS_ORD_UNPR": "27.45",
        "CTAC_TLNO": "",
        "MGCO_APTM_ODNO": "",
        "SLL_TYPE": "",
        "ORD_SVR_DVSN_CD": "0",
        "ORD_DVSN": "34",
    }


async def test_a_sell_says_so_twice(desk: Overseas) -> None:
    request = order(Side.SELL, OrderType.LIMIT, "29.10")
    call = desk.order(request, await desk.terms(request, START))
    assert call.operation is Operation.US_SELL
    fields = dict(call.params)
    assert (fields["SLL_TYPE"], fields["ORD_DVSN"]) == ("00", "00")
    assert fields["OVRS_ORD_UNPR"] == "29.1"


async def test_at_the_close_without_a_limit_the_price_is_zero(desk: Overseas) -> None:
    fields = await fields_of(desk, order(Side.SELL, OrderType.MOC))
    assert (fields["ORD_DVSN"], fields["OVRS_ORD_UNPR"]) == ("33", "0")


async def test_a_market_order_is_a_limit_that_trades_at_once(desk: Overseas) -> None:
    buy = await fields_of(desk, order(Side.BUY, OrderType.MARKET))
    sell = await fields_of(desk, order(Side.SELL, OrderType.MARKET))
    assert (buy["ORD_DVSN"], buy["OVRS_ORD_UNPR"]) == ("00", "28")
    assert sell["OVRS_ORD_UNPR"] == "26.9"


async def test_closing_orders_are_not_for_paper_and_buys_at_any_close_for_nobody(
    desk: Overseas, paper_desk: Overseas
) -> None:
    assert OrderType.LOC in desk.order_types
    assert paper_desk.order_types == {OrderType.MARKET, OrderType.LIMIT}
    assert await desk.refusal(order(Side.SELL, OrderType.MOC), START) is None
    refused = await desk.refusal(order(Side.BUY, OrderType.MOC), START)
    assert refused is not None
    assert "LOC" in refused.message


async def test_a_closing_order_comes_before_the_cut_off(desk: Overseas) -> None:
    before = datetime(2026, 11, 20, 20, 49, tzinfo=UTC)
    after = datetime(2026, 11, 20, 20, 50, tzinfo=UTC)
    loc = order(Side.BUY, OrderType.LOC, "27.45")
    assert await desk.refusal(loc, before) is None
    refused = await desk.refusal(loc, after)
    assert refused is not None
    assert "15:50" in refused.message
    assert await desk.refusal(order(Side.BUY, OrderType.LIMIT, "27.45"), after) is None


async def test_orders_for_the_open_have_types_of_their_own_and_come_before_it(
    desk: Overseas,
) -> None:
    loo = order(Side.BUY, OrderType.LOO, "27.45")
    moo = order(Side.SELL, OrderType.MOO)
    assert (await fields_of(desk, loo))["ORD_DVSN"] == "32"
    fields = await fields_of(desk, moo)
    assert (fields["ORD_DVSN"], fields["OVRS_ORD_UNPR"]) == ("31", "0")
    early, late = (datetime(2026, 11, 20, 9, minute, tzinfo=NEW_YORK) for minute in (27, 28))
    assert await desk.refusal(loo, early) is None
    for refused in (
        await desk.refusal(loo, late),
        await desk.refusal(order(Side.BUY, OrderType.MOO), early),
    ):
        assert refused is not None
        assert "open" in refused.message


async def test_on_a_half_day_the_cut_off_comes_sooner(real: Access, kis: ScriptedKis) -> None:
    friday = date(2026, 11, 27)
    opens, closes = (datetime(2026, 11, 27, hour, 0, tzinfo=NEW_YORK) for hour in (9, 13))
    sessions = ListedSessions([Session(friday, opens, closes)], NEW_YORK)
    desk = Overseas(settings(kis, Profile.REAL, "XNYS"), Asker(real), sessions)
    loc = order(Side.BUY, OrderType.LOC, "27.45")
    assert await desk.refusal(loc, datetime(2026, 11, 27, 12, 49, tzinfo=NEW_YORK)) is None
    refused = await desk.refusal(loc, datetime(2026, 11, 27, 12, 50, tzinfo=NEW_YORK))
    assert refused is not None
    assert "12:50" in refused.message


def test_a_cancel_names_the_rest_and_no_branch(desk: Overseas) -> None:
    target = Target(number="30481125", branch="01790", venue="AMEX", symbol=SOXL, left=Decimal(5))
    assert dict(desk.cancel(target).params) == {
        **WHO,
        "OVRS_EXCG_CD": "AMEX",
        "PDNO": "SOXL",
        "ORGN_ODNO": "0030481125",
        "RVSE_CNCL_DVSN_CD": "02",
        "ORD_QTY": "5",
        "OVRS_ORD_UNPR": "0",
        "MGCO_APTM_ODNO": "",
        "ORD_SVR_DVSN_CD": "0",
    }
    fields = dict(desk.amend(target, Decimal("28.5"), "00").params)
    assert (fields["RVSE_CNCL_DVSN_CD"], fields["OVRS_ORD_UNPR"]) == ("01", "28.5")


async def test_an_exchange_is_found_by_asking_and_then_known(
    desk: Overseas, kis: ScriptedKis
) -> None:
    nothing = good(output={"last": "", "base": ""})
    kis.says(Operation.US_PRICE, nothing, nothing, good(**US_PRICE))
    assert await desk.exchange(Symbol("ARCX")) == "AMEX"
    assert await desk.exchange(Symbol("ARCX")) == "AMEX"
    assert [one.params["EXCD"] for one in kis.asked(Operation.US_PRICE)] == ["NAS", "NYS", "AMS"]


async def test_a_symbol_nobody_lists_is_unknown(desk: Overseas, kis: ScriptedKis) -> None:
    kis.says(Operation.US_PRICE, good(output={"last": ""}), bad("MCA05918"))
    with pytest.raises(UnknownSymbolError):
        await desk.instrument(Symbol("NOSUCH"))


async def test_the_list_is_narrowed_here_where_kis_cannot(
    paper_desk: Overseas, kis: ScriptedKis
) -> None:
    other = us_line("31208", pdno="TQQQ")
    kis.says(Operation.US_ORDERS, good(output=[us_line(), other, us_line("")]))
    (row,) = await paper_desk.orders(DAY, DAY, symbol=SOXL, number="31207")
    assert spelt(row.number, row.filled, row.value, row.left) == "31207 5 137.2 0"
    asked = kis.seen[-1].params
    assert (asked["PDNO"], asked["OVRS_EXCG_CD"], asked["ORD_STRT_DT"]) == ("", "", "20261120")


async def test_a_real_account_is_asked_for_everything(desk: Overseas, kis: ScriptedKis) -> None:
    kis.says(Operation.US_ORDERS, good(output={"odno": "", "pdno": ""}))
    assert await desk.orders(DAY, DAY) == []
    assert kis.seen[-1].params["PDNO"] == "%"


async def test_times_are_read_by_either_clock(desk: Overseas, kis: ScriptedKis) -> None:
    line = us_line(ord_dt="20261120", dmst_ord_dt="20261121", ord_tmd="003000", thco_ord_tmd="")
    kis.says(Operation.US_ORDERS, good(output=[line]))
    (row,) = await desk.orders(DAY, DAY)
    assert row.day == DAY
    assert datetime(2026, 11, 20, 15, 30, tzinfo=UTC) in row.times


@pytest.mark.parametrize(
    ("changes", "rejected", "is_cancel", "origin"),
    [
        ({"rjct_rson_name": "거부", "ft_ccld_qty": "0", "ft_ccld_amt3": "0"}, 5, False, ""),
        ({"rvse_cncl_dvsn": "02", "orgn_odno": "31200"}, 0, True, "31200"),
        ({"orgn_odno": "         0"}, 0, False, ""),
    ],
)
async def test_refusals_and_cancels_are_told_apart(
    desk: Overseas,
    kis: ScriptedKis,
    changes: dict[str, str],
    rejected: int,
    *,
    is_cancel: bool,
    origin: str,
) -> None:
    kis.says(Operation.US_ORDERS, good(output=[us_line(**changes)]))
    (row,) = await desk.orders(DAY, DAY)
    assert row.rejected == rejected
    assert (row.is_cancel, row.origin) == (is_cancel, origin)


async def test_open_orders_have_a_list_of_their_own(desk: Overseas, kis: ScriptedKis) -> None:
    line = us_line("0030481125", ft_ccld_qty="0", nccs_qty="5", ft_ccld_amt3="0.00000")
    kis.says(Operation.US_OPEN, good(output=[line]))
    (row,) = await desk.open_orders(DAY)
    assert spelt(row.number, row.left, row.limit_price) == "30481125 5 27.45"
    assert kis.seen[-1].params["OVRS_EXCG_CD"] == "NASD"


async def test_on_paper_what_is_not_done_is_open(paper_desk: Overseas, kis: ScriptedKis) -> None:
    open_one = us_line("7", ft_ccld_qty="0", nccs_qty="5", ft_ccld_amt3="0")
    kis.says(Operation.US_ORDERS, good(output=[us_line(), open_one]))
    assert [row.number for row in await paper_desk.open_orders(DAY)] == ["7"]


async def test_cash_is_what_is_there_when_all_has_settled(desk: Overseas, kis: ScriptedKis) -> None:
    kis.says(Operation.US_BALANCE, good(**US_BALANCE))
    kis.says(Operation.US_MARGIN, good(**US_MARGIN))
    owned = await desk.owned()
    assert owned.positions == {SOXL: 5}
    assert owned.cash == Decimal("862.8")
    kis.says(Operation.US_MARGIN, good(output=[{"crcy_cd": "JPY"}]))
    assert (await desk.owned()).cash == 0


async def test_on_paper_each_exchange_is_asked(paper_desk: Overseas, kis: ScriptedKis) -> None:
    kis.says(Operation.US_BALANCE, good(output1=[]), good(output1=[]), good(**US_BALANCE))
    kis.says(Operation.US_BUYABLE, good(output={"ord_psbl_frcr_amt": "862.80"}))
    owned = await paper_desk.owned()
    assert owned.positions == {SOXL: 5}
    assert owned.cash == Decimal("862.8")
    exchanges = [one.params["OVRS_EXCG_CD"] for one in kis.asked(Operation.US_BALANCE)]
    assert exchanges == ["NASD", "NYSE", "AMEX"]


async def test_a_quote_has_no_book(desk: Overseas) -> None:
    quote = await desk.quote(SOXL, START)
    assert (quote.last, quote.previous_close, quote.bid) == (
        Decimal("27.45"),
        Decimal("27.11"),
        None,
    )


def test_an_order_lives_until_after_hours_end(desk: Overseas) -> None:
    assert desk.over_at(row(day=DAY, venue="AMEX")).isoformat() == "2026-11-20T20:30:00-05:00"
