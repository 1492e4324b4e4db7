"""Lists of Korean orders: filters, pages, delays."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.simulators.kis import Profile
from tests.simulators.kis.client import trading

if TYPE_CHECKING:
    from tests.simulators.kis.client import Client


@pytest.mark.parametrize(
    ("marks", "child_says", "original_says"),
    [("child", ("Y", "3"), ("N", "0")), ("original", ("N", "0"), ("Y", "3"))],
)
async def test_which_row_shows_a_cancellation_is_a_switch(
    real: Client, marks: str, child_says: tuple[str, str], original_says: tuple[str, str]
) -> None:
    real.simulator.switches.set("cancel_marks", marks)
    await real.cancel(await real.bought())
    rows = [(row["cncl_yn"], row["cncl_cfrm_qty"]) for row in (await real.daily()).body["output1"]]
    assert rows == [child_says, original_says]


async def test_orders_from_the_brokers_own_app_are_listed_but_not_cancelled(real: Client) -> None:
    number = await real.bought()
    hand = real.simulator.place_by_hand("alice", "069500", "02", 3, Decimal(41_250))
    rows = (await real.daily()).body["output1"]
    assert [int(row["odno"]) for row in rows] == [hand.number, int(number)]
    assert (await real.cancel(str(hand.number))).code == "APBK0344"


async def test_lists_show_an_order_some_seconds_late(either: Client) -> None:
    either.simulator.switches.visible_from_s = 5.0
    either.simulator.switches.visible_to_s = 6.0
    await either.bought(ORD_UNPR="41500")
    assert (await either.daily()).body["output1"] == []
    assert (await either.balance()).body["output1"][0]["hldg_qty"] == "3", "cash and units first"
    await either.clock.sleep(6)
    assert len((await either.daily()).body["output1"]) == 1


async def test_the_list_can_be_asked_for_sides_states_and_numbers(real: Client) -> None:
    first = await real.bought(ORD_UNPR="41500")
    second = await real.bought()
    assert [r["odno"] for r in (await real.daily(CCLD_DVSN="01")).body["output1"]] == [first]
    assert [r["odno"] for r in (await real.daily(CCLD_DVSN="02")).body["output1"]] == [second]
    assert [r["odno"] for r in (await real.daily(INQR_DVSN="01")).body["output1"]] == [
        first,
        second,
    ]
    assert (await real.daily(SLL_BUY_DVSN_CD="01")).body["output1"] == []
    assert (await real.daily(PDNO="005930")).body["output1"] == []
    assert (await real.daily(ODNO=str(int(first)))).body["output1"][0]["odno"] == first
    assert (await real.daily(CCLD_DVSN="03")).code == "OPSQ2002"
    assert (await real.daily(INQR_STRT_DT="20261301")).code == "OPSQ2002"
    assert (await real.daily(INQR_STRT_DT="2026")).code == "OPSQ2002"
    assert (await real.daily(INQR_STRT_DT="20260701")).code == "OPSQ2002", "beyond three months"


async def test_an_empty_list_says_so_in_each_hosts_words(real: Client, paper: Client) -> None:
    nothing = await real.daily()
    assert (nothing.body["rt_cd"], nothing.code, nothing.body["output1"]) == ("0", "KIOK0560", [])
    assert (await real.cancellable()).code == "KIOK0560"
    nothing = await paper.daily()
    assert (nothing.body["rt_cd"], nothing.code, nothing.body["output1"]) == ("0", "70070000", [])


async def test_the_retired_paper_list_has_totals_and_no_rows(paper: Client) -> None:
    await paper.bought(ORD_UNPR="41500")
    paper.ids = {**paper.ids, "daily": "VTTC8001R"}
    old = await paper.daily()
    assert (old.code, old.body["output1"]) == ("70070000", [])
    assert old.body["output2"]["tot_ccld_qty"] == "3"


async def test_the_archive_does_not_have_today(real: Client) -> None:
    await real.bought()
    real.ids = {**real.ids, "daily": "CTSC9215R"}
    assert (await real.daily()).body["output1"] == []
    await real.clock.sleep(86_400)
    await real.log_in()
    assert len((await real.daily()).body["output1"]) == 1


@pytest.mark.parametrize(("profile", "size"), [(Profile.REAL, 100), (Profile.PAPER, 15)])
async def test_a_long_list_comes_in_pages(profile: Profile, size: int) -> None:
    async with trading(profile) as client:
        numbers = [await client.bought(ORD_QTY="1") for _ in range(size + 2)]
        first = await client.daily()
        assert (len(first.body["output1"]), first.headers["tr_cont"]) == (size, "M")
        assert first.code == "KIOK0500"
        assert len(first.body["ctx_area_fk100"]) == len(first.body["ctx_area_nk100"]) == 100
        where = {
            "CTX_AREA_FK100": first.body["ctx_area_fk100"],
            "CTX_AREA_NK100": first.body["ctx_area_nk100"],
        }
        await client.bought(ORD_QTY="1")
        last = await client.daily("N", **where)
        assert last.headers["tr_cont"] == "D"
        seen = [row["odno"] for row in first.body["output1"] + last.body["output1"]]
        assert seen == numbers[::-1], "an order in between moved nothing"
        where["CTX_AREA_NK100"] = last.body["ctx_area_nk100"]
        again = await client.daily("N", **where)
        assert again.body["output1"][-2:] == last.body["output1"][-2:], "the last page once more"
        without = await client.daily(**where)
        assert without.body["output1"][0]["odno"] > numbers[-1], "the header alone continues"
        totals = first.body["output2"]
        assert totals["tot_ord_qty"] == str(size + 2), "of all pages"


async def test_the_context_of_another_query_is_refused(real: Client) -> None:
    await real.bought()
    asked = {"CTX_AREA_FK100": "50123456!^something", "CTX_AREA_NK100": ""}
    assert (await real.daily("N", **asked)).code == "OPSQ2002"


@pytest.mark.parametrize(
    ("keys", "said"), [("blank", ["blank"]), ("static", ["something"]), ("absent", [])]
)
async def test_what_a_last_page_says_beside_its_end_is_a_switch(
    real: Client, keys: str, said: list[str]
) -> None:
    real.simulator.switches.set("end_keys", keys)
    await real.bought()
    last = await real.daily()
    assert last.headers["tr_cont"] == "D"
    found = [value for name, value in last.body.items() if name == "ctx_area_nk100"]
    assert ["something" if each.strip() else "blank" for each in found] == said


async def test_data_that_changes_between_pages_may_be_noticed(paper: Client) -> None:
    paper.simulator.switches.pages_notice_changes = True
    for _ in range(16):
        await paper.bought(ORD_QTY="1")
    first = await paper.daily()
    where = {f"CTX_AREA_{key}100": first.body[f"ctx_area_{key.lower()}100"] for key in ("FK", "NK")}
    assert (await paper.daily("N", **where)).ok
    await paper.bought(ORD_QTY="1")
    changed = await paper.daily("N", **where)
    assert (changed.status, changed.body["rt_cd"], changed.code) == (200, "1", "SYDB0050")
