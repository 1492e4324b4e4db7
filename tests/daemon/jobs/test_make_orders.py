from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError, OrderRequest
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from daemon.execution.halts import Scope
from daemon.jobs.runs import RunStatus
from tests.daemon.jobs.mornings import DAILY, TIERED, house, morning, new_york, runs, until
from tests.support.books import BY_HAND, MAIN, all_is_well, children, fills, parents, told
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path

THURSDAY = date(2026, 11, 19)
SELLS = '{ type = "schedule", side = "sell", quantity = 6 }'


async def test_a_rule_is_asked_at_its_time_and_worked_at_the_twap_times(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": TIERED})) as here:
        await until(here, new_york(9, 34))
        assert parents(here) == []

        await until(here, new_york(9, 36))
        (order,) = parents(here)
        assert (order["kind"], order["total"], order["slices"]) == ("BUY", "1000", 4)
        assert children(here) == []

        await until(here, new_york(10, 30))
        # 1000/4, 800/3, 600/2 and 400 at 100.50, in whole units.
        assert [row["quantity"] for row in children(here)] == ["2", "2", "2", "3"]
        assert parents(here)[0]["reason"] == "residual_below_one_lot"
        assert await here.held("bot", "TQQQ") == Decimal(9)
        (decided,) = told(here, "rule_decided")
        assert decided["decision"].startswith("BUY for 1000, nothing held yet: price 100")
        await all_is_well(here)


async def test_all_books_are_asked_before_any_is_netted(tmp_path: Path) -> None:
    text = house({"first": DAILY, "second": DAILY, "seller": SELLS})
    async with morning(tmp_path, text) as here:
        await here.submit("seller", buy("TQQQ", "6"))

        await until(here, new_york(9, 36))

        (pair,) = told(here, "pair_crossed")
        assert (pair["buyer"], pair["seller"], pair["quantity"]) == ("first", "seller", "6")
        assert parents(here, "book = 'seller' AND kind = 'SELL'")[0]["status"] == "done"
        assert len(fills(here, "source = 'broker'")) == 1
        await all_is_well(here)


async def test_a_restart_asks_no_book_twice(tmp_path: Path) -> None:
    text = house({"bot": DAILY})
    async with morning(tmp_path, text) as here:
        await until(here, new_york(9, 36))
        clock = here.clock
    async with morning(tmp_path, text, clock=clock, seed=2) as here:
        await until(here, new_york(9, 38))
        assert len(parents(here)) == 1
        assert runs(here, "make_orders") == [
            ("make_orders", "", "2026-11-20", RunStatus.DONE),
            ("make_orders", "bot", "2026-11-20", RunStatus.DONE),
        ]


async def test_after_down_time_the_job_still_runs_inside_its_window(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY}), at=new_york(9, 55)) as here:
        await here.pass_time(10)
        (order,) = parents(here)
        assert order["slices"] == 2  # those of 10:00 and 10:10 are left
        assert told(here, "job_missed") == []


async def test_later_than_that_it_is_reported_as_missed(tmp_path: Path) -> None:
    text = house({"bot": DAILY})
    async with morning(tmp_path, text) as here:
        await until(here, new_york(11))
        clock = here.clock
    await clock.sleep((new_york(12, day=24) - clock.now()).total_seconds())
    async with morning(tmp_path, text, clock=clock, seed=2) as here:
        await here.pass_time(60)
        assert len(parents(here)) == 1
        missed = {(each["job"], each["count"], each["day"]) for each in told(here, "job_missed")}
        assert ("make_orders", "2", "2026-11-24") in missed
        assert ("twap open+40m", "2", "2026-11-24") in missed


async def test_a_day_without_trading_makes_no_orders_and_says_so(tmp_path: Path) -> None:
    text, thursday = house({"bot": DAILY}), new_york(9, day=19)
    async with morning(tmp_path, text, at=thursday, closed=[THURSDAY]) as here:
        await until(here, new_york(12, day=19))
        assert parents(here) == []
        (notice,) = told(here, "no_trading_day")
        assert notice == {"day": "2026-11-19", "market": "XNYS"}
        await until(here, new_york(12))
        assert len(parents(here)) == 1


async def test_days_that_the_configuration_leaves_out_make_no_orders(tmp_path: Path) -> None:
    text = house({"bot": DAILY}).replace("[schedule]", '[schedule]\nweekdays = ["mon"]')
    async with morning(tmp_path, text) as here:
        await until(here, new_york(12))
        assert (len(parents(here)), len(told(here, "no_trading_day"))) == (0, 1)


async def test_what_an_earlier_day_left_is_reported_and_ended_with_its_fills(
    tmp_path: Path,
) -> None:
    text = house({"bot": DAILY})
    async with morning(tmp_path, text) as here:
        await until(here, new_york(9, 51))
        assert [row["quantity"] for row in children(here)] == ["2", "2"]
        clock = here.clock
    await clock.sleep((new_york(9, day=23) - clock.now()).total_seconds())
    async with morning(tmp_path, text, clock=clock, seed=2) as here:
        await until(here, new_york(9, 36, day=23))
        old, new = parents(here)
        assert (old["status"], old["remain"], new["status"]) == ("expired", "600", "open")
        (stale,) = told(here, "stale_order")
        assert (stale["day"], stale["remain"], stale["total"]) == ("2026-11-20", "600", "1000")
        assert await here.held("bot", "TQQQ") == 4
        await all_is_well(here)


async def test_a_live_order_of_an_earlier_day_is_cancelled_before_the_rule_is_asked(
    tmp_path: Path,
) -> None:
    still = "[twap]\nprice_offset_percent = 0\n[reconcile]"
    text = house({"bot": DAILY}).replace("[reconcile]", still)
    async with morning(tmp_path, text) as here:
        await here.pass_time((new_york(9, 40) - here.clock.now()).total_seconds() - 0.2)
        await here.engine.services.market.quote(MAIN, Symbol("TQQQ"))
        await here.exchange().exchange.set_price(Symbol("TQQQ"), Decimal(101))
        await here.pass_time(5)
        assert await here.resting() == {"bot": 1}  # at 100, which the price has left
        clock = here.clock
    await clock.sleep((new_york(9, day=23) - clock.now()).total_seconds())
    async with morning(tmp_path, text, clock=clock, seed=2) as here:
        await until(here, new_york(9, 36, day=23))
        assert [row["status"] for row in parents(here)] == ["expired", "open"]
        assert await here.resting() == {}
        await all_is_well(here)


async def test_every_difference_from_the_broker_is_told_first(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        by_hand = OrderRequest(
            client_id=ChildId(BY_HAND),
            symbol=Symbol("SOXL"),
            side=Side.BUY,
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.DAY,
            quantity=Decimal(3),
        )
        await here.exchange().place(by_hand)
        await until(here, new_york(9, 36))
        assert {
            (each["asset"], each["books"], each["broker"]) for each in told(here, "books_differ")
        } == {
            ("SOXL", "0", "3"),
            ("USD", "100000", "99850"),
        }
        assert len(parents(here)) == 1


async def test_a_silent_broker_is_asked_again_inside_the_window(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        runtime = here.engine.accounts[next(iter(here.engine.accounts))]
        compare = runtime.compare

        async def silent() -> None:
            raise BrokerUnavailableError("no answer")

        runtime.compare = silent  # type: ignore[method-assign, assignment]
        await until(here, new_york(9, 40))
        assert parents(here) == []
        runtime.compare = compare  # type: ignore[method-assign]
        await until(here, new_york(9, 41))
        assert len(parents(here)) == 1


async def test_a_broker_that_stays_silent_is_an_alarm(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        runtime = here.engine.accounts[next(iter(here.engine.accounts))]

        async def silent() -> None:
            raise BrokerUnavailableError("no answer")

        runtime.compare = silent  # type: ignore[method-assign, assignment]
        await until(here, new_york(10, 10))
        (failed,) = told(here, "job_failed")
        assert (failed["job"], failed["reason"]) == ("make_orders", "no answer")
        assert parents(here) == []


async def test_a_broker_with_a_calendar_of_its_own_has_the_last_word(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY}), at=new_york(9, day=19)) as here:

        async def closed(day: date) -> bool:
            return day != THURSDAY

        here.exchange().is_trading_day = closed  # type: ignore[attr-defined]
        await until(here, new_york(12, day=19))
        assert parents(here) == []
        (notice,) = told(here, "calendar_disagrees")
        assert (notice["calendar"], notice["broker"]) == ("it is a trading day", "it is none")
        await until(here, new_york(12))
        assert len(parents(here)) == 1


async def test_a_halted_book_gets_no_orders(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY, "other": DAILY})) as here:
        await here.engine.halts.halt(Scope.BOOK, "bot", "by hand", here.clock.now())
        await until(here, new_york(9, 36))
        assert [row["book"] for row in parents(here)] == ["other"]
        assert told(here, "rule_failed")[0]["reason"] == "book bot is halted: by hand"


async def test_the_seed_grows_after_the_close_fell(tmp_path: Path) -> None:
    growing = TIERED[:-1] + ", dynamic_seed = { drop_percent = 5, factor = 2, max = 3000 } }"
    text = house({"bot": growing}).replace("point_percent = 12", "point_percent = 50")
    async with morning(tmp_path, text, at=new_york(9, day=16)) as here:
        market = here.exchange().exchange
        for day, price in ((16, "100"), (17, "94"), (18, "94")):
            await until(here, new_york(15, day=day))
            await market.set_price(Symbol("TQQQ"), Decimal(price))
        await until(here, new_york(12, day=19))
        seeds = [
            each["decision"].split("seed ")[1].split(",")[0] for each in told(here, "rule_decided")
        ]
        assert seeds == ["1000", "1000", "2000", "2000"]
