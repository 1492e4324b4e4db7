"""The days and hours of two countries, by order codes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.simulators.kis import Profile
from tests.simulators.kis.client import KST, trading
from tests.simulators.kis.hours import Country, Hours

if TYPE_CHECKING:
    from tests.simulators.kis.client import Client

SAMSUNG = {"PDNO": "005930", "ORD_UNPR": "71000"}
OLD, NEW = "2026-09-11", "2026-11-20"
TAKEN, CLOSED, HOLIDAY = "APBK0013", "APBK0918", "APBK0919"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KST)


async def code_at(moment: str, changed: dict[str, str], profile: Profile = Profile.REAL) -> str:
    async with trading(profile, at=at(moment)) as client:
        client.pause_s = 0
        return (await client.order(**changed)).code


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (f"{NEW} 08:19:59", CLOSED),
        (f"{NEW} 08:20:00", TAKEN),
        (f"{OLD} 08:29:59", CLOSED),
        (f"{OLD} 08:30:00", TAKEN),
        (f"{NEW} 15:29:59", TAKEN),
        (f"{NEW} 15:30:00", CLOSED),
        ("2026-11-21 10:00:00", HOLIDAY),
        ("2026-12-25 10:00:00", HOLIDAY),
        ("2026-12-31 10:00:00", HOLIDAY),
        ("2027-01-04 09:19:59", CLOSED),
        ("2027-01-04 09:20:00", TAKEN),
        ("2027-01-04 15:30:00", CLOSED),
        ("2026-11-19 16:29:59", TAKEN),
    ],
)
async def test_krx_takes_orders_in_its_hours(moment: str, code: str) -> None:
    assert await code_at(moment, {}) == code


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (f"{NEW} 08:00:00", "40570000"),
        (f"{NEW} 09:00:00", "40600000"),
        (f"{NEW} 15:30:00", "40580000"),
        ("2026-11-21 10:00:00", "40100000"),
    ],
)
async def test_paper_has_codes_of_its_own_for_the_time(moment: str, code: str) -> None:
    assert await code_at(moment, {}, Profile.PAPER) == code


@pytest.mark.parametrize(
    ("moment", "changed", "code"),
    [
        (f"{NEW} 16:30", {"ORD_DVSN": "41", **SAMSUNG}, TAKEN),
        (f"{NEW} 16:30", {"ORD_DVSN": "44", **SAMSUNG, "ORD_UNPR": "0"}, TAKEN),
        (f"{NEW} 19:59", {"ORD_DVSN": "47", **SAMSUNG, "ORD_UNPR": "0"}, TAKEN),
        (f"{NEW} 20:00", {"ORD_DVSN": "41", **SAMSUNG}, CLOSED),
        (f"{NEW} 16:30", {"ORD_DVSN": "41"}, "APBK3013"),
        (f"{NEW} 16:30", {"ORD_DVSN": "01", **SAMSUNG, "ORD_UNPR": "0"}, "APBK3013"),
        (f"{NEW} 16:30", {"ORD_DVSN": "41", "PDNO": "000040", "ORD_UNPR": "1205"}, "APBK3013"),
        (f"{OLD} 16:30", {"ORD_DVSN": "41", **SAMSUNG}, CLOSED),
        (f"{OLD} 16:30", {"ORD_DVSN": "07", **SAMSUNG}, TAKEN),
        (f"{NEW} 16:30", {"ORD_DVSN": "07", **SAMSUNG}, "APBK3013"),
        (f"{NEW} 15:45", {"ORD_DVSN": "06", **SAMSUNG, "ORD_UNPR": "0"}, TAKEN),
        (f"{NEW} 08:35", {"ORD_DVSN": "05", **SAMSUNG, "ORD_UNPR": "0"}, TAKEN),
        (f"{NEW} 08:45", {"ORD_DVSN": "05", **SAMSUNG, "ORD_UNPR": "0"}, CLOSED),
        (f"{NEW} 15:25", {"ORD_DVSN": "02", **SAMSUNG}, CLOSED),
        (f"{NEW} 15:25", {"ORD_DVSN": "11", **SAMSUNG}, CLOSED),
        (f"{NEW} 08:05", {"EXCG_ID_DVSN_CD": "NXT", **SAMSUNG}, TAKEN),
        (f"{NEW} 08:05", {"EXCG_ID_DVSN_CD": "NXT", "ORD_DVSN": "27", **SAMSUNG}, TAKEN),
        (f"{OLD} 08:05", {"EXCG_ID_DVSN_CD": "NXT", "ORD_DVSN": "27", **SAMSUNG}, "APBK1943"),
        (f"{NEW} 08:52", {"EXCG_ID_DVSN_CD": "NXT", **SAMSUNG}, CLOSED),
        (f"{NEW} 15:25", {"EXCG_ID_DVSN_CD": "NXT", **SAMSUNG}, CLOSED),
        (f"{NEW} 15:35", {"EXCG_ID_DVSN_CD": "NXT", **SAMSUNG}, TAKEN),
        (f"{OLD} 15:35", {"EXCG_ID_DVSN_CD": "NXT", **SAMSUNG}, CLOSED),
        (f"{NEW} 19:30", {"EXCG_ID_DVSN_CD": "SOR", **SAMSUNG}, TAKEN),
    ],
)
async def test_each_type_has_its_session(moment: str, changed: dict[str, str], code: str) -> None:
    assert await code_at(moment, changed) == code


async def state(client: Client, number: str) -> tuple[str, str, str]:
    """Return filled, average price and remaining units."""
    row = (await client.daily(ODNO=number, EXCG_ID_DVSN_CD="ALL")).body["output1"][0]
    return row["tot_ccld_qty"], row["avg_prvs"], row["rmn_qty"]


async def until(client: Client, text: str) -> None:
    await client.clock.sleep((at(text) - client.clock.now()).total_seconds())


async def test_the_opening_auction_trades_at_one_price() -> None:
    async with trading(Profile.REAL, at=at(f"{NEW} 08:30")) as client:
        above = await client.bought(ORD_UNPR="41500")
        at_market = await client.bought(ORD_DVSN="01", ORD_UNPR="0")
        below = await client.bought(ORD_UNPR="41000")
        client.simulator.host.market.auction["069500"] = Decimal(41_450)
        expected = (await client.quote("book", "069500")).body["output2"]["antc_cnpr"]
        assert expected == "41450"
        await until(client, f"{NEW} 09:00:01")
        assert await state(client, above) == ("3", "41450", "0")
        assert await state(client, at_market) == ("3", "41450", "0")
        assert await state(client, below) == ("0", "0", "3"), "it goes on in the day"


async def test_the_closing_auction_takes_limits_and_market_orders_and_ends_the_day() -> None:
    async with trading(Profile.REAL, at=at(f"{NEW} 15:19")) as client:
        conditional = await client.bought(ORD_DVSN="02", ORD_UNPR="41000")
        resting = await client.bought(ORD_UNPR="41350")
        await until(client, f"{NEW} 15:25:00")
        at_market = await client.bought(ORD_DVSN="01", ORD_UNPR="0")
        client.simulator.set_price("069500", Decimal(41_350))
        assert await state(client, resting) == ("0", "0", "3"), "nothing trades meanwhile"
        client.simulator.host.market.auction["069500"] = Decimal(41_380)
        await until(client, f"{NEW} 15:30:01")
        assert await state(client, conditional) == ("3", "41380", "0"), "a market order by now"
        assert await state(client, at_market) == ("3", "41380", "0")
        assert await state(client, resting) == ("0", "0", "0")
        row = await client.row(resting)
        assert (row["cncl_cfrm_qty"], row["cncl_yn"]) == ("3", "N")
        client.simulator.switches.set("expired_rows", "remaining")
        assert await state(client, resting) == ("0", "0", "3")
        assert (await client.cancel(resting)).code == "APBK0927"


async def test_the_close_price_trades_before_and_after_the_day() -> None:
    async with trading(Profile.REAL, at=at(f"{NEW} 15:29")) as client:
        client.simulator.host.market.auction["005930"] = Decimal(72_000)
        await until(client, f"{NEW} 15:45:00")
        close = {"PDNO": "005930", "ORD_UNPR": "0"}
        number = await client.bought(ORD_DVSN="06", **close)
        assert await state(client, number) == ("3", "72000", "0")
        await until(client, "2026-11-23 08:35:00")
        await client.log_in()
        client.simulator.switches.visible_to_s = 0.0
        reply = await client.order(ORD_DVSN="05", **close)
        rows = (await client.daily(INQR_STRT_DT="20261123", INQR_END_DT="20261123")).body["output1"]
        assert [(row["odno"], row["avg_prvs"]) for row in rows] == [
            (reply.body["output"]["ODNO"], "72000")
        ]


async def test_orders_of_the_other_venue_outlive_the_regular_close() -> None:
    async with trading(Profile.REAL, at=at(f"{NEW} 15:00")) as client:
        nxt = await client.bought(EXCG_ID_DVSN_CD="NXT", **SAMSUNG)
        await until(client, f"{NEW} 15:35:00")
        assert await state(client, nxt) == ("0", "0", "3")
        client.simulator.set_price("005930", Decimal(71_000))
        assert await state(client, nxt) == ("3", "71000", "0")
        late = await client.bought(EXCG_ID_DVSN_CD="NXT", PDNO="005930", ORD_UNPR="70000")
        await until(client, f"{NEW} 20:00:01")
        assert await state(client, late) == ("0", "0", "0")


async def test_a_pre_market_order_of_its_own_type_ends_with_it() -> None:
    async with trading(Profile.REAL, at=at(f"{NEW} 08:10")) as client:
        number = await client.bought(EXCG_ID_DVSN_CD="NXT", ORD_DVSN="27", **SAMSUNG)
        await until(client, f"{NEW} 08:50:01")
        assert await state(client, number) == ("0", "0", "0")


async def test_the_limits_of_a_day_lie_around_the_regular_close_before() -> None:
    async with trading(Profile.REAL, at=at(f"{NEW} 15:29")) as client:
        client.simulator.host.market.auction["005930"] = Decimal(80_000)
        await until(client, f"{NEW} 17:00:00")
        client.simulator.set_price("005930", Decimal(85_000))
        await until(client, "2026-11-23 09:10:00")
        await client.log_in()
        price = (await client.quote("price", "005930")).body["output"]
        assert (price["stck_sdpr"], price["stck_mxpr"], price["stck_llam"]) == (
            "80000",
            "104000",
            "56000",
        )


async def test_the_market_walks_by_the_seed_while_it_trades() -> None:
    async def path(seed: int) -> list[str]:
        async with trading(Profile.REAL, at=at(f"{NEW} 14:00"), seed=seed, walk_s=1) as client:
            seen = []
            await client.clock.sleep(0.5)
            for _ in range(15):
                await client.clock.sleep(1)
                seen.append(str(client.simulator.host.market.last("SOXL")))
                seen.append(str(client.simulator.host.market.last("005930")))
            return seen

    first = await path(1)
    assert first == await path(1)
    assert first != await path(2)
    assert len(set(first[::2])) == 1, "New York sleeps"


def test_a_calendar_ends_where_nothing_opens_for_weeks() -> None:
    days = [date(2026, 11, day) for day in range(1, 31)]
    hours = Hours(Country.KOREA, closed=days)
    with pytest.raises(ValueError, match="no trading day follows"):
        hours.next_day(date(2026, 11, 1))
    with pytest.raises(ValueError, match="nothing happens after"):
        hours.next_turn(at("2026-11-02 10:00"))
