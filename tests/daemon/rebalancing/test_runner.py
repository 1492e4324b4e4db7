"""Runs from their first order to their end, in markets that help and in markets that do not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError, Holdings, Undecided
from adapters.paper.faults import Fault
from algorithms.domain import OrderType
from algorithms.rebalancing.states import RunState
from daemon.execution.halts import Scope
from daemon.rebalancing.runner import Runners
from tests.daemon.rebalancing.portfolios import HALVES, TURNED, config, house
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.rebalancing.runs import Run
    from tests.daemon.rebalancing.portfolios import House

ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)
SLOW = "latency_ms = 200"
"""Time enough for the market to move between an order's making and its arrival."""


async def settled(here: House) -> None:
    """Bring a new book to its first targets."""
    await here.want(HALVES)
    assert (await here.until(await here.start(), *ENDED)).state is RunState.DONE
    await here.want(TURNED)


async def test_a_book_of_cash_buys_its_targets_and_then_turns_to_others(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.want(HALVES)
        first = await here.until(await here.start(), *ENDED)
        assert (first.state, first.reason) == (RunState.DONE, "")
        assert await here.holds() == {"AAA": 400, "BBB": 796}
        assert here.world.told("rebalance_done") == 1
        assert first.outcome["beyond"] == []

        await here.want(TURNED)
        second = await here.until(await here.start(), *ENDED)
        assert second.state is RunState.DONE
        held = await here.holds()
        assert "AAA" not in held
        assert 1900 <= held["CCC"] <= 2000
        trades = await here.trades(second)
        assert trades[0].ticker == "AAA"
        assert all(trade.filled == trade.quantity for trade in trades)
        assert all(fee > Decimal(0) for trade in trades for fee in trade.fees.values())
        assert await here.world.check() == ()


async def test_what_a_bot_wants_to_buy_is_crossed_and_not_sold_at_the_market(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        await settled(here)
        await here.world.submit(
            "alpha", buy("AAA", "150", kind=OrderType.TWAP, slices=9, minutes="90")
        )
        run = await here.until(await here.start(), *ENDED)
        assert run.state is RunState.DONE
        assert here.world.told("pair_crossed") == 1
        (sale,) = [order for order in await here.orders() if order["side"] == "sell"]
        assert Decimal(sale["quantity"]) == 250
        assert await here.world.held("a", "AAA") == 150
        assert await here.world.check() == ()


async def test_sells_that_never_fill_are_cancelled_and_named(tmp_path: Path) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        await settled(here)
        run = await here.start()
        await here.world.set_price("AAA", "90")
        ended = await here.until(run, *ENDED)
        (sale, *buys) = await here.trades(run)
        assert sale.filled == 0
        # The book's own cash buys what it can; nothing was sold, so nobody is alarmed.
        assert ended.state is RunState.DONE
        assert any(trade.filled for trade in buys)
        assert here.world.told("rebalance_stopped") == 0
        assert ended.outcome["unfilled"] == [
            {"ticker": "AAA", "action": "sell", "quantity": "400", "reason": "not filled in time"}
        ]
        assert await here.world.check() == ()


async def test_sells_that_are_refused_leave_the_cash_to_buy_with(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await settled(here)
        here.world.exchange().faults.script("place", Fault.REJECT)
        ended = await here.until(await here.start(), *ENDED)
        assert ended.state is RunState.DONE
        sale = (await here.trades(ended))[0]
        assert sale.order is not None
        assert sale.order.status.value == "failed"
        assert (await here.holds())["AAA"] == 400


async def test_a_run_of_which_no_order_fills_has_failed_and_says_why(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.want(HALVES)
        for _ in range(2):
            here.world.exchange().faults.script("place", Fault.REJECT)
        ended = await here.until(await here.start(), *ENDED)
        assert ended.state is RunState.FAILED
        assert ended.reason.startswith("no order filled: ")
        assert "rejected" in ended.reason
        assert here.world.told("rebalance_failed") == 1
        assert await here.holds() == {}


async def test_a_price_that_jumps_after_the_sells_is_paid_with_the_cash_there_is(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        run = await here.until(await _started(here), RunState.SELLING)
        await here.world.set_price("CCC", "25")
        ended = await here.until(run, *ENDED)
        assert ended.state is RunState.DONE
        assert (await here.holds())["CCC"] in range(1500, 1601)
        assert await here.world.held("portfolio", "USD") > 0


async def test_a_price_that_runs_away_from_the_buys_alarms_and_resuming_buys(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        run = await here.until(await _started(here), RunState.BUYING)
        await here.world.set_price("CCC", "21")
        stopped = await here.until(run, *ENDED)
        assert stopped.state is RunState.STOPPED
        assert "CCC" in stopped.reason
        assert "not filled in time" in stopped.reason
        assert stopped.alarmed_at is not None
        assert here.world.told("rebalance_stopped") == 1
        await here.desk.resume(run.id)
        ended = await here.until(run, *ENDED)
        assert ended.state is RunState.DONE
        assert (await here.holds())["CCC"] > 1800
        assert await here.world.check() == ()


async def test_buys_that_are_refused_alarm_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        run = await here.until(await _started(here), RunState.SELLING)
        await here.world.pass_time(0.1)  # the sale is on its way
        here.world.exchange().faults.script("place", Fault.REJECT)
        stopped = await here.until(run, *ENDED, within=60)
        assert stopped.state is RunState.STOPPED
        assert here.world.told("rebalance_stopped") == 1
        await here.desk.resume(run.id)
        assert (await here.until(run, *ENDED)).state is RunState.DONE


async def test_a_halt_between_sells_and_buys_alarms_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        run = await here.until(await _started(here), RunState.SELLING)
        await here.world.pass_time(0.3)
        halts = here.world.engine.halts
        await halts.halt(Scope.BOOK, "portfolio", "fat finger", here.world.now)
        stopped = await here.until(run, *ENDED)
        assert stopped.state is RunState.STOPPED
        assert "fat finger" in stopped.reason
        await halts.resume(Scope.BOOK, "portfolio")
        await here.desk.resume(run.id)
        assert (await here.until(run, *ENDED)).state is RunState.DONE


async def test_cash_that_is_late_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        run = await _started(here)
        late = _LateCash(here, monkeypatch)
        late.most = Decimal(1000)
        waiting = await here.until(run, RunState.SOLD)
        await here.world.pass_time(100)
        assert (await here.look(run)).state is RunState.SOLD
        late.most = None
        ended = await here.until(waiting, *ENDED, within=60)
        assert ended.state is RunState.DONE
        assert (await here.holds())["CCC"] > 1900


async def test_cash_that_stays_late_is_an_alarm_with_what_it_bought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        run = await _started(here)
        late = _LateCash(here, monkeypatch)
        late.most = Decimal(30_000)
        stopped = await here.until(run, *ENDED)
        assert stopped.state is RunState.STOPPED
        assert "be spent yet" in stopped.reason
        before = (await here.holds())["CCC"]
        assert 0 < before < 1900
        late.most = None
        await here.desk.resume(run.id)
        assert (await here.until(run, *ENDED)).state is RunState.DONE
        assert (await here.holds())["CCC"] > 1900


async def test_prices_that_cannot_be_had_after_the_sells_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        run = await here.until(await _started(here), RunState.SELLING)

        async def silent(*_: object) -> None:
            raise BrokerUnavailableError("no prices now")

        with monkeypatch.context() as patch:
            patch.setattr(here.world.engine.services.market, "quote", silent)
            stopped = await here.until(run, *ENDED)
        assert stopped.state is RunState.STOPPED
        assert "no prices now" in stopped.reason
        await here.desk.resume(run.id)
        assert (await here.until(run, *ENDED)).state is RunState.DONE


async def test_an_order_without_a_confirmed_end_stops_the_run_and_is_never_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as here:
        await settled(here)
        here.world.exchange().faults.script("place", Fault.ANSWER_LOST_BEFORE)

        async def undecided(_: object) -> Undecided:
            return Undecided("too early to say")

        run = await here.start()
        with monkeypatch.context() as patch:
            patch.setattr(here.world.exchange(), "find", undecided)
            stopped = await here.until(run, *ENDED)
        assert stopped.state is RunState.STOPPED
        assert "not confirmed: sell of AAA" in stopped.reason
        await here.desk.resume(run.id)
        assert (await here.until(run, *ENDED)).state is RunState.DONE
        (sale,) = [order for order in await here.orders() if order["side"] == "sell"]
        assert sale["state"] == "rejected"
        assert await here.world.check() == ()


@pytest.mark.parametrize(("lost", "again", "left"), [(1, 1, 0), (4, 3, 400)])
async def test_sells_that_never_reached_the_broker_are_ordered_anew_three_times_at_most(
    tmp_path: Path, lost: int, again: int, left: int
) -> None:
    async with house(tmp_path) as here:
        await settled(here)
        for _ in range(lost):
            here.world.exchange().faults.script("place", Fault.ANSWER_LOST_BEFORE)
        ended = await here.until(await here.start(), *ENDED)
        assert ended.state is RunState.DONE
        assert here.world.told("rebalance_again") == again
        sales = [order for order in await here.orders() if order["side"] == "sell"]
        assert len(sales) == again + 1
        assert (await here.holds()).get("AAA", 0) == left
        assert await here.world.check() == ()


async def test_buys_that_never_reached_the_broker_are_worked_out_and_ordered_anew(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as here:
        await here.want(HALVES)
        here.world.exchange().faults.script("place", Fault.ANSWER_LOST_BEFORE)
        ended = await here.until(await here.start(), *ENDED)
        assert ended.state is RunState.DONE
        assert here.world.told("rebalance_again") == 1
        # The second AAA is sized by what is left after the fees of BBB.
        assert await here.holds() == {"AAA": 399, "BBB": 799}


async def test_a_run_over_days_trades_a_part_each_day_and_the_rest_on_the_last(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, config(rebalancing="slices_days = 3")) as here:
        await here.want(HALVES)
        run = await here.start()
        held = []
        for day in (1, 2):
            await here.world.pass_time(30)
            held.append((await here.holds())["AAA"])
            now = await here.look(run)
            assert (now.state, now.slice) == (RunState.PLANNED, day + 1)
            assert here.world.told("rebalance_goes_on") == day
            here.world.clock.step(now.due_at - here.world.now)
        await here.world.pass_time(60)
        assert [*held, (await here.holds())["AAA"]] == [133, 266, 399]
        assert (await here.look(run)).state is RunState.DONE
        assert {trade.slice for trade in await here.trades(run)} == {1, 2, 3}
        assert await here.world.check() == ()


@pytest.mark.parametrize(("price", "state"), [("100.40", RunState.DONE), ("0.05", RunState.FAILED)])
async def test_a_run_that_was_stored_and_not_begun_is_planned_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, price: str, state: RunState
) -> None:
    text = config(rebalancing="max_order_percent = 45")
    async with house(tmp_path, text) as here:
        await here.want(HALVES)
        clock = here.world.clock
        with monkeypatch.context() as patch:
            patch.setattr(Runners, "wake", lambda *_: None)
            run = await here.start()
        await here.world.set_price("AAA", price)
    clock.step(timedelta(hours=2))
    async with house(tmp_path, text, clock=clock, seed=2) as here:
        ended = await here.until(run, *ENDED)
        assert ended.state is state
        assert ended.updated_at > ended.created_at + timedelta(hours=1)
        assert await here.world.check() == ()


async def _started(here: House) -> Run:
    await settled(here)
    return await here.start()


class _LateCash:
    """A broker that shows less cash than the account has sold for."""

    def __init__(self, here: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most: Decimal | None = None
        broker = here.world.exchange()
        real = broker.holdings

        async def holdings() -> Holdings:
            found = await real()
            if self.most is None:
                return found
            cash = {"USD": min(found.cash["USD"], self.most)}
            return Holdings(positions=found.positions, cash=cash, at=found.at)

        monkeypatch.setattr(broker, "holdings", holdings)
