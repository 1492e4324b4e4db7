from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from adapters.paper import Fault
from algorithms.domain import OrderType
from daemon.execution import desk
from daemon.execution.desk import KeyReusedError
from daemon.execution.intake import Intake
from tests.support.houses import house
from tests.support.mortal import Life
from tests.support.world import THREE_BOOKS, buy, cancel, cancel_all, sell, started, world

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from daemon.execution.commands import Place
    from daemon.execution.intake import Placed
    from daemon.storage.tx import Tx
    from tests.support.world import Told, World

LIMIT, TWAP = OrderType.LIMIT, OrderType.TWAP
LOW = buy("TQQQ", "1", kind=LIMIT, price="90")
SLOW = {"main": "latency_ms = 600"}
UNTIL_CONNECTED_S = 5
IMPATIENT = "[webhook]\nwait_seconds = 0.5\n"


async def order_count(day: World) -> int:
    return len(await day.rows("all_parents"))


class TestOnce:
    async def test_the_second_call_with_a_key_gets_the_first_ones_answer(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as day:
            first = await day.send("alpha", LOW, key="k1")
            await day.pass_time(3600)
            assert await day.send("alpha", LOW, key="k1") == first
            assert await order_count(day) == 1

    async def test_a_key_sent_twice_at_once_places_one_order(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            told = await asyncio.gather(*(day.send("alpha", LOW, key="k1") for _ in range(5)))
            assert all(one == told[0] for one in told)
            assert told[0].http_status == 200
            assert await order_count(day) == 1

    async def test_a_key_with_another_body_is_refused(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            await day.send("alpha", LOW, key="k1")
            with pytest.raises(KeyReusedError):
                await day.send("alpha", cancel_all(), key="k1")
            assert (await day.resting())["alpha"] == 1
            assert day.engine.desk.in_hand == 0

    async def test_strategies_do_not_share_their_keys(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            first = await day.send("alpha", LOW, key="k1")
            second = await day.send("beta", LOW, key="k1")
            assert first.body["id"] != second.body["id"]
            assert await day.send("alpha", LOW, key="k1") == first
            assert await day.send("beta", LOW, key="k1") == second
            assert await order_count(day) == 2

    async def test_the_same_body_soon_again_is_a_repeat_and_later_an_order(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as day:
            first = await day.send("alpha", LOW)
            await day.pass_time(9)
            again = await day.send("alpha", LOW)
            assert again.body == first.body | {"duplicate": True}
            assert day.told("request_repeated") == 1
            await day.pass_time(2)
            later = await day.send("alpha", LOW)
            assert "duplicate" not in later.body
            assert await order_count(day) == 2
            # The first one can still be asked for, and the third one is now the one repeated.
            assert (await day.send("alpha", LOW)).body["id"] == later.body["id"]
            told = await day.status("alpha", first.body["id"])
            assert told is not None
            assert told.body == first.body

    async def test_the_same_body_twice_at_once_is_a_repeat(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            told = await asyncio.gather(*(day.send("alpha", LOW) for _ in range(3)))
            assert sorted("duplicate" in one.body for one in told) == [False, True, True]
            assert {one.body["status"] for one in told} == {"done"}
            assert await order_count(day) == 1

    async def test_a_repeat_of_what_is_still_worked_waits_for_its_answer(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path, house({"a": ("alpha", "main")}, paper=SLOW)) as day:
            await day.pass_time(UNTIL_CONNECTED_S)
            told = await asyncio.gather(day.send("alpha", LOW), day.send("alpha", LOW))
            assert [one.http_status for one in told] == [202, 202]
            assert [one.body.get("duplicate", False) for one in told] == [False, True]
            await day.pass_time(2)
            assert (await day.send("alpha", LOW)).body["status"] == "done"
            assert day.engine.desk.in_hand == 0

    async def test_a_refusal_is_repeated_too(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            first = await day.send("alpha", sell("TQQQ", "1"))
            again = await day.send("alpha", sell("TQQQ", "1"))
            assert (first.http_status, again.http_status) == (422, 422)
            assert again.body["duplicate"] is True

    async def test_a_cancel_without_a_key_is_never_a_repeat(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            for _ in range(3):
                await day.submit("alpha", LOW)
                told = await day.send("alpha", cancel_all())
                assert told.body["cancelled_orders"] == 1
                assert "duplicate" not in told.body

    async def test_all_of_this_is_remembered_over_a_restart(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            keyed = await day.send("alpha", LOW, key="k1")
            plain = await day.send("alpha", buy("TQQQ", "2", kind=LIMIT, price="90"))
            clock = day.clock
        async with world(tmp_path, clock=clock, seed=2) as day:
            assert await day.send("alpha", LOW, key="k1") == keyed
            with pytest.raises(KeyReusedError):
                await day.send("alpha", cancel_all(), key="k1")
            again = await day.send("alpha", buy("TQQQ", "2", kind=LIMIT, price="90"))
            assert again.body == plain.body | {"duplicate": True}
            await day.pass_time(11)
            later = await day.send("alpha", buy("TQQQ", "2", kind=LIMIT, price="90"))
            assert "duplicate" not in later.body
            assert await order_count(day) == 3


class TestWaiting:
    async def test_an_answer_that_takes_too_long_is_fetched_later(self, tmp_path: Path) -> None:
        async with world(tmp_path, IMPATIENT + THREE_BOOKS) as day:
            await day.submit("alpha", buy("TQQQ", "1"))
            day.exchange().faults.script("place", Fault.DELAY, delay_s=0.9)
            told = await day.submit("alpha", LOW)
            assert (told.http_status, told.body["status"]) == (202, "working")
            assert told.body["success"] is False
            working = await day.status("alpha", told.body["id"])
            assert working is not None
            assert (working.http_status, working.body["status"]) == (200, "working")
            await day.pass_time(1)
            done = await day.status("alpha", told.body["id"])
            assert done is not None
            assert (done.http_status, done.body["status"]) == (200, "done")
            assert day.engine.desk.in_hand == 0

    async def test_a_bad_outcome_is_told_by_id_with_200_and_the_same_body(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as day:
            told = await day.submit("alpha", sell("TQQQ", "1"))
            later = await day.status("alpha", told.body["id"])
            assert later is not None
            assert (later.http_status, later.body) == (200, told.body)

    async def test_nobody_learns_of_another_strategys_requests(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            told = await day.submit("alpha", LOW)
            assert await day.status("beta", told.body["id"]) is None
            assert await day.status("alpha", "01M7W2Y7M0DHW93DTR98H6BCFP") is None

    async def test_a_resting_limit_is_done_when_it_is_open_and_a_twap_when_it_is_stored(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as day:
            assert (await day.submit("alpha", LOW)).body["status"] == "done"
            slow = buy("TQQQ", "10", kind=TWAP, slices=10, minutes="60")
            told = await day.submit("alpha", slow)
            assert (told.http_status, told.body["status"]) == (200, "done")
            assert (await day.rows("all_parents"))[-1]["status"] == "open"

    async def test_an_order_the_broker_refuses_is_a_failure(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            day.exchange().faults.script("place", Fault.REJECT)
            told = await day.submit("alpha", LOW)
            assert (told.http_status, told.body["status"]) == (422, "failed")

    async def test_an_order_the_broker_never_answered_is_502_when_that_is_certain(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as day:
            day.exchange().faults.script("place", Fault.RESET_BEFORE)
            told = await day.submit("alpha", LOW)
            assert told.http_status == 202
            await day.pass_time(60)
            row = (await day.rows("request", id=told.body["id"]))[0]
            assert (row["status"], row["http_status"]) == ("failed", 502)

    async def test_an_order_whose_answer_was_lost_is_done_when_it_is_found(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as day:
            day.exchange().faults.script("place", Fault.RESET_AFTER)
            told = await day.submit("alpha", LOW)
            assert (told.http_status, told.body["status"]) == (200, "done")
            assert (await day.resting())["alpha"] == 1


class TestManyAccounts:
    BOOKS = house({"a": ("alpha", "one"), "b": ("alpha", "two"), "c": ("alpha", "three")})

    async def test_one_broken_account_leaves_the_others_their_orders(self, tmp_path: Path) -> None:
        async with world(tmp_path, self.BOOKS) as day:
            day.exchange("two").faults.script("place", Fault.REJECT)
            told = await day.submit("alpha", LOW)
            assert (told.http_status, told.body["status"]) == (207, "partial")
            assert {r["account_id"]: r["success"] for r in told.body["results"]} == {
                "one": True,
                "two": False,
                "three": True,
            }

    async def test_a_slow_account_delays_only_its_own_order(self, tmp_path: Path) -> None:
        async with world(tmp_path, IMPATIENT + self.BOOKS) as day:
            await day.submit("alpha", buy("TQQQ", "1"))
            day.exchange("two").faults.script("place", Fault.DELAY, delay_s=0.9)
            told = await day.submit("alpha", LOW)
            assert told.http_status == 202
            assert [(await day.resting(name))["alpha"] for name in ("one", "two", "three")] == [
                1,
                0,
                1,
            ]
            await day.pass_time(3)
            later = await day.status("alpha", told.body["id"])
            assert later is not None
            assert later.body["message"] == "3 orders accepted"

    async def test_an_account_that_is_not_connected_is_reported_and_costs_no_time(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "broken.csv").write_text("time,symbol,price\nyesterday,TQQQ,100\n")
        text = self.BOOKS.replace(
            '[accounts.two.paper]\nprices = { TQQQ = "100", SOXL = "50" }',
            '[accounts.two.paper]\ncsv = "broken.csv"',
        )
        async with world(tmp_path, text) as day:
            before = day.clock.monotonic()
            told = await day.submit("alpha", LOW)
            assert day.clock.monotonic() - before < 0.2
            assert told.http_status == 207
            failed = [r for r in told.body["results"] if not r["success"]]
            assert [r["account_id"] for r in failed] == ["two"]
            assert failed[0]["orders"][0]["error"].startswith("unavailable: ")


class TestBatches:
    async def test_orders_of_a_batch_wait_for_its_cancels(self, tmp_path: Path) -> None:
        async with world(tmp_path, house({"a": ("alpha", "main")}, capital="1000")) as day:
            rich = buy("TQQQ", "10", kind=LIMIT, price="90")
            assert (await day.submit("alpha", rich)).http_status == 200
            assert (await day.submit("alpha", rich)).http_status == 422
            day.exchange().faults.script("cancel", Fault.DELAY, delay_s=1)
            told = await day.submit("alpha", cancel_all(), rich)
            assert (told.http_status, told.body["cancelled_orders"]) == (200, 1)
            assert told.body["message"] == "1 order accepted, 1 order cancelled"
            assert await day.resting() == {"alpha": 1}

    async def test_a_batch_answers_for_each_of_its_orders(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            told = await day.submit(
                "alpha", cancel("nothing"), LOW, sell("TQQQ", "1"), buy("TQQQ", "0.5")
            )
            assert told.http_status == 207
            errors = [
                one["error"] for r in told.body["results"] for one in r["orders"] if one["error"]
            ]
            assert [error.split(":")[0] for error in errors] == [
                "order_not_found",
                "insufficient_holdings",
                "off_lot",
            ]
            lost = told.body["results"][0]["orders"][0]
            assert lost["id"] == "nothing"

    async def test_orders_that_arrive_while_it_cancels_are_placed_after_it_in_their_order(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as day:
            await day.submit("alpha", LOW)
            day.exchange().faults.script("cancel", Fault.DELAY, delay_s=1)
            cancelling = day.submit("alpha", cancel_all())
            late = [buy("TQQQ", str(n), kind=LIMIT, price="80") for n in (2, 3, 4)]
            told = await asyncio.gather(
                cancelling,
                *(after(day, n / 10, day.submit("alpha", one)) for n, one in enumerate(late, 1)),
            )
            assert told[0].body["cancelled_orders"] == 1
            rows = (await day.rows("all_parents"))[1:]
            assert [row["total"] for row in rows] == ["2", "3", "4"]
            assert (
                min(row["created_at"] for row in rows)
                >= max(
                    row["finished_at"]
                    for row in await day.rows("all_requests")
                    if row["finished_at"]
                )
                - 10**6
            )
            assert await day.resting() == {"alpha": 3}

    async def test_another_strategy_does_not_wait_for_the_cancel(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            await day.submit("alpha", LOW)
            day.exchange().faults.script("cancel", Fault.DELAY, delay_s=1)
            before = day.clock.monotonic()

            async def beta() -> float:
                await day.pass_time(0.1)
                await day.submit("beta", LOW)
                return day.clock.monotonic() - before

            _, took = await asyncio.gather(day.submit("alpha", cancel_all()), beta())
            assert took < 0.3


async def after(day: World, seconds: float, story: Coroutine[object, object, Told]) -> Told:
    await day.pass_time(seconds)
    return await story


class TestDurable:
    async def test_an_order_stored_before_a_kill_is_worked_after_the_restart(
        self, tmp_path: Path
    ) -> None:
        life = Life()
        async with world(tmp_path, life=life) as day:
            await day.submit("beta", LOW)
            lost = started(day.submit("alpha", LOW))
            while not await day.rows("unfinished_requests"):
                await day.pass_time(0)
            clock = day.clock
            await life.kill()
            with suppress(asyncio.CancelledError):
                await lost
        async with world(tmp_path, clock=clock, seed=2) as day:
            await day.pass_time(10)
            assert await day.resting() == {"alpha": 1, "beta": 1}
            assert await day.rows("unfinished_requests") == []

    @pytest.mark.parametrize(("down", "sent"), [(50, 1), (70, 0)])
    async def test_an_order_that_waited_is_worked_after_a_restart_unless_it_is_too_old(
        self, tmp_path: Path, down: float, sent: int
    ) -> None:
        life = Life()
        async with world(tmp_path, house({"a": ("alpha", "main")}, paper=SLOW), life=life) as day:
            await day.pass_time(UNTIL_CONNECTED_S)
            # Nothing is known of the symbol yet and the broker is slow: the order has to wait.
            lost = started(day.submit("alpha", LOW))
            await day.pass_time(0.4)
            (row,) = await day.rows("unfinished_requests")
            assert (row["unworked"], row["status"]) == (1, "stored")
            clock = day.clock
            await life.kill()
            with suppress(asyncio.CancelledError):
                await lost
        await clock.sleep(down)
        # The broker takes its time to be connected, which must not look like its refusal.
        text = house({"a": ("alpha", "main")}, paper=SLOW)
        async with world(tmp_path, text, clock=clock, seed=2) as day:
            await day.pass_time(20)
            assert (await day.resting())["alpha"] == sent
            told = await day.status("alpha", row["id"])
            assert told is not None
            assert told.body["status"] == ("done" if sent else "dropped")
            assert day.told("request_dropped") == (0 if sent else 1)

    async def test_a_dropped_batch_still_tells_what_it_cancelled(self, tmp_path: Path) -> None:
        text = house({"a": ("alpha", "main")}, top="[cancel]\ntimeout_seconds = 100\n")
        async with world(tmp_path, text) as day:
            await day.submit("alpha", LOW)
            for _ in range(18):  # with growing pauses, more than a minute
                day.exchange().faults.script("cancel", Fault.RATE_LIMIT)
            told = await day.submit("alpha", cancel_all(), buy("TQQQ", "1"))
            await day.pass_time(300)
            final = await day.status("alpha", told.body["id"])
            assert final is not None
            assert final.body["status"] == "partial"
            assert final.body["cancelled_orders"] == 1
            (dropped, _) = final.body["results"][0]["orders"]
            assert dropped["error"].startswith("too_old: ")

    @pytest.mark.parametrize("steps", range(8))
    async def test_a_caller_may_go_away_at_any_step_of_storing(
        self, tmp_path: Path, steps: int
    ) -> None:
        async with world(tmp_path) as day:
            await day.submit("alpha", LOW)
            for commands in ((cancel_all(), LOW), (cancel_all(),), (LOW,)):
                leaving = started(day.submit("alpha", *commands))
                for _ in range(steps):
                    await asyncio.sleep(0)
                leaving.cancel()
                with suppress(asyncio.CancelledError):
                    await leaving
                await day.pass_time(20)
                assert await day.rows("unfinished_requests") == []
                assert day.engine.desk.in_hand == 0
            # Whoever comes next finds the strategy's lane free.
            assert (await day.submit("alpha", LOW)).http_status == 200

    async def test_a_caller_that_goes_away_takes_nothing_back(self, tmp_path: Path) -> None:
        async with world(tmp_path, house({"a": ("alpha", "main")}, paper=SLOW)) as day:
            await day.pass_time(UNTIL_CONNECTED_S)
            for command, seconds in ((LOW, 0.12), (cancel_all(), 0.0001), (LOW, 0.0)):
                leaving = started(day.submit("alpha", command))
                await day.pass_time(seconds)
                for _ in range(3):
                    await asyncio.sleep(0)
                leaving.cancel()
                with suppress(asyncio.CancelledError):
                    await leaving
            await day.pass_time(10)
            # The first was still waiting for its broker's terms when the cancel came.
            requests = await day.rows("all_requests")
            assert [row["status"] for row in requests] == ["failed", "done", "done"]
            assert await day.resting() == {"alpha": 1}
            assert day.engine.desk.in_hand == 0


class TestKeptInMemory:
    async def test_a_busy_day_leaves_nothing_behind(self, tmp_path: Path) -> None:
        async with world(tmp_path) as day:
            for _ in range(20):
                await asyncio.gather(
                    *(
                        day.submit(name, *commands)
                        for name in ("alpha", "beta")
                        for commands in (
                            (LOW,),
                            (cancel_all(), LOW),
                            (cancel_all(),),
                            (sell("TQQQ", "5"),),
                        )
                    )
                )
            await day.pass_time(30)
            assert day.engine.desk.in_hand == 0

    async def test_a_key_that_is_not_remembered_any_more_is_still_known(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(desk, "RECENT_KEYS", 3)
        async with world(tmp_path) as day:
            first = await day.send("alpha", LOW, key="k0")
            for number in range(1, 6):
                await day.send("alpha", LOW, key=f"k{number}")
            assert await day.send("alpha", LOW, key="k0") == first
            assert await order_count(day) == 6

    async def test_one_request_that_cannot_be_worked_does_not_stop_its_strategy(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with world(tmp_path, house({"a": ("alpha", "main")}, paper=SLOW)) as day:
            await day.pass_time(UNTIL_CONNECTED_S)
            place = Intake.place

            def fails(
                intake: Intake,
                tx: Tx,
                command: Place,
                **terms: Any,  # noqa: ANN401 - passed on
            ) -> Placed:
                if command.quantity == 13:
                    raise ZeroDivisionError
                return place(intake, tx, command, **terms)

            monkeypatch.setattr(Intake, "place", fails)
            told = await asyncio.gather(
                *(
                    day.submit("alpha", buy("TQQQ", n, kind=LIMIT, price="90"))
                    for n in ("12", "13", "14")
                )
            )
            await day.pass_time(5)
            assert (await day.resting())["alpha"] == 2
            broken = await day.status("alpha", told[1].body["id"])
            assert broken is not None
            assert broken.body["status"] == "failed"
            assert day.engine.desk.in_hand == 0
