"""A New York session, told over HTTP from Seoul."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.simulators.kis import Profile
from tests.simulators.kis.client import KST, American, trading

if TYPE_CHECKING:
    from tests.simulators.kis.client import Client


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KST)


async def until(night: American, text: str) -> None:
    """Let the night pass until a Korean time."""
    wait = (at(text) - night.client.clock.now()).total_seconds()
    await night.client.clock.sleep(wait)


def set_price(night: American, price: str, symbol: str = "SOXL") -> None:
    night.client.simulator.set_price(symbol, Decimal(price))


async def test_an_order_has_a_korean_time_and_a_padded_number(
    night: American, paper_night: American
) -> None:
    reply = await night.order()
    assert (reply.code, reply.body["output"]["KRX_FWDG_ORD_ORGNO"]) == ("APBK0013", "01790")
    assert reply.body["output"]["ORD_TMD"] == "234000"
    assert len(reply.body["output"]["ODNO"]) == 10
    reply = await paper_night.order()
    assert (reply.code, reply.body["output"]["KRX_FWDG_ORD_ORGNO"]) == ("40600000", "00950")


async def test_paper_sells_under_an_id_that_no_rule_makes(paper_night: American) -> None:
    await paper_night.placed(OVRS_ORD_UNPR="27.50")
    assert (await paper_night.order("sell", OVRS_ORD_UNPR="28")).code == "40590000"
    client = paper_night.client
    client.ids = {**client.ids, "us_sell": "VTTT1006U"}
    assert (await paper_night.order("sell")).code == "OPSQ0002"


async def test_lists_spell_numbers_as_each_host_does(
    night: American, paper_night: American
) -> None:
    number = await night.placed()
    assert (await night.fills()).body["output"][0]["odno"] == number
    number = await paper_night.placed()
    assert (await paper_night.fills()).body["output"][0]["odno"] == str(int(number))
    paper_night.client.simulator.switches.set("overseas_numbers", "spaced")
    spelled = (await paper_night.fills()).body["output"][0]["odno"]
    assert (len(spelled), spelled.strip()) == (10, str(int(number)))


async def test_a_marketable_limit_takes_the_ask(night: American) -> None:
    row = await night.row(await night.placed(OVRS_ORD_UNPR="27.50"))
    assert (row["ft_ccld_qty"], row["nccs_qty"], row["prcs_stat_name"]) == ("5", "0", "완료")
    assert (row["ft_ccld_unpr3"], row["ft_ccld_amt3"]) == ("27.46000000", "137.30000")
    assert row["ft_ord_unpr3"] == "27.50000000"


async def test_a_resting_order_is_listed_open_until_it_trades(night: American) -> None:
    number = await night.placed()
    row = (await night.open()).body["output"][0]
    assert (row["odno"], row["orgn_odno"], row["nccs_qty"]) == (number, "", "5")
    assert (row["ord_dt"], row["ovrs_excg_cd"], row["tr_crcy_cd"]) == ("20261120", "AMEX", "USD")
    set_price(night, "27.40")
    empty = await night.open()
    assert (empty.body["rt_cd"], empty.code, empty.body["output"]) == ("0", "KIOK0560", [])


async def test_open_orders_can_be_asked_for_by_exchange(night: American) -> None:
    first = await night.placed()
    second = await night.placed(PDNO="TQQQ", OVRS_EXCG_CD="NASD", OVRS_ORD_UNPR="50")
    numbers = [row["odno"] for row in (await night.open()).body["output"]]
    assert numbers == [second, first], "NASD is all of America"
    rows = (await night.open(OVRS_EXCG_CD="AMEX", SORT_SQN="AS")).body["output"]
    assert [row["odno"] for row in rows] == [first]
    assert (await night.open(OVRS_EXCG_CD="NAS")).code == "OPSQ2002"


async def test_a_cancellation_needs_the_quantity_and_no_price(night: American) -> None:
    number = await night.placed()
    assert (await night.revise(number, "02", ORD_QTY="6")).code == "APBK1359"
    assert (await night.revise(number, "02", ORD_QTY="0")).code == "APMP0001"
    assert (await night.revise(number, "02", OVRS_ORD_UNPR="27.4")).code == "APMP0001"
    cancelled = await night.revise(number, "02")
    child = cancelled.body["output"]["ODNO"]
    assert child != number
    row = await night.row(child)
    assert (row["orgn_odno"], row["rvse_cncl_dvsn"], row["nccs_qty"]) == (number, "02", "0")
    row = await night.row(number)
    assert (row["orgn_odno"], row["rvse_cncl_dvsn"], row["nccs_qty"]) == ("0", "00", "0")
    assert (await night.revise(number, "02")).code == "APBK0927"


async def test_an_amendment_takes_over_what_is_left(night: American, paper_night: American) -> None:
    number = await night.placed()
    child = (await night.revise(number, "01", OVRS_ORD_UNPR="27.42")).body["output"]["ODNO"]
    rows = (await night.open()).body["output"]
    assert [(row["odno"], row["orgn_odno"], row["rvse_cncl_dvsn_cd"]) for row in rows] == [
        (child, number, "01")
    ]
    number = await paper_night.placed()
    assert (await paper_night.revise(number, "01", OVRS_ORD_UNPR="27.42")).code == "40620000"
    assert (await paper_night.revise(number, "02")).code == "40330000"


@pytest.mark.parametrize("changed", [{"PDNO": "SPY"}, {"OVRS_EXCG_CD": "NASD"}])
async def test_a_revision_names_the_symbol_and_its_exchange(
    night: American, changed: dict[str, str]
) -> None:
    number = await night.placed()
    assert (await night.revise(number, "02", **changed)).code == "APBK0344"


@pytest.mark.parametrize(
    ("changed", "real_says", "paper_says"),
    [
        ({"OVRS_EXCG_CD": "NASD"}, "APBK0656", "40070000"),
        ({"PDNO": "NONE"}, "APBK0656", "40070000"),
        ({"OVRS_EXCG_CD": "NAS"}, "OPSQ2002", "OPSQ2002"),
        ({"OVRS_ORD_UNPR": "0"}, "APMP0001", "40160000"),
        ({"OVRS_ORD_UNPR": "27.455"}, "APBK9991", "40030000"),
        ({"ORD_QTY": "0.5"}, "APMP0001", "40160000"),
        ({"ORD_QTY": "9000"}, "APBK0952", "40250000"),
        ({"ORD_DVSN": "01"}, "APBK1943", "90000000"),
        ({"ORD_DVSN": "35"}, "APBK1943", "90000000"),
        ({"ORD_DVSN": "31", "OVRS_ORD_UNPR": "0"}, "APBK0918", "90000000"),
        ({"SLL_TYPE": "00"}, "OPSQ2002", "OPSQ2002"),
        ({"ORD_SVR_DVSN_CD": "1"}, "OPSQ2002", "OPSQ2002"),
    ],
)
async def test_a_bad_order_is_refused_with_its_code(
    night: American, paper_night: American, changed: dict[str, str], real_says: str, paper_says: str
) -> None:
    assert (await night.order(**changed)).code == real_says
    assert (await paper_night.order(**changed)).code == paper_says


async def test_a_sale_says_so_and_needs_the_shares(night: American) -> None:
    assert (await night.order("sell", SLL_TYPE="")).code == "OPSQ2002"
    assert (await night.order("sell")).code == "APBK0400"


async def test_prices_below_a_dollar_have_four_decimals(
    night: American, paper_night: American
) -> None:
    penny = {"PDNO": "PENY", "OVRS_EXCG_CD": "NASD"}
    assert (await night.order(**penny, OVRS_ORD_UNPR="0.4321")).ok
    assert (await night.order(**penny, OVRS_ORD_UNPR="0.43215")).code == "APBK9991"
    assert (await paper_night.order(**penny, OVRS_ORD_UNPR="0.4321")).code == "40070000"


async def test_an_order_at_the_close_waits_for_it(night: American) -> None:
    bought = await night.placed(ORD_DVSN="34", OVRS_ORD_UNPR="28")
    too_low = await night.placed(ORD_DVSN="34", OVRS_ORD_UNPR="27")
    assert (await night.row(bought))["ft_ccld_qty"] == "0"
    night.client.simulator.host.market.auction["SOXL"] = Decimal("27.60")
    await until(night, "2026-11-21 06:00:30")
    row = await night.row(bought)
    assert (row["ft_ccld_qty"], row["ft_ccld_unpr3"]) == ("5", "27.60000000")
    row = await night.row(too_low)
    assert (row["ft_ccld_qty"], row["nccs_qty"]) == ("0", "0"), "it died at the close"


async def test_a_sale_at_the_market_on_close_needs_no_price(night: American) -> None:
    await night.placed(OVRS_ORD_UNPR="27.50")
    assert (await night.order(ORD_DVSN="33", OVRS_ORD_UNPR="0")).code == "APBK1943"
    sold = await night.placed("sell", ORD_DVSN="33", OVRS_ORD_UNPR="0")
    await until(night, "2026-11-21 06:00:30")
    assert (await night.row(sold))["ft_ccld_unpr3"] == "27.45000000"


async def test_an_auction_can_give_less_than_was_asked_for(night: American) -> None:
    night.client.simulator.host.market.auction_depth["SOXL"] = 2
    bought = await night.placed(ORD_DVSN="34", OVRS_ORD_UNPR="28")
    await until(night, "2026-11-21 06:00:30")
    row = await night.row(bought)
    assert (row["ft_ccld_qty"], row["nccs_qty"]) == ("2", "0")


async def test_shortly_before_the_close_nothing_more_is_taken_for_it(night: American) -> None:
    bought = await night.placed(ORD_DVSN="34", OVRS_ORD_UNPR="28")
    await until(night, "2026-11-21 05:50:00")
    assert (await night.order(ORD_DVSN="34", OVRS_ORD_UNPR="28")).code == "APBK0918"
    assert (await night.revise(bought, "02")).code == "APBK0918"
    assert (await night.order()).ok, "a limit order still is"


async def test_orders_for_the_open_are_taken_before_it() -> None:
    async with trading(Profile.REAL, at=at("2026-11-20 20:00")) as client:
        early = American(client)
        on_open = await early.placed(ORD_DVSN="32", OVRS_ORD_UNPR="28")
        too_low = await early.placed(ORD_DVSN="32", OVRS_ORD_UNPR="27")
        client.simulator.host.market.auction["SOXL"] = Decimal("27.55")
        await until(early, "2026-11-20 23:30:30")
        assert (await early.row(on_open))["ft_ccld_unpr3"] == "27.55000000"
        assert (await early.row(too_low))["nccs_qty"] == "0"


@pytest.mark.parametrize(
    ("moment", "real_says", "paper_says"),
    [
        ("2026-11-20 17:59", "APBK0918", "40570000"),
        ("2026-11-20 18:00", "APBK0013", "40570000"),
        ("2026-11-20 23:30", "APBK0013", "40600000"),
        ("2026-11-21 05:59", "APBK0013", "40600000"),
        ("2026-11-21 06:00", "APBK0013", "40580000"),
        ("2026-11-21 07:00", "APBK0918", "40580000"),
        ("2026-11-21 18:00", "APBK0919", "40100000"),
        ("2026-11-26 23:40", "APBK0919", "40100000"),
        ("2026-11-28 02:59", "APBK0013", "40600000"),
        ("2026-11-28 03:00", "APBK0013", "40580000"),
        ("2026-06-19 17:00", "APBK0919", "40100000"),
        ("2026-06-18 17:00", "APBK0013", "40570000"),
        ("2026-06-18 22:30", "APBK0013", "40600000"),
        ("2026-06-19 04:59", "APBK0013", "40600000"),
        ("2026-06-19 05:00", "APBK0013", "40580000"),
    ],
)
async def test_the_night_has_its_hours_in_summer_and_in_winter(
    moment: str, real_says: str, paper_says: str
) -> None:
    for profile, says in ((Profile.REAL, real_says), (Profile.PAPER, paper_says)):
        async with trading(profile, at=at(moment)) as client:
            client.pause_s = 0
            assert (await American(client).order()).code == says


async def test_past_midnight_in_seoul_it_is_still_the_same_new_york_day(night: American) -> None:
    night.client.simulator.switches.set("us_order_clock", "split")
    await until(night, "2026-11-21 01:00:00")
    row = await night.row(await night.placed())
    assert (row["ord_dt"], row["dmst_ord_dt"]) == ("20261120", "20261121")
    assert (row["ord_tmd"][:4], row["thco_ord_tmd"][:4]) == ("1100", "0100")
    night.client.simulator.switches.set("us_order_clock", "eastern")
    rows = (await night.fills()).body["output"]
    assert (rows[0]["ord_tmd"][:4], rows[0]["thco_ord_tmd"][:4]) == ("1100", "1100")


async def test_paper_lists_an_order_late_or_never_but_books_it_at_once() -> None:
    async with trading(Profile.PAPER, at=at("2026-11-20 23:40")) as client:
        night, switches = American(client), client.simulator.switches
        switches.us_visible_from_s, switches.us_visible_to_s = 15.0, 30.0
        await night.placed(OVRS_ORD_UNPR="27.50")
        for _ in range(12):
            assert (await night.fills()).code == "KIOK0560"
        assert (await night.balance("AMEX")).body["output1"][0]["ovrs_cblc_qty"] == "5"
        await client.clock.sleep(18)
        assert len((await night.fills()).body["output"]) == 1
        switches.us_never_visible = True
        await night.placed(OVRS_ORD_UNPR="27.50")
        await client.clock.sleep(3600)
        assert len((await night.fills()).body["output"]) == 1


async def test_paper_has_no_filters_and_no_list_of_open_orders(paper_night: American) -> None:
    for changed in ({"PDNO": "SOXL"}, {"OVRS_EXCG_CD": "AMEX"}, {"SLL_BUY_DVSN": "02"}):
        assert (await paper_night.fills(**changed)).code == "OPSQ2002"
    assert (await paper_night.open()).code == "90000000"
    assert (await paper_night.client.get("us_margin", {})).code == "90000000"
    for name in ("us_detail", "us_book"):
        assert (await paper_night.quote(name, "AMS", "SOXL")).code == "90000000"


async def test_the_real_list_has_filters(night: American) -> None:
    filled = await night.placed(OVRS_ORD_UNPR="27.50")
    waiting = await night.placed()
    for changed, expected in (
        ({"CCLD_NCCS_DVSN": "01"}, [filled]),
        ({"CCLD_NCCS_DVSN": "02"}, [waiting]),
        ({"PDNO": "%", "OVRS_EXCG_CD": "%"}, [waiting, filled]),
        ({"PDNO": "SOXL", "SORT_SQN": "AS"}, [filled, waiting]),
        ({"PDNO": "SPY"}, []),
        ({"OVRS_EXCG_CD": "NASD"}, [waiting, filled]),
        ({"OVRS_EXCG_CD": "NYSE"}, []),
        ({"SLL_BUY_DVSN": "01"}, []),
    ):
        rows = (await night.fills(**changed)).body["output"]
        assert [row["odno"] for row in rows] == expected, changed
    assert (await night.fills(OVRS_EXCG_CD="LSE")).code == "OPSQ2002"


@pytest.mark.parametrize(("profile", "size"), [(Profile.REAL, 20), (Profile.PAPER, 15)])
async def test_the_list_of_fills_comes_in_pages(profile: Profile, size: int) -> None:
    async with trading(profile, at=at("2026-11-20 23:40")) as client:
        night = American(client)
        numbers = [int(await night.placed(ORD_QTY="1")) for _ in range(size + 1)]
        first = await night.fills()
        assert (len(first.body["output"]), first.headers["tr_cont"]) == (size, "M")
        where = {
            f"CTX_AREA_{key}200": first.body[f"ctx_area_{key.lower()}200"] for key in ("FK", "NK")
        }
        last = await night.fills("N", **where)
        assert last.headers["tr_cont"] == "D"
        rows = [int(row["odno"]) for row in first.body["output"] + last.body["output"]]
        assert rows == numbers[::-1]


@pytest.mark.parametrize("pages", [True, False])
async def test_whether_the_open_list_goes_on_is_not_known(night: American, pages: bool) -> None:  # noqa: FBT001
    night.client.simulator.switches.open_list_pages = pages
    for _ in range(41):
        await night.placed(ORD_QTY="1")
    first = await night.open()
    assert (len(first.body["output"]), first.headers["tr_cont"]) == (40, "M" if pages else "D")


async def test_an_empty_list_may_be_an_object_of_blanks(night: American) -> None:
    night.client.simulator.switches.blank_output = True
    assert (await night.fills()).body["output"] == {"odno": "", "pdno": ""}


async def test_a_balance_has_no_cash_and_a_blank_row(night: American) -> None:
    await night.placed(OVRS_ORD_UNPR="27.50")
    body = (await night.balance()).body
    held, filler = body["output1"]
    assert (held["ovrs_pdno"], held["ovrs_cblc_qty"], held["pchs_avg_pric"]) == (
        "SOXL",
        "5",
        "27.4600",
    )
    assert (held["prdt_type_cd"], held["ord_psbl_qty"]) == ("529", "5")
    assert set(filler.values()) == {""}
    assert body["output2"]["frcr_pchs_amt1"] == "137.30000"


async def test_nasd_means_america_at_one_host_and_nasdaq_at_the_other(
    night: American, paper_night: American
) -> None:
    for each in (night, paper_night):
        await each.placed(OVRS_ORD_UNPR="27.50")
    shown = {
        (where, each is night): (await each.balance(where)).body["output1"][0]["ovrs_pdno"]
        for each in (night, paper_night)
        for where in ("NASD", "NAS", "AMEX")
    }
    assert [key for key, symbol in shown.items() if symbol] == [
        ("NASD", True),
        ("AMEX", True),
        ("AMEX", False),
    ]


async def test_cash_is_held_spent_and_settled_a_day_later(night: American) -> None:
    await night.placed()
    held = (await night.buyable()).body["output"]
    assert held["ord_psbl_frcr_amt"] == "99862.65", "with the commission"
    assert held["max_ord_psbl_qty"] == "3628"
    set_price(night, "27.40")
    spent = (await night.present()).body
    currency = spent["output2"][0]
    assert currency["frcr_dncl_amt_2"] == "100000.000000"
    assert currency["frcr_buy_mgn_amt"] == "137.340000"
    assert currency["frcr_drwg_psbl_amt_1"] == "99862.660000"
    row = spent["output1"][0]
    assert (row["cblc_qty13"], row["thdt_buy_ccld_qty1"], row["ccld_qty_smtl1"]) == (
        "0.00000000",
        "5.00000000",
        "5.00000000",
    )
    await until(night, "2026-11-23 23:40:00")
    await night.client.log_in()
    settled = (await night.present()).body["output2"][0]
    assert settled["frcr_dncl_amt_2"] == "99862.660000"


async def test_paper_holds_a_little_more_than_the_limit(paper_night: American) -> None:
    await paper_night.placed()
    held = (await paper_night.buyable()).body["output"]
    assert held["ord_psbl_frcr_amt"] == "99861.69"
    shown = (await paper_night.present()).body
    assert (shown["output1"], shown["output2"]) == ([], []), "only the totals mean anything"
    assert shown["output3"]["frcr_use_psbl_amt"] == "99861.70"


async def test_money_questions_about_nothing_are_refused(night: American) -> None:
    unknown = await night.buyable(ITEM_CD="NONE")
    assert (unknown.body["rt_cd"], unknown.code) == ("7", "APBK0656")
    in_won = (await night.present(WCRC_FRCR_DVSN_CD="01")).body
    assert in_won["output1"] == []
    assert (await night.present(TR_MKET_CD="09")).code == "OPSQ2002"


async def test_the_margin_list_is_mostly_blank(night: American) -> None:
    rows = (await night.client.get("us_margin", night.client.who())).body["output"]
    assert rows[0]["crcy_cd"] == "USD"
    assert rows[0]["frcr_gnrl_ord_psbl_amt"] == "100000.000000"
    await night.placed(OVRS_ORD_UNPR="27.50")
    now = (await night.client.get("us_margin", night.client.who())).body["output"][0]
    assert (now["frcr_dncl_amt1"], now["ustl_buy_amt"]) == ("100000.000000", "137.640000")
    assert {value for row in rows[1:] for value in row.values()} == {""}


async def test_a_price_has_an_unsigned_change_and_a_signed_rate(night: American) -> None:
    set_price(night, "27.11")
    price = (await night.quote("us_price", "AMS", "SOXL")).body["output"]
    assert (price["rsym"], price["last"], price["base"]) == ("DAMSSOXL", "27.1100", "27.4500")
    assert (price["sign"], price["diff"], price["rate"]) == ("5", "0.3400", "-1.24")
    for exchange, symbol in (("NAS", "SOXL"), ("AMS", "NONE"), ("AMS", "069500")):
        unknown = await night.quote("us_price", exchange, symbol)
        assert unknown.ok
        assert set(unknown.body["output"].values()) == {""}
    assert (await night.quote("us_price", "NASD", "TQQQ")).code == "OPSQ2002"


async def test_the_detail_has_the_tick_and_the_book_ten_levels(night: American) -> None:
    detail = (await night.quote("us_detail", "NAS", "PENY")).body["output"]
    assert (detail["e_hogau"], detail["last"]) == ("0.0001", "0.4321")
    book = (await night.quote("us_book", "NAS", "TQQQ")).body["output2"]
    assert (book["pbid1"], book["pask1"], book["pask10"]) == ("53.2000", "53.2100", "53.3000")
    assert (await night.quote("us_detail", "NAS", "NONE")).body["output"]["last"] == ""
    assert (await night.quote("us_book", "NAS", "NONE")).body["output2"] == {}


async def test_two_markets_have_numbers_and_days_of_their_own(real: Client) -> None:
    korean = await real.bought()
    night = American(real)
    await until(night, "2026-11-20 23:40:00")
    american = await night.placed()
    assert int(american) - int(korean) > 1_000_000
    assert (await night.revise(korean, "02")).code == "APBK0344"
    assert len((await real.daily()).body["output1"]) == 1
    assert len((await night.fills()).body["output"]) == 1


async def test_past_days_are_listed_with_their_closes_and_today_moves(night: American) -> None:
    night.client.simulator.host.market.auction["SOXL"] = Decimal("27.60")
    await until(night, "2026-11-21 06:00:30")
    set_price(night, "27.90")
    asked = {"GUBN": "0", "BYMD": "20261120", "MODP": "0"}
    rows = (await night.quote("us_days", "AMS", "SOXL", **asked)).body["output2"]
    assert [(row["xymd"], row["clos"]) for row in rows] == [("20261120", "27.9000")]
    await until(night, "2026-11-21 14:00:30")
    rows = (await night.quote("us_days", "AMS", "SOXL", **asked)).body["output2"]
    assert [(row["xymd"], row["clos"]) for row in rows] == [("20261120", "27.6000")]
    asked["GUBN"] = "9"
    assert (await night.quote("us_days", "AMS", "SOXL", **asked)).code == "OPSQ2002"
