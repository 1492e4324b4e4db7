"""Cash, holdings and prices in Seoul."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.simulators.kis import AccountSeed, Profile
from tests.simulators.kis.client import KST, trading
from tests.simulators.kis.listings import LISTINGS

if TYPE_CHECKING:
    from tests.simulators.kis.client import Client


async def until(client: Client, clock_time: str) -> None:
    """Let the day pass until a Korean time."""
    hour, minute = map(int, clock_time.split(":"))
    now = client.clock.now().astimezone(KST)
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    await client.clock.sleep((then - now).total_seconds())


async def test_more_than_is_held_cannot_be_sold(real: Client) -> None:
    assert (await real.order("sell")).code == "APBK0400"
    await real.bought(ORD_UNPR="41500")
    assert (await real.order("sell", ORD_UNPR="41600")).ok
    assert (await real.order("sell", ORD_UNPR="41600")).code == "APBK0400"
    asked = {**real.who(), "PDNO": "069500"}
    sellable = (await real.get("sellable", asked)).body["output"]
    assert (sellable["cblc_qty"], sellable["ord_psbl_qty"]) == ("3", "0")
    assert (await real.get("sellable", {**asked, "PDNO": "005930"})).code == "APBK0400"


async def test_a_market_order_holds_the_highest_price_of_the_day(real: Client) -> None:
    cash = (await real.buyable()).body["output"]
    assert cash["psbl_qty_calc_unpr"] == "53820"
    most = int(cash["nrcvb_buy_qty"])
    at_limit = (await real.buyable(ORD_DVSN="00", ORD_UNPR="41400")).body["output"]
    assert int(at_limit["nrcvb_buy_qty"]) > most
    market = {"ORD_DVSN": "01", "ORD_UNPR": "0"}
    assert (await real.order(ORD_QTY=str(most + 1), **market)).code == "APBK0952"
    assert (await real.order(ORD_QTY=str(most), **market)).ok
    amounts = (await real.buyable(PDNO="")).body["output"]
    assert (amounts["nrcvb_buy_qty"], amounts["psbl_qty_calc_unpr"]) == ("0", "0")


async def test_a_balance_of_many_symbols_comes_in_pages_of_its_own() -> None:
    held = {each.symbol: 1 for each in LISTINGS if each.country == "korea"}
    rich = AccountSeed(name="alice", number="5012345601", holdings=held)
    async with trading(Profile.PAPER, accounts=[rich]) as client:
        whole = await client.balance()
        assert [row["pdno"] for row in whole.body["output1"]] == sorted(held)
        assert whole.headers["tr_cont"] == "D"


SETTLING = [(False, False), (False, False), (False, False), (False, True), (True, True)]
"""Whether the deposits of today and tomorrow have fallen: on Friday, and each day after it."""


async def test_buying_lowers_the_cash_of_the_day_after_tomorrow_only(real: Client) -> None:
    await real.bought(ORD_UNPR="41500")
    body = (await real.balance()).body
    totals, held = body["output2"][0], body["output1"][0]
    assert isinstance(body["output2"], list)
    assert (totals["dnca_tot_amt"], totals["nxdy_excc_amt"]) == ("100000000", "100000000")
    assert totals["prvs_rcdl_excc_amt"] == str(100_000_000 - 3 * 41_405 - 17)
    assert (held["hldg_qty"], held["thdt_buyqty"], held["pchs_avg_pric"]) == (
        "3",
        "3",
        "41405.0000",
    )
    await until(real, "20:00")
    for days, (today, tomorrow) in enumerate(SETTLING):
        totals = (await real.balance()).body["output2"][0]
        fallen = [totals[name] != "100000000" for name in ("dnca_tot_amt", "nxdy_excc_amt")]
        assert fallen == [today, tomorrow], f"{days} days later"
        await real.clock.sleep(86_400)
        await real.log_in()


async def test_a_sold_out_symbol_stays_listed_until_it_has_settled(real: Client) -> None:
    await real.bought(ORD_UNPR="41500")
    assert (await real.order("sell", ORD_UNPR="41000")).ok
    held = (await real.balance()).body["output1"][0]
    assert (held["hldg_qty"], held["thdt_sll_qty"]) == ("0", "3")
    await real.clock.sleep(4 * 86_400)
    await real.log_in()
    assert (await real.balance()).body["output1"] == []


async def test_an_empty_balance_has_a_cursor_that_leads_nowhere(
    real: Client, paper: Client
) -> None:
    nothing = await real.balance()
    assert nothing.body["output1"] == []
    assert nothing.headers["tr_cont"] == "D"
    assert len(nothing.body["ctx_area_fk100"]) == 24
    assert "ctx_area_nk100" not in nothing.body
    assert not [name for name in (await paper.balance()).body if name.startswith("ctx")]


async def test_stocks_are_taxed_when_sold_and_funds_are_not(real: Client) -> None:
    for symbol, price in (("005930", "71600"), ("069500", "41500")):
        await real.bought(PDNO=symbol, ORD_QTY="10", ORD_UNPR=price)
        await real.order("sell", PDNO=symbol, ORD_QTY="10", ORD_DVSN="01", ORD_UNPR="0")
    flows = real.simulator.account("alice").flows
    charges = [int(flow.charges) for flow in flows]
    assert charges == [100, 100 + 1430, 58, 58]


async def test_a_price_has_its_limits_and_its_tick(real: Client) -> None:
    real.simulator.set_price("069500", Decimal(41_260))
    price = (await real.quote("price", "069500")).body["output"]
    assert (price["stck_prpr"], price["prdy_vrss"], price["prdy_vrss_sign"]) == (
        "41260",
        "-140",
        "5",
    )
    assert (price["stck_mxpr"], price["stck_llam"], price["aspr_unit"]) == ("53820", "28980", "5")
    assert "," in price["fcam_cnnm"], "texts may have separators"
    unknown = (await real.quote("price", "999999")).body
    assert (unknown["rt_cd"], unknown["output"]["stck_prpr"]) == ("0", "0")
    lower = {"fid_cond_mrkt_div_code": "J", "fid_input_iscd": "0043B0"}
    assert (await real.get("price", lower)).body["output"]["stck_prpr"] == "10215"
    real.simulator.set_price("069500", Decimal(53_820))
    assert (await real.quote("price", "069500")).body["output"]["prdy_vrss_sign"] == "1"


async def test_the_book_has_ten_levels_and_zeros_beyond_the_limits(real: Client) -> None:
    book = (await real.quote("book", "069500")).body
    first = book["output1"]
    assert (first["askp1"], first["bidp1"], first["askp10"]) == ("41405", "41400", "41450")
    assert book["output2"]["antc_cnpr"] == "0"
    assert "antc_cnqn" not in book["output2"]
    real.simulator.set_price("069500", Decimal(53_820))
    first = (await real.quote("book", "069500")).body["output1"]
    assert (first["askp1"], first["askp_rsqn1"]) == ("0", "0"), "nobody offers at limit-up"
    assert (await real.quote("book", "999999")).ok


async def test_an_off_tick_or_impossible_price_cannot_be_set(real: Client) -> None:
    with pytest.raises(ValueError, match="its tick is 5"):
        real.simulator.set_price("069500", Decimal(41_402))
    with pytest.raises(ValueError, match="from 28980 to 53820"):
        real.simulator.set_price("069500", Decimal(60_000))


async def test_the_holiday_list_is_open_where_opnd_yn_says_so(real: Client) -> None:
    asked = {"BASS_DT": "20261224", "CTX_AREA_NK": "", "CTX_AREA_FK": ""}
    reply = await real.get("holidays", asked)
    rows = {row["bass_dt"]: row for row in reply.body["output"]}
    assert len(rows) == 24
    assert (reply.code, reply.body["ctx_area_nk"].strip()) == ("KIOK0500", "20270116")
    assert {day: rows[day]["opnd_yn"] for day in ("20261224", "20261225", "20261231")} == {
        "20261224": "Y",
        "20261225": "N",
        "20261231": "N",
    }
    saturday = rows["20261226"]
    assert (saturday["wday_dvsn_cd"], saturday["tr_day_yn"], saturday["opnd_yn"]) == (
        "07",
        "Y",
        "N",
    )


@pytest.mark.parametrize(("per", "charges"), [("order", 17), ("execution", 15)])
async def test_what_charges_are_rounded_from_is_a_switch(
    real: Client, per: str, charges: int
) -> None:
    real.simulator.switches.set("charged_per", per)
    real.simulator.host.market.depth["069500"] = 1
    await real.bought(ORD_UNPR="41500")
    assert sum(flow.charges for flow in real.simulator.account("alice").flows) == charges


async def test_a_holding_may_stand_in_two_rows(real: Client) -> None:
    real.simulator.switches.split_holdings = True
    real.simulator.switches.set("end_status", "E")
    await real.bought(ORD_UNPR="41500")
    await real.order("sell", ORD_UNPR="41600", ORD_QTY="1")
    balance = await real.balance()
    rows = [
        (row["pdno"], row["loan_dt"], row["hldg_qty"], row["ord_psbl_qty"])
        for row in balance.body["output1"]
    ]
    assert rows == [("069500", "", "2", "1"), ("069500", "20261101", "1", "1")]
    assert balance.headers["tr_cont"] == "E"


async def test_answers_may_have_fields_and_codes_that_nobody_knows(real: Client) -> None:
    real.simulator.switches.extra_fields = True
    real.simulator.switches.strange_codes = True
    reply = await real.order()
    assert (reply.ok, reply.code) == (True, "APBK0999")
    assert reply.body["output"]["unkn_fld"] == "?"
    listed = (await real.daily()).body
    assert (listed["output1"][0]["unkn_fld"], listed["output2"]["unkn_fld"]) == ("?", "?")
    assert listed["output9"] == [{"unkn_fld": "1"}]
