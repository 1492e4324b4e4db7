"""TWAP orders: when a slice is worked, how large it is, what becomes of one that does not fill."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from adapters.broker import BrokerFill
from adapters.clock import LoopClock
from adapters.paper import Fault
from algorithms.domain import BrokerOrderId, Measure, OrderType, Side, Symbol
from daemon.execution.halts import Scope
from daemon.storage.rows import from_us
from tests.support.books import Wish, all_is_well, children, fills, make, paper, parents, told
from tests.support.world import START, THREE_BOOKS, World, buy, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.execution.commands import Place
    from daemon.storage.tx import Tx

TQQQ = Symbol("TQQQ")
CALM = '[twap]\nprice_offset_percent = "0"\nfill_timeout_seconds = 120\n' + THREE_BOOKS
BARE = CALM.replace("[accounts.main.paper]\n", "[accounts.main.paper]\nclient_order_ids = false\n")


def twap(quantity: str, slices: int, minutes: str, **terms: Any) -> Place:  # noqa: ANN401 - terms
    return buy(
        "TQQQ", quantity, kind=OrderType.TWAP, slices=slices, minutes=minutes, nets=False, **terms
    )


def minutes_of(row: dict[str, Any]) -> float:
    """How long after the order a slice was planned, to the second."""
    after: timedelta = from_us(row["created_at"]) - START
    return round(after / timedelta(minutes=1), 2)


def worked(here: World, book: str = "a") -> list[tuple[float, str, str]]:
    """Return the minute, the size and the state of each slice of a book."""
    return [
        (minutes_of(row), row["quantity"], row["state"])
        for row in children(here, f"book = '{book}'")
    ]


async def set_price(here: World, price: str) -> None:
    await paper(here).exchange.set_price(TQQQ, Decimal(price))


async def test_three_shares_in_five_slices_go_out_one_by_one_at_the_end(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        reply = await here.submit("alpha", twap("3", 5, "50"))
        assert reply.http_status == 200
        await here.pass_time(50 * 60)
        assert worked(here) == [(25, "1", "filled"), (35, "1", "filled"), (45, "1", "filled")]
        (parent,) = parents(here)
        assert (parent["status"], parent["total"], parent["remain"]) == ("done", "3", "0")
        await all_is_well(here)


async def test_slices_are_worked_in_the_middle_of_their_part_of_the_time(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("40", 4, "60"))
        await here.pass_time(60 * 60)
        assert [row[0] for row in worked(here)] == [7.5, 22.5, 37.5, 52.5]
        assert [row[1] for row in worked(here)] == ["10"] * 4
        await all_is_well(here)


async def test_a_slice_is_limited_by_the_price_and_its_offset_inside_the_orders_own_limit(
    tmp_path: Path,
) -> None:
    text = CALM.replace('percent = "0"', 'percent = "0.5"', 1)
    async with world(tmp_path, text) as here:
        await here.submit("alpha", twap("2", 1, "10"))
        await here.submit("beta", twap("2", 1, "10", price="100.2"))
        await here.pass_time(10 * 60)
        limits = {row["book"]: row["limit_price"] for row in children(here)}
        assert limits == {"a": "100.5", "b": "100.2"}


async def test_an_unfilled_slice_is_cancelled_and_its_value_goes_to_those_left(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("40", 4, "40", price="90"))
        await here.pass_time(5 * 60 + 60)
        assert worked(here) == [(5, "10", "open")]
        await here.pass_time(60 + 1)
        assert worked(here) == [(5, "10", "cancelled")]
        assert (await here.reserved("a", "USD")) == Decimal(parents(here)[0]["reserved"])
        await here.pass_time(20 * 60)
        assert [row[1] for row in worked(here)] == ["10", "13", "20"]
        await set_price(here, "90")
        await here.pass_time(13 * 60)
        assert worked(here)[-1] == (35, "40", "filled")
        assert parents(here)[0]["status"] == "done"
        await all_is_well(here)


async def test_a_value_is_not_worked_again_before_the_cancel_is_confirmed(tmp_path: Path) -> None:
    """The cancel's answers are lost for longer than a slot: no second slice meanwhile."""
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("40", 4, "40", price="90"))
        for _ in range(70):
            paper(here).faults.script("cancel", Fault.ANSWER_LOST_BEFORE)
        await here.pass_time(15 * 60 + 30)
        assert worked(here) == [(5, "10", "cancelling")]
        assert len(told(here, "cancel_slow")) == 1
        await set_price(here, "90")
        await here.pass_time(60)
        assert worked(here)[0] == (5, "10", "filled"), "the late fill is booked"
        assert [row[1] for row in worked(here)[1:]] == ["10"], "30 are left for three slices"
        await here.pass_time(24 * 60)
        assert parents(here)[0]["status"] == "done"
        assert await here.held("a", "TQQQ") == 40
        await all_is_well(here)


async def test_slices_that_fill_in_pieces_never_buy_more_than_was_asked(tmp_path: Path) -> None:
    text = CALM.replace("[accounts.main.paper]\n", '[accounts.main.paper]\nfill = "partial"\n')
    text = text.replace("fill_timeout_seconds = 120", "fill_timeout_seconds = 1")
    async with world(tmp_path, text) as here:
        await here.submit("alpha", twap("900", 10, "20"))
        await here.pass_time(21 * 60)
        assert any(row["state"] == "cancelled" and row["filled"] != "0" for row in children(here))
        held = await here.held("a", "TQQQ")
        (parent,) = parents(here)
        assert held + Decimal(parent["remain"]) == 900
        assert parent["status"] in {"done", "expired"}
        await all_is_well(here)


async def test_what_the_last_slice_does_not_fill_ends_the_order_expired(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("10", 2, "20", price="90"))
        await here.pass_time(20 * 60 + 1)
        (parent,) = parents(here)
        assert (parent["status"], parent["remain"]) == ("expired", "10")
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


async def test_the_deadline_is_absolute_though_the_daemon_was_away(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with world(tmp_path, CALM, clock=clock) as here:
        await here.submit("alpha", twap("10", 5, "50"))
        await here.pass_time(6 * 60)
        assert worked(here) == [(5, "2", "filled")]
    await clock.sleep(24 * 60)
    async with world(tmp_path, CALM, clock=clock, seed=2) as here:
        await here.pass_time(1)
        assert minutes_of(children(here)[-1]) == pytest.approx(30, abs=0.1)
        await here.pass_time(20 * 60)
        # Two slots were missed: at once one of the three left, then the two in their time.
        assert [row[1] for row in worked(here)] == ["2", "2", "3", "3"]
        (parent,) = parents(here)
        assert parent["status"] == "done"
        assert from_us(parent["ended_at"]) - START < timedelta(minutes=46)
        await all_is_well(here)


async def test_an_order_whose_deadline_passed_in_the_down_time_ends_without_a_slice(
    tmp_path: Path,
) -> None:
    clock = LoopClock(START)
    async with world(tmp_path, CALM, clock=clock) as here:
        await here.submit("alpha", twap("10", 5, "50", price="90"))
        await here.pass_time(6 * 60)
        assert worked(here) == [(5, "2", "open")]
    await clock.sleep(3600)
    async with world(tmp_path, CALM, clock=clock, seed=2) as here:
        await here.pass_time(5)
        assert [row[2] for row in worked(here)] == ["cancelled"]
        assert parents(here)[0]["status"] == "expired"
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


async def test_a_deadline_holds_though_the_broker_says_nothing(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with world(tmp_path, CALM, clock=clock) as here:
        await here.submit("alpha", twap("10", 5, "50"))
    await clock.sleep(49 * 60)
    async with world(tmp_path, CALM, clock=clock, seed=2) as here:
        for _ in range(100):
            paper(here).faults.script("instrument", Fault.RESET_BEFORE)
            paper(here).faults.script("quote", Fault.RESET_BEFORE)
        await here.pass_time(120)
        assert parents(here)[0]["status"] in {"expired", "done"}


async def test_a_halt_lets_slots_go_by_and_the_rest_is_worked_after_it(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("12", 4, "40"))
        await here.submit("beta", twap("12", 4, "40"))
        await here.pass_time(6 * 60)
        await here.engine.halts.halt(Scope.BOOK, "a", "lunch", here.clock.now())
        await here.pass_time(20 * 60)
        await here.engine.halts.resume(Scope.BOOK, "a")
        here.engine.fleet.wake()
        await here.pass_time(15 * 60)
        assert [row[:2] for row in worked(here)] == [(5, "3"), (35, "9")]
        assert [row[:2] for row in worked(here, "b")] == [
            (5, "3"),
            (15, "3"),
            (25, "3"),
            (35, "3"),
        ]
        await all_is_well(here)


async def test_a_halt_to_the_end_expires_the_order_at_its_deadline(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("12", 4, "40"))
        await here.engine.halts.halt(Scope.ALL, "", "storm", here.clock.now())
        await here.pass_time(40 * 60 + 1)
        assert children(here) == []
        assert parents(here)[0]["status"] == "expired"
        await all_is_well(here)


@pytest.mark.parametrize("client_ids", [True, False])
async def test_an_unknown_order_freezes_its_book_and_symbol_or_its_account_and_symbol(
    tmp_path: Path, *, client_ids: bool
) -> None:
    async with world(tmp_path, CALM if client_ids else BARE) as here:
        for strategy in ("alpha", "beta"):
            await here.submit(strategy, twap("12", 4, "40"))
            await here.pass_time(1)
        await here.submit("beta", sell("SOXL", "1"))
        paper(here).faults.script("place", Fault.RESET_BEFORE)
        for _ in range(200):
            paper(here).faults.script("find", Fault.RESET_BEFORE)
        await here.pass_time(16 * 60)
        assert [row[2] for row in worked(here)] == ["unknown"], "its own book waits"
        others = [row for row in children(here, "book = 'b'") if row["sent_at"] is not None]
        assert len(others) == (2 if client_ids else 0)
        reply = await here.submit("alpha", buy("SOXL", "1"))
        assert reply.http_status == 200, "another symbol goes on"
        await here.pass_time(24 * 60 + 60)
        assert await here.held("a", "TQQQ") <= 12
        await all_is_well(here)


async def test_a_slot_without_a_price_is_used_up_and_its_value_goes_to_the_next(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("12", 3, "30"))
        await here.pass_time(4 * 60)
        paper(here).faults.script("quote", Fault.RESET_BEFORE)
        await here.pass_time(26 * 60)
        assert [row[:2] for row in worked(here)] == [(15, "6"), (25, "6")]
        await all_is_well(here)


async def test_a_rejected_slice_uses_its_slot_and_is_reported(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("12", 3, "30"))
        paper(here).faults.script("place", Fault.REJECT)
        await here.pass_time(30 * 60)
        assert worked(here) == [
            (5, "4", "rejected"),
            (15, "6", "filled"),
            (25, "6", "filled"),
        ]
        assert len(told(here, "order_rejected")) == 1
        assert parents(here)[0]["status"] == "done"
        await all_is_well(here)


async def test_cash_is_sliced_by_what_a_share_costs_with_its_fee(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await make(
            here,
            Wish(
                book="a",
                side=Side.BUY,
                value="1000",
                measure=Measure.CASH,
                order_type=OrderType.TWAP,
                slices=2,
                due_at=START + timedelta(minutes=5),
                deadline=START + timedelta(minutes=20),
                nets=False,
            ),
        )
        await here.pass_time(20 * 60)
        # 500 / 100.25 = 4, then the rest: 1000 - 4 x 100.25 = 599, / 100.25 = 5.
        assert [row[1] for row in worked(here)] == ["4", "5"]
        (parent,) = parents(here)
        assert (parent["remain"], parent["total"]) == ("97.75", "1000")
        assert (parent["status"], parent["reason"]) == ("done", "residual_below_one_lot")
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


async def test_cash_that_no_slice_could_spend_ends_expired_and_returns(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await make(
            here,
            Wish(
                book="a",
                side=Side.BUY,
                value="1000",
                measure=Measure.CASH,
                order_type=OrderType.TWAP,
                limit="90",
                slices=1,
                due_at=START + timedelta(minutes=5),
                deadline=START + timedelta(minutes=10),
                nets=False,
            ),
        )
        await here.pass_time(11 * 60)
        assert parents(here)[0]["status"] == "expired"
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


async def test_a_market_order_for_cash_goes_on_until_it_buys_no_lot_more(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await make(
            here,
            Wish(
                book="a",
                side=Side.BUY,
                value="10000",
                measure=Measure.CASH,
                reserve_price="105.2625",
                nets=False,
            ),
        )
        await here.pass_time(5)
        # 95 at first, for a share may cost 105.2625; then 4 with what was left over.
        assert [row["quantity"] for row in children(here)] == ["95", "4"]
        (parent,) = parents(here)
        assert (parent["status"], parent["reason"]) == ("done", "residual_below_one_lot")
        assert Decimal(parent["remain"]) == 10_000 - 99 * Decimal("100.25")
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


async def test_cash_below_one_lot_is_given_back_without_an_order(tmp_path: Path) -> None:
    async with world(tmp_path, CALM) as here:
        await make(
            here,
            Wish(
                book="a",
                side=Side.BUY,
                value="50",
                measure=Measure.CASH,
                reserve_price="105.2625",
                nets=False,
            ),
        )
        await here.pass_time(1)
        (parent,) = parents(here)
        assert (parent["status"], parent["reason"]) == ("done", "residual_below_one_lot")
        assert children(here) == []
        await all_is_well(here)


async def test_a_late_fill_of_an_ended_slice_recalls_the_one_that_works_its_value(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, CALM) as here:
        await here.submit("alpha", twap("10", 2, "20", price="90"))
        await here.pass_time(15 * 60 + 30)
        ended, alive = children(here)
        assert (ended["state"], ended["quantity"]) == ("cancelled", "5")
        assert (alive["state"], alive["quantity"]) == ("open", "10")
        late = BrokerFill(
            order_id=BrokerOrderId(ended["broker_order_id"]),
            client_id=ended["id"],
            symbol=TQQQ,
            side=Side.BUY,
            trade_id="late",
            cumulative=Decimal(3),
            quantity=Decimal(3),
            price=Decimal(90),
            fee=Decimal(0),
            fee_asset="USD",
            market_day=START.date(),
            at=here.clock.now(),
        )
        services = here.engine.services

        def book(tx: Tx) -> bool:
            child = services.orders.child(tx, ended["id"])
            return services.fills.book(tx, child, late, here.clock.now())

        assert await here.engine.store.write(book)
        await here.pass_time(1)
        assert [row["state"] for row in children(here)] == ["cancelled", "cancelled"]
        assert len(told(here, "late_fill")) == 1
        assert sum(Decimal(row["quantity"]) for row in fills(here)) == 3
        assert parents(here)[0]["remain"] == "7"


@pytest.mark.parametrize(("away_s", "sent"), [(30, True), (90, False)])
async def test_an_order_that_was_taken_but_not_sent_is_sent_after_a_restart_but_never_late(
    tmp_path: Path, away_s: int, *, sent: bool
) -> None:
    clock = LoopClock(START)
    async with world(tmp_path, CALM, clock=clock) as here:
        await here.engine.halts.halt(Scope.BOOK, "b", "for a moment", here.clock.now())
        await make(here, Wish(book="b", side=Side.BUY, value="5", reserve_price="110", nets=False))
        await here.pass_time(1)
        assert children(here) == []
        await here.engine.halts.resume(Scope.BOOK, "b")
    await clock.sleep(away_s)
    async with world(tmp_path, CALM, clock=clock, seed=2) as here:
        await here.pass_time(5)
        (parent,) = parents(here)
        assert bool(children(here)) is sent
        assert parent["status"] == ("done" if sent else "expired")
        assert parent["reason"].startswith("filled" if sent else "too_old")
        assert await here.reserved("b", "USD") == 0
        await all_is_well(here)
