"""A trading day in Seoul, told over HTTP."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.simulators.kis.client import KST, client_of

if TYPE_CHECKING:
    from tests.simulators.kis.client import Client


async def test_a_taken_order_has_a_number_a_branch_and_a_time(real: Client, paper: Client) -> None:
    reply = await real.order()
    assert (reply.body["rt_cd"], reply.code) == ("0", "APBK0013")
    output = reply.body["output"]
    assert (output["KRX_FWDG_ORD_ORGNO"], output["ORD_TMD"]) == ("91264", "101500")
    assert len(output["ODNO"]) == 10
    bought, sold = await paper.order(), await paper.order("sell")
    assert (bought.code, bought.body["output"]["KRX_FWDG_ORD_ORGNO"]) == ("40600000", "00950")
    assert sold.code == "40240000", "there is nothing to sell yet"


async def test_two_identical_orders_are_two_orders(either: Client) -> None:
    assert await either.bought() != await either.bought()


async def test_a_marketable_order_takes_the_ask(either: Client) -> None:
    number = await either.bought(ORD_UNPR="41500")
    row = await either.row(number)
    assert (row["tot_ccld_qty"], row["rmn_qty"], row["avg_prvs"]) == ("3", "0", "41405")
    assert (row["ord_dt"], row["odno"], row["orgn_odno"]) == ("20261120", number, "0000000000")
    assert (row["ord_tmd"][:4], row["excg_id_dvsn_Cd"], row["cncl_yn"]) == ("1015", "KRX", "N")


async def test_a_resting_order_fills_when_the_market_comes_to_it(either: Client) -> None:
    number = await either.bought()
    assert (await either.row(number))["rmn_qty"] == "3"
    either.simulator.set_price("069500", Decimal(41_250))
    row = await either.row(number)
    assert (row["tot_ccld_qty"], row["tot_ccld_amt"]) == ("3", "123750")


async def test_a_thin_market_fills_in_pieces(real: Client) -> None:
    real.simulator.host.market.depth["069500"] = 2
    number = await real.bought()
    real.simulator.set_price("069500", Decimal(41_250))
    row = await real.row(number)
    assert (row["ord_qty"], row["tot_ccld_qty"], row["rmn_qty"]) == ("3", "2", "1")
    totals = (await real.daily()).body["output2"]
    assert totals["tot_ccld_amt"] == "82500"
    assert totals["prsm_tlex_smtl"] == "11"
    assert totals["pchs_avg_pric"] == "41250.0000"
    open_row = (await real.cancellable()).body["output"][0]
    assert (open_row["psbl_qty"], open_row["odno"], open_row["orgn_odno"]) == ("1", number, "")


async def test_a_cancellation_is_an_order_with_its_own_number(either: Client) -> None:
    number = await either.bought()
    cancelled = await either.cancel(number)
    assert cancelled.ok, cancelled
    assert cancelled.code == ("APBK0013" if either.pause_s < 1 else "40630000")
    child, parent = (await either.daily()).body["output1"]
    assert child["odno"] == cancelled.body["output"]["ODNO"] != number
    assert child["orgn_odno"] == number
    assert "취소" in child["sll_buy_dvsn_cd_name"]
    assert (child["cncl_yn"], child["cncl_cfrm_qty"], child["rmn_qty"]) == ("Y", "3", "0")
    assert (parent["cncl_yn"], parent["cncl_cfrm_qty"], parent["rmn_qty"]) == ("N", "3", "0")
    again = await either.cancel(number)
    assert again.code == ("APBK0927" if either.pause_s < 1 else "40330000")


async def test_a_part_can_be_cancelled_and_no_more_than_is_left(real: Client) -> None:
    number = await real.bought()
    assert (await real.cancel(number, QTY_ALL_ORD_YN="N", ORD_QTY="4")).code == "APBK1359"
    assert (await real.cancel(number, QTY_ALL_ORD_YN="N", ORD_QTY="2")).ok
    row = await real.row(number)
    assert (row["cncl_cfrm_qty"], row["rmn_qty"]) == ("2", "1")


async def test_an_amendment_takes_over_what_is_left(either: Client) -> None:
    number = await either.bought()
    amended = await either.amend(number, "41300")
    assert amended.ok, amended
    child = amended.body["output"]["ODNO"]
    new, old = (await either.daily()).body["output1"]
    assert (new["odno"], new["orgn_odno"], new["rmn_qty"]) == (child, number, "3")
    assert new["ord_unpr"] == "41300"
    assert (old["rmn_qty"], old["cncl_cfrm_qty"]) == ("0", "0"), "its units moved to the child"
    assert not (await either.cancel(number)).ok
    assert (await either.cancel(child)).ok


async def test_an_amendment_can_move_a_part_and_never_adds(real: Client) -> None:
    number = await real.bought()
    refused = await real.amend(number, "41300", QTY_ALL_ORD_YN="N", ORD_QTY="5")
    assert (refused.body["rt_cd"], refused.code) == ("7", "APBK1359")
    assert (await real.amend(number, "41300", QTY_ALL_ORD_YN="N", ORD_QTY="1")).ok
    assert (await real.row(number))["rmn_qty"] == "2"


async def test_a_cancellation_may_come_too_late_although_it_was_taken(real: Client) -> None:
    real.simulator.switches.cancel_delay_s = 1.0
    number = await real.bought()
    cancelled = await real.cancel(number)
    assert cancelled.ok
    real.simulator.set_price("069500", Decimal(41_250))
    await real.clock.sleep(1)
    assert (await real.row(number))["tot_ccld_qty"] == "3"
    child = await real.row(cancelled.body["output"]["ODNO"])
    assert (child["rjct_qty"], child["cncl_cfrm_qty"]) == ("3", "0")


async def test_a_late_amendment_gets_only_what_is_left(real: Client) -> None:
    real.simulator.switches.cancel_delay_s = 1.0
    real.simulator.host.market.depth["069500"] = 2
    number = await real.bought()
    amended = (await real.amend(number, "41300")).body["output"]["ODNO"]
    real.simulator.set_price("069500", Decimal(41_250))
    real.simulator.set_price("069500", Decimal(41_400))
    await real.clock.sleep(1)
    row = await real.row(amended)
    assert (row["ord_qty"], row["rjct_qty"], row["rmn_qty"]) == ("3", "2", "1")
    assert (await real.row(number))["rmn_qty"] == "0"


@pytest.mark.parametrize(
    "changed",
    [
        {"ORGN_ODNO": "0000000001"},
        {"ORGN_ODNO": "none"},
        {"KRX_FWDG_ORD_ORGNO": "00001"},
        {"EXCG_ID_DVSN_CD": "NXT"},
    ],
)
async def test_an_original_that_is_not_found_is_refused(
    real: Client, changed: dict[str, str]
) -> None:
    number = await real.bought()
    assert (await real.cancel(number, **changed)).code == "APBK0344"
    assert (await real.row(number))["rmn_qty"] == "3"


@pytest.mark.parametrize(
    ("changed", "real_says", "paper_says"),
    [
        ({"ORD_UNPR": "41252"}, ("1", "APBK9991"), "40030000"),
        ({"PDNO": "005930", "ORD_UNPR": "71550"}, ("1", "APBK9991"), "40030000"),
        ({"ORD_UNPR": "28970"}, ("1", "APBK9992"), "40270000"),
        ({"ORD_UNPR": "53830"}, ("1", "APBK9992"), "40270000"),
        ({"ORD_QTY": "100000"}, ("7", "APBK0952"), "40250000"),
        ({"PDNO": "999999"}, ("1", "APBK0656"), "40070000"),
        ({"PDNO": "SOXL"}, ("1", "APBK0656"), "40070000"),
        ({"ORD_DVSN": "99"}, ("1", "APBK1943"), "90000000"),
        ({"ORD_DVSN": "01", "ORD_UNPR": ""}, ("7", "APMP0001"), "40160000"),
        ({"ORD_DVSN": "01"}, ("7", "APMP0001"), "40160000"),
        ({"ORD_UNPR": "0"}, ("7", "APMP0001"), "40160000"),
        ({"ORD_UNPR": "41250.5"}, ("1", "APBK9991"), "40030000"),
        ({"ORD_QTY": "0"}, ("7", "APMP0001"), "40160000"),
        ({"ORD_QTY": "1.5"}, ("7", "APMP0001"), "40160000"),
        ({"ORD_DVSN": "06", "ORD_UNPR": "0"}, ("1", "APBK0918"), "90000000"),
    ],
)
async def test_a_bad_order_is_refused_with_its_code(
    real: Client,
    paper: Client,
    changed: dict[str, str],
    real_says: tuple[str, str],
    paper_says: str,
) -> None:
    refused = await real.order(**changed)
    assert (refused.status, refused.body["rt_cd"], refused.code) == (200, *real_says)
    assert "output" not in refused.body
    refused = await paper.order(**changed)
    assert (refused.status, refused.body["rt_cd"], refused.code) == (200, "1", paper_says)
    assert (await real.daily()).body["output1"] == []


async def test_a_refusal_may_come_with_500_or_a_blank_output(real: Client) -> None:
    real.simulator.switches.set("business_status", 500)
    real.simulator.switches.blank_output = True
    refused = await real.order(ORD_QTY="100000")
    assert (refused.status, refused.code) == (500, "APBK0952")
    assert refused.body["output"] == {"KRX_FWDG_ORD_ORGNO": "", "ODNO": "", "ORD_TMD": ""}


async def test_a_halted_symbol_is_not_traded(real: Client) -> None:
    real.simulator.host.market.tapes["069500"].halted = True
    assert (await real.order()).code == "APBK9993"
    price = (await real.quote("price", "069500")).body["output"]
    assert (price["temp_stop_yn"], price["iscd_stat_cls_code"]) == ("Y", "58")


async def test_venues_beside_krx_trade_some_stocks_only(real: Client, paper: Client) -> None:
    samsung = {"PDNO": "005930", "ORD_UNPR": "71000"}
    for venue in ("NXT", "SOR"):
        assert (await real.order(EXCG_ID_DVSN_CD=venue, **samsung)).ok
        assert (await real.order(EXCG_ID_DVSN_CD=venue)).code == "APBK3009"
        assert (await paper.order(EXCG_ID_DVSN_CD=venue, **samsung)).code == "90000000"
    assert (await real.order(EXCG_ID_DVSN_CD="NYSE", **samsung)).code == "OPSQ2002"
    market = {"PDNO": "005930", "ORD_DVSN": "01", "ORD_UNPR": "0"}
    assert (await real.order(EXCG_ID_DVSN_CD="NXT", **market)).code == "APBK1943"
    rows = (await real.daily(EXCG_ID_DVSN_CD="ALL")).body["output1"]
    assert [row["excg_id_dvsn_Cd"] for row in rows] == ["SOR", "NXT"]
    assert (await real.daily()).body["output1"] == [], "KRX alone"


@pytest.mark.parametrize(
    ("division", "filled", "price"),
    [
        ("01", 3, "41405"),
        ("03", 3, "41405"),
        ("04", 0, "0"),
        ("13", 3, "41405"),
        ("15", 2, "41405"),
        ("16", 0, "0"),
        ("21", 3, "41402.5"),
        ("23", 3, "41402.5"),
    ],
)
async def test_an_order_without_a_price_finds_one(
    real: Client, division: str, filled: int, price: str
) -> None:
    if division in {"15", "16"}:
        real.simulator.host.market.depth["069500"] = 2
    number = await real.bought(ORD_DVSN=division, ORD_UNPR="0")
    row = await real.row(number)
    assert (row["ord_unpr"], row["tot_ccld_qty"], row["avg_prvs"]) == ("0", str(filled), price)
    assert row["rmn_qty"] == ("3" if division == "04" else "0")


async def test_what_ioc_and_fok_cannot_take_at_once_is_cancelled(real: Client) -> None:
    real.simulator.host.market.depth["069500"] = 2
    ioc = await real.row(await real.bought(ORD_DVSN="11", ORD_UNPR="41405"))
    assert (ioc["tot_ccld_qty"], ioc["cncl_cfrm_qty"], ioc["rmn_qty"]) == ("2", "1", "0")
    fok = await real.row(await real.bought(ORD_DVSN="12", ORD_UNPR="41405"))
    assert (fok["tot_ccld_qty"], fok["cncl_cfrm_qty"], fok["rmn_qty"]) == ("0", "3", "0")


async def test_a_stop_waits_for_its_condition(real: Client) -> None:
    stop = {"ORD_DVSN": "22", "ORD_UNPR": "42000", "CNDT_PRIC": "41700"}
    number = await real.bought(**stop)
    assert (await real.row(number))["rmn_qty"] == "3"
    real.simulator.set_price("069500", Decimal(41_700))
    assert (await real.row(number))["avg_prvs"] == "41705"


async def test_the_paper_host_takes_plain_types_unless_switched(paper: Client) -> None:
    ioc = {"ORD_DVSN": "11", "ORD_UNPR": "41500"}
    assert (await paper.order(**ioc)).code == "90000000"
    paper.simulator.switches.paper_takes_ioc = True
    assert (await paper.order(**ioc)).ok


async def test_several_accounts_trade_at_one_host(real: Client) -> None:
    bob = client_of(real.simulator, real.urls, real.session, real.clock, "bob")
    await bob.log_in()
    number = await real.bought()
    assert (await bob.daily()).body["output1"] == []
    assert (await bob.cancel(number)).code == "APBK0344"


async def test_two_accounts_may_have_the_same_number(
    real: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    real.simulator.switches.set("numbers", "per_account")
    bob = client_of(real.simulator, real.urls, real.session, real.clock, "bob")
    await bob.log_in()
    monkeypatch.setattr(real.simulator.host.random, "randint", min)
    assert await real.bought() == await bob.bought()


async def test_numbers_begin_anew_each_day_and_old_ones_are_not_found(real: Client) -> None:
    number = await real.bought()
    await real.clock.sleep(3 * 86_400)
    await real.log_in()
    assert (await real.cancel(number)).code == "APBK0344"
    monday = {"INQR_END_DT": "20261123"}
    await real.bought()
    days = [row["ord_dt"] for row in (await real.daily(**monday)).body["output1"]]
    assert days == ["20261123", "20261120"]
    assert datetime.strptime(days[0], "%Y%m%d").astimezone(KST).weekday() == 0
