"""A cancel over several accounts tells of each what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from adapters.paper import Fault
from algorithms.domain import OrderType, Symbol
from daemon.execution.requests import cancel_standing
from tests.support.houses import house
from tests.support.world import buy, cancel, cancel_all, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

HOUSE = house(
    {
        "a": ("alpha", "near"),
        "b": ("alpha", "far"),
        "c": ("alpha", "dead"),
        "d": ("beta", "near"),
    }
)


async def rest(day: World, account: str, *prices: str) -> None:
    for price in prices:
        order = buy("TQQQ", "1", kind=OrderType.LIMIT, price=price, account=account)
        await day.submit("alpha", order)


async def standing(day: World, request_id: str) -> dict[str, Any]:
    """Ask how a cancel stands now."""
    answer = await day.engine.store.read(lambda view: cancel_standing(view, request_id))
    assert answer is not None
    told: dict[str, Any] = orjson.loads(answer.body)
    return told


def receipts(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["account_id"]: result["receipt"] for result in told["results"]}


def counts(receipt: dict[str, Any]) -> dict[str, int]:
    return {name: value for name, value in receipt.items() if name != "phases_ms" and value}


async def test_each_account_has_a_receipt_and_a_dead_one_says_why(tmp_path: Path) -> None:
    async with world(tmp_path, HOUSE) as day:
        await rest(day, "near", "90", "91", "92")
        await rest(day, "far", "90")
        await rest(day, "dead", "90", "91")
        near = day.exchange("near")
        near.faults.script_event(Fault.LOST_EVENT)
        await near.exchange.set_price(Symbol("TQQQ"), buy("TQQQ", "1", price="92").price)  # type: ignore[arg-type]
        for _ in range(100):
            day.exchange("dead").faults.script("cancel", Fault.RESET_BEFORE)
            day.exchange("dead").faults.script("find", Fault.RESET_BEFORE)
        asked = await day.submit("alpha", cancel_all(), cancel("nothing"))
        assert asked.http_status == 202
        await day.pass_time(10)
        final = await day.status("alpha", asked.body["id"])
        assert final is not None
        told = receipts(final.body)
        assert counts(told["near"]) == {"cancelled": 2, "filled_meanwhile": 1}
        assert counts(told["far"]) == {"cancelled": 1}
        assert counts(told["dead"]) == {"unknown": 2}
        assert counts(told[""]) == {"failed": 1}
        (dead,) = (each for each in final.body["results"] if each["account_id"] == "dead")
        for order in dead["orders"]:
            assert order["outcome"] == "unconfirmed"
            assert order["error"].startswith("cancel_unconfirmed: the broker has not confirmed")
            assert "times, last: " in order["error"]
        assert told["dead"]["phases_ms"]["confirmed"] is None
        assert told["dead"]["phases_ms"]["last_sent"] is not None


async def test_what_was_not_confirmed_in_time_is_told_when_somebody_asks(tmp_path: Path) -> None:
    async with world(tmp_path, HOUSE) as day:
        await rest(day, "near", "90")
        for _ in range(8):
            day.exchange("near").faults.script("cancel", Fault.RESET_BEFORE)
            day.exchange("near").faults.script("find", Fault.RESET_BEFORE)
        asked = await day.submit("alpha", cancel_all())
        await day.pass_time(6)
        before = await standing(day, asked.body["id"])
        assert counts(receipts(before)["near"]) == {"unknown": 1}
        await day.pass_time(60)
        after = await standing(day, asked.body["id"])
        assert counts(receipts(after)["near"]) == {"cancelled": 1}
        assert receipts(after)["near"]["phases_ms"]["confirmed"] > 5000
        stored = await day.status("alpha", asked.body["id"])
        assert stored is not None
        assert counts(receipts(stored.body)["near"]) == {"unknown": 1}


async def test_an_order_of_unknown_fate_says_so_in_the_receipt(tmp_path: Path) -> None:
    async with world(tmp_path, HOUSE) as day:
        broker = day.exchange("near")
        broker.faults.script("place", Fault.RESET_BEFORE)
        for _ in range(100):
            broker.faults.script("find", Fault.RESET_BEFORE)
            broker.faults.script("cancel", Fault.RESET_BEFORE)
        await rest(day, "near", "90")
        asked = await day.submit("alpha", cancel_all())
        await day.pass_time(10)
        told = await standing(day, asked.body["id"])
        (order,) = told["results"][0]["orders"]
        assert "whether it was placed is not known yet" in order["error"]


async def test_phases_count_from_the_request_to_the_last_confirmation(tmp_path: Path) -> None:
    async with world(tmp_path, HOUSE) as day:
        await rest(day, "near", "90", "91")
        day.exchange("near").faults.script("cancel", Fault.DELAY, delay_s=0.25)
        told = await day.submit("alpha", cancel_all())
        phases = receipts(told.body)["near"]["phases_ms"]
        assert 0 <= phases["first_sent"] <= phases["last_sent"] < 250 <= phases["confirmed"]


async def test_a_request_without_cancels_has_no_receipt(tmp_path: Path) -> None:
    async with world(tmp_path, HOUSE) as day:
        told = await day.submit("beta", buy("TQQQ", "1"))
        assert "receipt" not in told.body["results"][0]
        answer = await day.engine.store.read(lambda view: cancel_standing(view, told.body["id"]))
        assert answer is None
