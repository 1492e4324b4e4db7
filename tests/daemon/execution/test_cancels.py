from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from adapters.paper import Fault
from algorithms.domain import AccountName, OrderType, Side
from daemon.execution.commands import Cancel, CancelAll, Venue
from tests.support.houses import house
from tests.support.mortal import Life
from tests.support.world import THREE_BOOKS, buy, cancel, cancel_all, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import Told, World

LIMIT, TWAP = OrderType.LIMIT, OrderType.TWAP
LOW = buy("TQQQ", "1", kind=LIMIT, price="90")
SHARED = house({"a": ("alpha", "main"), "b": ("beta", "main")})


async def rest(day: World, strategy: str, count: int, symbol: str = "TQQQ") -> list[str]:
    """Leave some orders resting at the exchange; return our ids of them."""
    told = await day.submit(strategy, *[buy(symbol, "1", kind=LIMIT, price="9")] * count)
    assert told.http_status == 200, told
    return [one["id"] for r in told.body["results"] for one in r["orders"]]


def only_order(told: Told) -> dict[str, object]:
    (result,) = told.body["results"]
    (order,) = result["orders"]
    assert isinstance(order, dict)
    return order


async def states(day: World) -> list[tuple[str, str]]:
    return [(row["strategy"], row["status"]) for row in await day.rows("all_parents")]


class TestCancelAll:
    async def test_it_ends_three_of_its_own_and_leaves_two_of_another(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            await rest(day, "alpha", 3)
            await rest(day, "beta", 2)
            told = await day.submit("alpha", cancel_all())
            assert (told.http_status, told.body["cancelled_orders"]) == (200, 3)
            assert await day.resting() == {"beta": 2}

    async def test_two_strategies_one_after_the_other_each_end_their_own(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path, SHARED) as day:
            await rest(day, "alpha", 1, "SOXL")
            await rest(day, "beta", 1, "SOXL")
            for strategy, left in (("beta", {"alpha": 1}), ("alpha", {})):
                told = await day.submit(strategy, cancel_all())
                assert told.body["cancelled_orders"] == 1
                assert await day.resting() == left

    async def test_all_accounts_of_a_strategy_are_meant(self, tmp_path: Path) -> None:
        text = house({"a": ("alpha", "one"), "b": ("alpha", "two")})
        async with world(tmp_path, text) as day:
            await day.submit("alpha", buy("TQQQ", "1", kind=LIMIT, price="90", account="one"))
            for price in ("90", "91"):
                await day.submit("alpha", buy("TQQQ", "1", kind=LIMIT, price=price, account="two"))
            told = await day.submit("alpha", cancel_all())
            assert told.body["cancelled_orders"] == 3
            assert [(r["account_id"], r["cancelled"]) for r in told.body["results"]] == [
                ("one", 1),
                ("two", 2),
            ]
            assert [await day.resting(name) for name in ("one", "two")] == [{}, {}]

    async def test_an_owner_and_two_subscribers_end_nine(self, tmp_path: Path) -> None:
        text = house({name: ("alpha", name) for name in ("owner", "kim", "lee")})
        async with world(tmp_path, text) as day:
            await rest(day, "alpha", 3)
            assert (await day.submit("alpha", cancel_all())).body["cancelled_orders"] == 9
            assert [await day.resting(name) for name in ("owner", "kim", "lee")] == [{}] * 3

    async def test_ten_accounts_are_cancelled_side_by_side(self, tmp_path: Path) -> None:
        names = [f"n{number}" for number in range(10)]
        text = house(
            {name: ("alpha", name) for name in names},
            paper=dict.fromkeys(names, "latency_ms = 50"),
        )
        async with world(tmp_path, text) as day:
            await day.pass_time(2)
            await rest(day, "alpha", 5)
            before = day.clock.monotonic()
            told = await day.submit("alpha", cancel_all())
            assert told.body["cancelled_orders"] == 50
            assert day.clock.monotonic() - before < 0.2

    async def test_a_symbol_a_side_or_an_account_narrows_it(self, tmp_path: Path) -> None:
        text = house({"a": ("alpha", "one"), "b": ("alpha", "two")})
        async with world(tmp_path, text) as day:
            await rest(day, "alpha", 4, "SOXL")
            await rest(day, "alpha", 2, "TQQQ")
            told = await day.submit("alpha", cancel_all("SOXL"))
            assert told.body["cancelled_orders"] == 8
            one = Venue(account=AccountName("one"))
            told = await day.submit("alpha", CancelAll(symbol=None, side=None, venue=one))
            assert told.body["cancelled_orders"] == 2
            told = await day.submit("alpha", cancel_all(side=Side.SELL))
            assert told.body["message"] == "no open orders to cancel"
            assert [await day.resting(name) for name in ("one", "two")] == [{}, {"alpha": 2}]

    async def test_a_waiting_twap_and_its_working_slice_end_too(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            waiting = buy("TQQQ", "2", kind=TWAP, slices=2, minutes="60")
            await day.submit("alpha", waiting)
            await day.submit("beta", waiting)
            told = await day.submit("alpha", cancel_all())
            assert told.body["cancelled_orders"] == 1
            await day.pass_time(3600)
            assert await states(day) == [("alpha", "cancelled"), ("beta", "done")]
            assert await day.held("a", "TQQQ") == 0

    async def test_nothing_open_is_success(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            await rest(day, "beta", 1)
            told = await day.submit("alpha", cancel_all())
            assert (told.http_status, told.body["success"]) == (200, True)
            assert told.body["message"] == "no open orders to cancel"
            assert await day.resting() == {"beta": 1}


class TestById:
    async def test_an_order_is_cancelled_by_any_of_its_ids(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            for column in ("parent_id", "id", "broker_order_id"):
                await rest(day, "alpha", 1)
                child = (await day.rows("all_live_children"))[-1]
                told = await day.submit("alpha", cancel(child[column]))
                assert only_order(told)["outcome"] == "cancelled"
                assert await day.resting() == {}

    async def test_another_strategys_order_is_not_found_by_any_id(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            await rest(day, "beta", 1)
            (child,) = await day.rows("all_live_children")
            for column in ("parent_id", "id", "broker_order_id"):
                told = await day.submit("alpha", cancel(child[column]))
                assert told.http_status == 422
                assert str(only_order(told)["error"]).startswith("order_not_found: ")
            assert await day.resting() == {"beta": 1}

    async def test_a_number_that_is_open_in_two_accounts_is_nobodys_guess(
        self, tmp_path: Path
    ) -> None:
        text = house({"a": ("alpha", "one"), "b": ("alpha", "two")})
        async with world(tmp_path, text) as day:
            await rest(day, "alpha", 1)
            told = await day.submit("alpha", cancel("1"))
            assert str(only_order(told)["error"]).startswith("order_ambiguous: ")
            two = Venue(account=AccountName("two"))
            told = await day.submit("alpha", Cancel(order_id="1", venue=two))
            assert told.body["cancelled_orders"] == 1
            assert [await day.resting(name) for name in ("one", "two")] == [{"alpha": 1}, {}]
            # Only one order with this number is open now.
            assert (await day.submit("alpha", cancel("1"))).body["cancelled_orders"] == 1

    async def test_an_order_in_another_account_than_named_is_not_meant(
        self, tmp_path: Path
    ) -> None:
        text = house({"a": ("alpha", "one"), "b": ("alpha", "two")})
        async with world(tmp_path, text) as day:
            first, _ = await rest(day, "alpha", 1)
            two = Venue(account=AccountName("two"))
            told = await day.submit("alpha", Cancel(order_id=first, venue=two))
            assert str(only_order(told)["error"]).startswith("order_not_found: ")
            assert await day.resting("one") == {"alpha": 1}

    async def test_an_order_that_has_ended_is_not_cancelled_again(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            (first,) = await rest(day, "alpha", 1)
            assert (await day.submit("alpha", cancel(first))).body["cancelled_orders"] == 1
            told = await day.submit("alpha", cancel(first))
            assert (told.http_status, told.body["cancelled_orders"]) == (200, 0)
            assert told.body["message"] == "1 order ended before the cancel"

    async def test_an_order_that_is_meant_twice_counts_once(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            (first,) = await rest(day, "alpha", 1)
            told = await day.submit("alpha", cancel(first), cancel_all(), cancel(first))
            assert (told.http_status, told.body["cancelled_orders"]) == (200, 1)
            assert only_order(told)["id"] == first


class TestTiming:
    async def test_an_order_cannot_escape_by_being_placed_at_that_moment(
        self, tmp_path: Path
    ) -> None:
        text = house({"a": ("alpha", "main")}, paper={"main": "latency_ms = 100"})
        async with world(tmp_path, text) as day:
            await rest(day, "alpha", 1)

            async def a_little_later() -> Told:
                while "sending" not in {row["state"] for row in await day.rows("all_children")}:
                    await day.pass_time(0.01)
                return await day.submit("alpha", cancel_all())

            placed, told = await asyncio.gather(day.submit("alpha", LOW), a_little_later())
            assert placed.body["success"] is True
            assert told.body["cancelled_orders"] == 2
            assert await day.resting() == {}

    @pytest.mark.parametrize("fault", [Fault.RESET_BEFORE, Fault.RESET_AFTER])
    async def test_an_order_of_unknown_fate_ends_as_soon_as_that_is_known(
        self, tmp_path: Path, fault: Fault
    ) -> None:
        async with world(tmp_path, SHARED) as day:
            await rest(day, "beta", 1)
            broker = day.exchange()
            broker.faults.script("place", fault)
            for _ in range(3):
                broker.faults.script("find", Fault.RESET_BEFORE)
            waiting, told = await asyncio.gather(
                day.submit("alpha", LOW), later(day, 0.3, cancel_all())
            )
            assert waiting.http_status == (200 if fault is Fault.RESET_AFTER else 202)
            await day.pass_time(30)
            final = await day.status("alpha", told.body["id"])
            assert final is not None
            assert final.body["status"] == "done"
            assert await day.resting() == {"beta": 1}
            assert await day.rows("unfinished_requests") == []
            assert [row["status"] for row in await day.rows("all_parents")][1] in {
                "cancelled",
                "failed",
            }

    async def test_an_order_that_was_filled_meanwhile_is_booked_and_no_failure(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path, SHARED) as day:
            await day.submit("alpha", LOW)
            broker = day.exchange()
            broker.faults.script_event(Fault.LOST_EVENT)
            await broker.exchange.set_price(LOW.symbol, LOW.price or 0)  # type: ignore[arg-type]
            told = await day.submit("alpha", cancel_all())
            assert told.http_status == 200
            assert only_order(told)["outcome"] == "filled_meanwhile"
            assert await day.held("a", "TQQQ") == 1

    async def test_what_a_cut_order_had_filled_is_kept(self, tmp_path: Path) -> None:
        text = house({"a": ("alpha", "main")}, paper={"main": 'fill = "partial"\nseed = 3'})
        async with world(tmp_path, text) as day:
            await day.submit("alpha", buy("TQQQ", "100", kind=LIMIT, price="100"))
            await day.pass_time(1)
            told = await day.submit("alpha", cancel_all())
            assert told.body["cancelled_orders"] == 1
            held = await day.held("a", "TQQQ")
            assert 0 < held < 100
            assert (await day.exchange().holdings()).positions[LOW.symbol] == held
            assert await day.reserved("a", "USD") == 0

    async def test_orders_that_queue_before_the_cancel_do_not_escape_it(
        self, tmp_path: Path
    ) -> None:
        text = house(
            {"a": ("alpha", "one"), "b": ("alpha", "two")},
            paper={"one": "latency_ms = 300", "two": "latency_ms = 300"},
        )
        async with world(tmp_path, text) as day:
            await day.pass_time(5)
            # Nothing is known of the symbol: the order waits for both brokers' terms.
            one = Venue(account=AccountName("one"))
            placed, told, _ = await asyncio.gather(
                day.submit("alpha", LOW),
                later(day, 0.2, CancelAll(symbol=None, side=None, venue=one)),
                later(day, 0.3, buy("TQQQ", "2", kind=LIMIT, price="80")),
            )
            await day.pass_time(5)
            assert told.body["cancelled_orders"] == 0
            final = await day.status("alpha", placed.body["id"])
            assert final is not None
            # The cancel was about the one account only; the order in the other was not its concern.
            assert {r["account_id"]: r["success"] for r in final.body["results"]} == {
                "one": False,
                "two": True,
            }
            assert final.body["results"][0]["orders"][0]["error"].startswith("cancelled: ")
            assert [await day.resting(name) for name in ("one", "two")] == [
                {"alpha": 1},
                {"alpha": 2},
            ]

    async def test_a_dead_account_delays_only_itself_and_is_reported_at_the_deadline(
        self, tmp_path: Path
    ) -> None:
        text = house({"a": ("alpha", "one"), "b": ("alpha", "two")})
        async with world(tmp_path, text) as day:
            await rest(day, "alpha", 2)
            for _ in range(100):
                day.exchange("two").faults.script("cancel", Fault.RESET_BEFORE)
                day.exchange("two").faults.script("find", Fault.RESET_BEFORE)
            told = await day.submit("alpha", cancel_all())
            assert told.http_status == 202
            assert [await day.resting(name) for name in ("one", "two")] == [{}, {"alpha": 2}]
            await day.pass_time(10)
            final = await day.status("alpha", told.body["id"])
            assert final is not None
            assert final.body["status"] == "partial"
            assert (final.body["cancelled_orders"], final.body["failed_orders"]) == (2, 2)
            # Orders may follow now; what is left goes on in the background until it is done.
            again = await day.submit(
                "alpha", buy("TQQQ", "1", kind=LIMIT, price="90", account="one")
            )
            assert again.http_status == 200
            await day.pass_time(1000)
            assert [await day.resting(name) for name in ("one", "two")] == [{"alpha": 1}, {}]

    async def test_orders_behind_a_cancel_that_never_ends_follow_after_the_deadline(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path, SHARED) as day:
            await rest(day, "alpha", 1)
            for _ in range(50):
                day.exchange().faults.script("cancel", Fault.RESET_BEFORE)
                day.exchange().faults.script("find", Fault.RESET_BEFORE)
            told = await day.submit("alpha", cancel_all(), LOW)
            assert told.http_status == 202
            await day.pass_time(8.5)
            assert await day.resting() == {"alpha": 2}
            final = await day.status("alpha", told.body["id"])
            assert final is not None
            assert final.body["message"] == "1 order accepted, 1 order not confirmed yet"
            await day.pass_time(1000)
            assert await day.resting() == {"alpha": 1}

    async def test_a_cancel_goes_on_after_a_kill(self, tmp_path: Path) -> None:
        life = Life()
        async with world(tmp_path, SHARED, life=life) as day:
            await rest(day, "alpha", 2)
            await rest(day, "beta", 1)
            for _ in range(20):
                day.exchange().faults.script("cancel", Fault.RESET_BEFORE)
                day.exchange().faults.script("find", Fault.RESET_BEFORE)
            told = await day.submit("alpha", cancel_all(), LOW)
            assert told.http_status == 202
            clock = day.clock
            await life.kill()
        async with world(tmp_path, SHARED, clock=clock, seed=2) as day:
            await day.pass_time(20)
            final = await day.status("alpha", told.body["id"])
            assert final is not None
            assert final.body["message"] == "1 order accepted, 2 orders cancelled"
            assert await day.resting() == {"alpha": 1, "beta": 1}

    async def test_a_cancel_is_carried_out_however_old_it_is(self, tmp_path: Path) -> None:
        life = Life()
        async with world(tmp_path, life=life) as day:
            await rest(day, "alpha", 1)
            day.exchange().faults.script("cancel", Fault.ANSWER_LOST_BEFORE)
            told = await day.submit("alpha", cancel_all())
            assert told.http_status == 202
            clock = day.clock
            await life.kill()
        await clock.sleep(3600)
        async with world(tmp_path, THREE_BOOKS, clock=clock, seed=2) as day:
            await day.pass_time(5)
            assert await day.resting() == {}
            final = await day.status("alpha", told.body["id"])
            assert final is not None
            assert final.body["status"] in {"done", "failed"}  # it may end before or at its report

    async def test_a_refused_cancel_and_a_rate_limit_are_tried_again(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            await rest(day, "alpha", 1)
            for fault in (Fault.REJECT, Fault.RATE_LIMIT, Fault.SERVER_ERROR_AFTER):
                day.exchange().faults.script("cancel", fault)
            told = await day.submit("alpha", cancel_all())
            await day.pass_time(5)
            final = await day.status("alpha", told.body["id"])
            assert final is not None
            assert (final.body["status"], final.body["cancelled_orders"]) == ("done", 1)

    async def test_a_sell_and_a_buy_are_told_apart_by_side(self, tmp_path: Path) -> None:
        async with world(tmp_path, SHARED) as day:
            await day.submit("alpha", buy("TQQQ", "5"))
            await day.pass_time(1)
            await day.submit("alpha", sell("TQQQ", "5", kind=LIMIT, price="200"))
            await rest(day, "alpha", 1)
            told = await day.submit("alpha", cancel_all(side=Side.SELL))
            assert told.body["cancelled_orders"] == 1
            assert await day.resting() == {"alpha": 1}


async def later(day: World, seconds: float, *commands: CancelAll | object) -> Told:
    await day.pass_time(seconds)
    return await day.submit("alpha", *commands)  # type: ignore[arg-type]
