"""What goes wrong in the middle of a run ends where a person can read what happened."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError, OrderRequest
from adapters.clock import LoopClock
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from algorithms.rebalancing.states import RunState
from daemon.api.errors import ErrorCode, Refused
from tests.daemon.rebalancing.portfolios import HALVES, TURNED, config, house, listed
from tests.support.books import BY_HAND, told
from tests.support.mortal import Life
from tests.support.world import START, buy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.daemon.rebalancing.portfolios import House

ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)
SLOW = "latency_ms = 200"
"""Time enough for the market to move between an order's making and its arrival."""
PARTS = 'latency_ms = 200\nfill = "partial"'


async def settled(here: House) -> None:
    """Bring a new book to its first targets, and want others."""
    await here.want(HALVES)
    assert (await here.until(await here.start(), *ENDED)).state is RunState.DONE
    await here.want(TURNED)


async def reason_told(here: House, code: str) -> str:
    """Return what people were told last under this code."""
    return told(here.world, code)[-1]["reason"]


async def sold_by_hand(here: House, symbol: str, quantity: int, price: str) -> None:
    """Sell in the broker's own app; the daemon hears nothing of it."""
    await here.world.exchange().exchange.place(
        OrderRequest(
            client_id=ChildId(BY_HAND),
            symbol=Symbol(symbol),
            side=Side.SELL,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal(quantity),
            limit_price=Decimal(price),
        )
    )


async def test_sells_that_fill_in_part_bring_the_cash_that_is_spent(tmp_path: Path) -> None:
    async with house(tmp_path, config(paper=PARTS)) as here:
        await settled(here)
        run = await here.start()

        async def partly() -> bool:
            return 0 < (await here.trades(run))[0].filled < 400

        await here.world.until(partly)
        await here.world.set_price("AAA", "90")
        ended = await here.until(run, *ENDED)
        sale = (await here.trades(run))[0]
        assert 0 < sale.filled < 400
        assert ended.state is RunState.DONE
        unfilled, *_ = listed(ended, "unfilled")
        assert unfilled == {
            "ticker": "AAA", "action": "sell", "quantity": str(400 - sale.filled),
            "reason": "not filled in time",
        }  # fmt: skip
        assert here.world.told("rebalance_incomplete") == 1
        assert (await here.holds())["AAA"] == 400 - sale.filled
        assert await here.world.check() == ()


async def test_a_process_that_was_down_over_the_deadline_cancels_first_and_then_buys(
    tmp_path: Path,
) -> None:
    clock = LoopClock(START)
    async with house(tmp_path, config(paper=SLOW), clock=clock) as here:
        await settled(here)
        run = await here.start()
        await here.world.set_price("AAA", "90")
        selling = await here.until(run, RunState.SELLING)
        await here.world.pass_time(30)
    clock.step(timedelta(hours=3))
    async with house(tmp_path, config(paper=SLOW), clock=clock, seed=2) as here:
        assert selling.until_at is not None
        assert here.world.now > selling.until_at
        ended = await here.until(run, *ENDED, within=60)
        assert ended.state is RunState.DONE
        assert (await here.trades(run))[0].filled == 0
        assert (await here.holds())["CCC"] > 0
        assert await here.world.check() == ()


async def test_a_broker_that_falls_silent_between_sells_and_buys_is_an_alarm_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        await settled(here)
        run = await here.until(await here.start(), RunState.SELLING)
        await here.world.pass_time(0.3)

        async def silent(*_: object, **__: object) -> None:
            raise BrokerUnavailableError("the line is dead")

        with monkeypatch.context() as patch:
            for call in ("place", "quote", "holdings", "find", "fills_since"):
                patch.setattr(here.world.exchange(), call, silent)
            stopped = await here.until(run, *ENDED)
        assert stopped.state is RunState.STOPPED
        assert "the line is dead" in stopped.reason
        assert await reason_told(here, "rebalance_stopped") == stopped.reason
        await here.desk.resume(run.id)
        assert (await here.until(run, *ENDED)).state is RunState.DONE
        assert (await here.holds())["CCC"] > 1800
        assert await here.world.check() == ()


async def test_targets_that_change_during_a_run_are_the_next_one_s(tmp_path: Path) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        await settled(here)
        run = await here.until(await here.start(), RunState.SELLING)
        await here.want(HALVES, by="second thoughts")
        ended = await here.until(run, *ENDED)
        assert (ended.state, ended.targets) == (RunState.DONE, TURNED)
        assert "AAA" not in await here.holds()
        back = await here.until(await here.start(), *ENDED)
        assert (back.state, back.targets) == (RunState.DONE, HALVES)
        held = await here.holds()
        assert "CCC" not in held
        assert held["AAA"] > 380


async def test_one_ticker_without_a_price_stops_a_plan_before_it_and_a_run_after_its_sells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        await settled(here)
        exchange = here.world.exchange()
        real = exchange.quote

        async def halted(symbol: Symbol) -> object:
            if symbol == "CCC":
                raise BrokerUnavailableError("trading of CCC is suspended")
            return await real(symbol)

        with monkeypatch.context() as patch:
            patch.setattr(exchange, "quote", halted)
            with pytest.raises(Refused) as refused:
                await here.start()
        assert refused.value.code is ErrorCode.NOT_FEASIBLE
        (problem,) = refused.value.problems
        assert (problem.path, problem.message) == ("CCC", "trading of CCC is suspended")
        assert len(await here.orders()) == 2  # the first targets' alone

        run = await here.until(await here.start(), RunState.SELLING)
        with monkeypatch.context() as patch:
            patch.setattr(exchange, "quote", halted)
            stopped = await here.until(run, *ENDED)
        assert (stopped.state, stopped.reason) == (
            RunState.STOPPED,
            "CCC: trading of CCC is suspended",
        )
        assert here.world.told("rebalance_stopped") == 1


async def test_odd_units_stay_and_are_named(tmp_path: Path) -> None:
    wide = config().replace('AAA = { lot = "1" }', 'AAA = { lot = "10" }')
    async with house(tmp_path, config()) as here:
        clock = here.world.clock
        await here.world.submit("house", buy("AAA", "37"))
        await here.world.pass_time(1)
    async with house(tmp_path, wide, clock=clock, seed=2) as here:
        await here.want(TURNED)
        ended = await here.until(await here.start(), *ENDED)
        assert ended.state is RunState.DONE
        assert (await here.holds())["AAA"] == 7
        left = {"ticker": "AAA", "action": "sell", "quantity": "7", "reason": "below_one_lot"}
        assert left in listed(ended, "left")


async def test_an_account_that_is_emptied_by_hand_sells_nothing_it_has_not(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        await settled(here)
        await sold_by_hand(here, "AAA", 400, "99")
        run = await here.start()
        ended = await here.until(run, *ENDED)
        assert ended.state is RunState.DONE, ended.reason
        assert [order for order in await here.orders() if order["side"] == "sell"] == []
        left = {"ticker": "AAA", "action": "sell", "quantity": "400", "reason": "not_sellable"}
        assert left in listed(ended, "left")
        assert "AAA" in listed(ended, "beyond")
        assert here.world.told("rebalance_incomplete") == 1


async def test_an_account_that_is_emptied_while_it_sells_is_refused_by_the_broker(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        await settled(here)
        run = await here.start()
        await sold_by_hand(here, "AAA", 400, "99")
        ended = await here.until(run, *ENDED)
        sale = (await here.trades(run))[0]
        assert sale.filled == 0
        assert sale.order is not None
        assert "AAA" in {each["ticker"] for each in listed(ended, "unfilled")}
        assert ended.state is RunState.DONE
        assert here.world.told("rebalance_incomplete") == 1


async def test_a_kill_while_the_broker_is_down_alarms_after_the_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, life = LoopClock(START), Life()
    async with house(tmp_path, config(paper=SLOW), clock=clock, life=life) as here:
        await settled(here)
        run = await here.until(await here.start(), RunState.SOLD, RunState.BUYING)
        await life.kill()

    async def silent(*_: object, **__: object) -> None:
        raise BrokerUnavailableError("the host is gone")

    async with house(tmp_path, config(paper=SLOW), clock=clock, seed=2) as here:
        for call in ("place", "quote", "holdings", "find", "fills_since"):
            monkeypatch.setattr(here.world.exchange(), call, silent)
        stopped = await here.until(run, *ENDED, within=1200)
        assert stopped.state is RunState.STOPPED
        assert here.world.told("rebalance_stopped") == 1


async def test_a_fault_of_our_own_after_the_sells_is_an_alarm_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, config(paper=SLOW)) as here:
        await settled(here)
        run = await here.until(await here.start(), RunState.SELLING)

        async def broken(*_: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(here.desk._planner.snapshots, "take", broken)  # noqa: SLF001 - to break it
            stopped = await here.until(run, *ENDED, within=600)
        assert stopped.state is RunState.STOPPED
        assert stopped.reason == "internal error: ZeroDivisionError; see the log"
        assert here.world.told("rebalance_stopped") == 1
        await here.desk.resume(run.id)
        assert (await here.until(run, *ENDED)).state is RunState.DONE


async def test_a_run_over_days_is_taken_up_by_a_process_that_starts_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, clock = config(rebalancing="slices_days = 2"), LoopClock(START)
    async with house(tmp_path, text, clock=clock) as here:
        await here.want(HALVES)
        run = await here.start()
        await here.world.pass_time(30)
        waiting = await here.look(run)
        assert (waiting.state, waiting.slice) == (RunState.PLANNED, 2)
        assert (await here.holds())["AAA"] == 200
    clock.step(waiting.due_at - clock.now())
    async with house(tmp_path, text, clock=clock, seed=2) as here:
        exchange = here.world.exchange()

        async def silent(*_: object) -> None:
            raise BrokerUnavailableError("no prices yet")

        with monkeypatch.context() as patch:
            patch.setattr(exchange, "quote", silent)
            await here.world.pass_time(30)
            assert (await here.look(run)).state is RunState.PLANNED  # it waits for them
        ended = await here.until(run, *ENDED)
        assert (ended.state, ended.slice) == (RunState.DONE, 2)
        assert (await here.holds())["AAA"] == 399
        assert await here.world.check() == ()
