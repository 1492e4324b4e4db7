"""Splits: orders at the broker end first, then everything is scaled at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from adapters.paper import Fault
from adapters.paper.operations import Adjust, SplitUnits
from algorithms.bookkeeping import Ratio
from algorithms.domain import SUSPENSE, AccountName, BookName, Measure, OrderType, Side, Symbol
from daemon.audit import audit
from daemon.execution.bookkeeper import NotPossibleError
from daemon.execution.entries import Deposit, Split
from daemon.execution.persistence import Persistence
from daemon.execution.splits import NOTHING_TO_SEE
from tests.daemon.execution.ladder.stories import (
    LADDER,
    MIDNIGHT,
    evening,
    ladder_at_broker,
    loc_buy,
    loc_sell,
    stocked,
)
from tests.daemon.execution.test_bookkeeper import enter
from tests.support.books import Wish, all_is_well, children, make, parents, select, told
from tests.support.houses import house
from tests.support.mortal import Life
from tests.support.world import buy, sell, started, world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.storage.tx import Tx
    from tests.support.world import World

T = TypeVar("T")

MAIN, TQQQ = AccountName("main"), Symbol("TQQQ")
LIMIT, TWAP = OrderType.LIMIT, OrderType.TWAP
TWO = house({"a": ("alpha", "main"), "b": ("beta", "main")}, commission="0")


def split(new: int, old: int) -> Split:
    return Split(account=MAIN, symbol=TQQQ, ratio=Ratio(new, old))


async def at_the_exchange(day: World, new: int, old: int) -> None:
    await day.exchange().exchange.operate(f"{new}:{old}", SplitUnits(TQQQ, new, old))


async def position(day: World, book: str) -> dict[str, Any]:
    (row,) = select(day, "SELECT * FROM positions WHERE book = ? AND asset = 'TQQQ'", book)
    return row


async def holding(day: World) -> None:
    """Let a hold 10 bought at 100, and b 5."""
    await day.submit("alpha", buy("TQQQ", "10"))
    await day.submit("beta", buy("TQQQ", "5"))
    await day.pass_time(1)


async def test_holdings_are_scaled_and_keep_their_cost(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await enter(day, split(3, 1))
        await day.pass_time(20)
        # Entered the evening before: nothing changes until the broker has split.
        assert (day.told("split_done"), day.told("split_waits")) == (0, 1)
        await at_the_exchange(day, 3, 1)
        await day.pass_time(6)
        assert day.told("split_done") == 1
        a, b = await position(day, "a"), await position(day, "b")
        assert (a["quantity"], a["cost"]) == ("30", "1000")
        assert (b["quantity"], b["cost"]) == ("15", "500")
        await day.submit("alpha", sell("TQQQ", "30"))
        await day.pass_time(70)
        sold = (await day.rows("all_fills"))[-1]
        assert sold["profit"] == "-0.1"  # 30 x 33.33 for what had cost 1000
        await all_is_well(day)


async def test_open_orders_end_at_the_broker_and_go_on_in_new_units(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await day.submit("alpha", sell("TQQQ", "7", kind=LIMIT, price="121"))
        await day.submit("beta", buy("TQQQ", "4", kind=LIMIT, price="90.01"))
        stop = buy("TQQQ", "2", kind=OrderType.STOP_MARKET, stop="130.01")
        await day.submit("beta", stop)
        await enter(day, split(2, 1))
        await day.pass_time(1)
        await at_the_exchange(day, 2, 1)
        await day.pass_time(6)
        asked = {row["kind"] + row["order_type"]: row for row in parents(day, "ended_at IS NULL")}
        assert {name: row["remain"] for name, row in asked.items()} == {
            "SELLLIMIT": "14",
            "BUYLIMIT": "8",
            "BUYSTOP_MARKET": "4",
        }
        # A limit is never worse than asked, a stop never nearer.
        assert asked["SELLLIMIT"]["limit_price"] == "60.5"
        assert asked["BUYLIMIT"]["limit_price"] == "45"
        assert asked["BUYSTOP_MARKET"]["stop_price"] == "65.01"
        await day.pass_time(70)
        before = [row["state"] for row in children(day, "limit_price IN ('121', '90.01')")]
        assert before == ["cancelled"] * 2
        await all_is_well(day)


async def test_what_an_order_had_filled_stays_and_the_rest_is_scaled(tmp_path: Path) -> None:
    text = house({"a": ("alpha", "main")}, commission="0", paper={"main": 'fill = "partial"'})
    async with world(tmp_path, text) as day:
        await day.submit("alpha", buy("TQQQ", "12", kind=LIMIT, price="100"))
        await day.pass_time(1)
        filled = await day.held("a", "TQQQ")
        assert 0 < filled < 12
        await enter(day, split(2, 1))
        await day.pass_time(0.5)
        await at_the_exchange(day, 2, 1)
        await day.pass_time(5)
        (asked,) = parents(day)
        assert Decimal(asked["total"]) == filled + 2 * (12 - filled)
        await day.pass_time(70)
        assert await day.held("a", "TQQQ") == 24
        assert parents(day)[0]["status"] == "done"
        await all_is_well(day)


async def test_nothing_new_passes_while_orders_are_ending(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await day.submit("alpha", sell("TQQQ", "7", kind=LIMIT, price="121"))
        broker = day.exchange()
        for _ in range(4):
            broker.faults.script("cancel", Fault.RATE_LIMIT)
        await enter(day, split(2, 1))
        refused = await day.submit("beta", sell("TQQQ", "5"))
        assert refused.http_status == 422
        assert "halted: TQQQ in main rests: a split 2:1" in str(refused.body)
        assert (await day.submit("beta", buy("SOXL", "1"))).http_status == 200
        with pytest.raises(NotPossibleError, match="under way"):
            await enter(day, split(3, 1))
        await at_the_exchange(day, 2, 1)
        await day.pass_time(30)
        assert day.told("split_done") == 1
        assert (await day.submit("beta", sell("TQQQ", "10"))).http_status == 200
        await day.pass_time(70)
        await all_is_well(day)


async def test_a_split_outlives_a_kill_and_is_carried_out_once(tmp_path: Path) -> None:
    life = Life()
    async with world(tmp_path, TWO, life=life) as day:
        await holding(day)
        await day.submit("alpha", sell("TQQQ", "7", kind=LIMIT, price="121"))
        for _ in range(9):
            day.exchange().faults.script("cancel", Fault.RATE_LIMIT)
        await enter(day, split(2, 1), key="the split")
        clock = day.clock
        await life.kill()
    async with world(tmp_path, TWO, clock=clock, seed=2) as day:
        await day.pass_time(5)
        assert (await enter(day, split(2, 1), key="the split")).repeats
        await at_the_exchange(day, 2, 1)
        await day.pass_time(70)
        assert await day.held("a", "TQQQ") == 20
        assert len(select(day, "SELECT * FROM ledger_events WHERE kind = 'split'")) == 1
        await all_is_well(day)


async def test_a_twap_goes_on_with_its_slices_in_new_units(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        slow = buy("TQQQ", "8", kind=TWAP, slices=4, minutes="8")
        await day.submit("alpha", slow)
        await day.pass_time(100)
        assert await day.held("a", "TQQQ") == 2
        await enter(day, split(2, 1))
        await at_the_exchange(day, 2, 1)
        await day.pass_time(500)
        assert await day.held("a", "TQQQ") == 16
        assert parents(day)[0]["status"] == "done"
        await all_is_well(day)


async def test_orders_in_cash_keep_their_cash(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        wish = Wish(
            book="a",
            side=Side.BUY,
            value="1000",
            measure=Measure.CASH,
            order_type=TWAP,
            slices=2,
            deadline=None,
            nets=False,
            due_at=day.clock.now().replace(hour=12),
        )
        await make(day, wish)
        await enter(day, replace(split(2, 1), force=True))
        await day.pass_time(6)
        (asked,) = parents(day)
        assert (asked["remain"], asked["total"]) == ("1000", "1000")
        assert await audit(day.engine.store, None, day.clock) == ()


async def test_a_reverse_split_leaves_fractions_to_the_broker(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await day.submit("alpha", buy("TQQQ", "1"))
        await day.submit("beta", sell("TQQQ", "1", kind=LIMIT, price="150"))
        await day.pass_time(1)
        await enter(day, split(1, 2))
        await day.pass_time(1)
        await at_the_exchange(day, 1, 2)
        await day.pass_time(6)
        # 11 and 5 become 5 and 2; two halves are one share that the broker has: in suspense.
        assert (await position(day, "a"))["quantity"] == "5"
        assert (await position(day, "b"))["quantity"] == "2"
        assert await day.held(SUSPENSE, "TQQQ") == 1
        # One share to sell is half a new one: less than a lot.
        (asked,) = parents(day, "side = 'sell'")
        assert (asked["status"], asked["reason"]) == ("done", "residual_below_one_lot")
        await all_is_well(day)


async def test_what_the_comparison_put_to_suspense_first_is_taken_from_there(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await at_the_exchange(day, 2, 1)
        await day.pass_time(70)
        assert await day.held(SUSPENSE, "TQQQ") == 15
        await enter(day, split(2, 1))
        await day.pass_time(6)
        assert await day.held(SUSPENSE, "TQQQ") == 0
        assert await day.held("a", "TQQQ") == 20
        await all_is_well(day)


async def test_a_split_can_be_forced_whatever_the_broker_shows(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        forced = Split(account=MAIN, symbol=TQQQ, ratio=Ratio(2, 1), force=True)
        await enter(day, forced)
        await day.pass_time(6)
        assert await day.held("a", "TQQQ") == 20
        assert await audit(day.engine.store, None, day.clock) == ()


async def test_a_force_that_comes_too_late_is_no_second_split(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await enter(day, split(2, 1))
        await at_the_exchange(day, 2, 1)
        await day.pass_time(20)
        assert await day.held("a", "TQQQ") == 20
        with pytest.raises(NotPossibleError, match="was carried out already"):
            await enter(day, replace(split(2, 1), force=True), key="late")
        assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 200
        await enter(day, split(2, 1), key="another")
        await day.pass_time(20)
        assert await day.held("a", "TQQQ") == 21, "the broker has not split again"


async def test_a_split_that_comes_while_another_one_is_carried_out_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await enter(day, split(2, 1))
        await at_the_exchange(day, 2, 1)
        entering, write = [], Persistence.write

        async def and_the_next_is_entered(self: Persistence, work: Callable[[Tx], T]) -> T:
            entering.append(started(enter(day, split(3, 1), key="next")))
            return await write(self, work)

        with monkeypatch.context() as patch:
            patch.setattr(Persistence, "write", and_the_next_is_entered)
            await day.engine.ledger.carry_out()
        await asyncio.gather(*entering)
        assert await day.held("a", "TQQQ") == 20
        assert len(select(day, "SELECT * FROM splits")) == 2
        assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 422, "it rests again"
        await at_the_exchange(day, 3, 1)
        await day.pass_time(20)
        assert await day.held("a", "TQQQ") == 60


async def test_without_units_to_see_a_person_says_when_the_broker_has_split(
    tmp_path: Path,
) -> None:
    """Carried out at once, eight would have been bought at the price of old units."""
    async with world(tmp_path, TWO) as day:
        await day.submit("alpha", buy("TQQQ", "4", kind=LIMIT, price="90"))
        await enter(day, split(2, 1))
        await day.pass_time(60)
        assert [one["reason"] for one in told(day, "split_waits")] == [NOTHING_TO_SEE]
        assert parents(day)[0]["remain"] == "4"
        with pytest.raises(NotPossibleError, match="under way"):
            await enter(day, replace(split(3, 1), force=True), key="another")
        await at_the_exchange(day, 2, 1)
        await enter(day, replace(split(2, 1), force=True), key="seen")
        await day.pass_time(6)
        assert (parents(day)[0]["remain"], parents(day)[0]["limit_price"]) == ("8", "45")
        assert day.told("split_done") == 1
        await all_is_well(day)


async def test_a_broker_that_does_not_answer_holds_a_split_up(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        for _ in range(3):
            day.exchange().faults.script("holdings", Fault.SERVER_ERROR_BEFORE)
        await enter(day, split(2, 1))
        await at_the_exchange(day, 2, 1)
        await day.pass_time(6)
        assert [one["reason"][:26] for one in told(day, "split_waits")] == [
            "the broker does not answer"
        ]
        await day.pass_time(60)
        assert await day.held("a", "TQQQ") == 20
        await all_is_well(day)


async def test_a_split_of_nothing_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        with pytest.raises(NotPossibleError, match="neither TQQQ nor orders"):
            await enter(day, split(2, 1))
        nowhere = Split(account=AccountName("x"), symbol=TQQQ, ratio=Ratio(2, 1))
        with pytest.raises(NotPossibleError, match="configured account"):
            await enter(day, nowhere)
        assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 200


async def test_units_are_not_entered_while_nobody_knows_which_they_are(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await enter(day, split(2, 1))
        more = Deposit(book=BookName("a"), asset="TQQQ", amount=Decimal(4), price=Decimal(50))
        with pytest.raises(NotPossibleError, match="a split of TQQQ is under way"):
            await enter(day, more)
        # Four more arrive with the split itself: they hold nothing up, and wait in suspense.
        await at_the_exchange(day, 2, 1)
        await day.exchange().exchange.operate("4", Adjust("TQQQ", Decimal(4)))
        await day.pass_time(70)
        assert day.told("split_done") == 1
        assert await day.held(SUSPENSE, "TQQQ") == 4
        await enter(day, more)
        assert await day.held(SUSPENSE, "TQQQ") == 0
        assert await day.held("a", "TQQQ") == 24
        await all_is_well(day)


async def test_units_of_nobody_are_split_like_all_others(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        await day.exchange().exchange.operate("4", Adjust("TQQQ", Decimal(4)))
        await day.pass_time(70)
        assert await day.held(SUSPENSE, "TQQQ") == 4
        await enter(day, split(2, 1))
        await day.pass_time(6)
        assert day.told("split_done") == 0
        await at_the_exchange(day, 2, 1)
        await day.pass_time(6)
        assert await day.held(SUSPENSE, "TQQQ") == 8
        assert await day.held("a", "TQQQ") == 20
        await all_is_well(day)


async def test_an_order_that_waits_for_a_yes_goes_on_waiting(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await holding(day)
        (order_id,) = await make(
            day, Wish(book="a", side=Side.SELL, value="4", order_type=LIMIT, limit="120")
        )

        def hold_back(tx: Tx) -> None:
            order = day.engine.services.orders.parent(tx, order_id)
            day.engine.services.orders.store_parent(tx, order._replace(due_at=None))

        await day.engine.store.write(hold_back)
        await enter(day, split(2, 1))
        await at_the_exchange(day, 2, 1)
        await day.pass_time(70)
        (asked,) = parents(day, "ended_at IS NULL")
        assert (asked["remain"], asked["limit_price"], asked["due_at"]) == ("8", "60", None)
        assert children(day, "side = 'sell'") == []
        await all_is_well(day)


async def test_a_ladder_is_made_anew_of_orders_in_new_units(tmp_path: Path) -> None:
    async with evening(tmp_path) as day:
        await stocked(day, alpha="1", beta="3")
        await day.submit("alpha", loc_sell("1", "120"))
        await day.submit("beta", loc_sell("3", "120"))
        await day.pass_time(1)
        assert ladder_at_broker(day) == ["sell 4 @ 120"]
        await enter(day, split(3, 2))
        await day.pass_time(3)
        await at_the_exchange(day, 3, 2)
        await day.pass_time(20)
        # 1 and 3 units are 1.5 and 4.5 new ones: the orders sell 1 and 4, and so does the ladder.
        assert ladder_at_broker(day) == ["sell 5 @ 80"]
        assert await day.check() == ()


async def test_an_order_once_sent_by_itself_goes_on_standing_in_its_ladder(tmp_path: Path) -> None:
    alone = LADDER.replace("[books.a]", "[books.a]\nnet = false")
    assert alone != LADDER
    async with evening(tmp_path, alone) as day:
        await stocked(day, beta="2")
        await day.submit("alpha", loc_buy("8", "120"))
        assert await day.reload(LADDER)
        # The second split finds an order that once was sent, and is not now.
        for new, stands in ((2, "buy 16 @ 60"), (3, "buy 48 @ 20")):
            await enter(day, split(new, 1))
            await day.pass_time(3)
            await at_the_exchange(day, new, 1)
            await day.pass_time(20)
            assert ladder_at_broker(day) == [stands]
            assert parents(day, "book = 'a' AND ended_at IS NULL")[0]["due_at"] is None
        assert await day.check() == ()


async def test_a_split_waits_until_the_last_close_is_settled(tmp_path: Path) -> None:
    async with evening(tmp_path) as day:
        await day.submit("alpha", loc_buy("8", "120"))
        await day.advance_to(MIDNIGHT)  # of the auction, which is now, the books know nothing yet
        await enter(day, split(3, 1))
        await at_the_exchange(day, 3, 1)
        await day.engine.ledger.carry_out()
        assert (day.told("ladder_settled"), day.told("split_done")) == (0, 0)
        await day.pass_time(20)
        assert (day.told("ladder_settled"), day.told("split_done")) == (1, 1)
        assert await day.held("a", "TQQQ") == 24
        assert await day.held(SUSPENSE, "TQQQ") == 0
        assert await day.check() == ()
